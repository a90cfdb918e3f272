# METADATA
# title: Cohorts
# description: |
#   Which cohort does a finding belong to? A cohort moves through the stages as
#   one, so its key names what is judged together: by default group, scanner and
#   severity (settings: cohorts.by).
package sluice.cohort

# METADATA
# title: the cohort's key, most general label first
# entrypoint: true
answer := {"key": [label[name] | some name in data.settings.cohorts.by]}

# The conditions on the settings keep what no key needs out of the cache: see
# "Speed" in README.md.
label["group"] := clean(input.repository.group)

label["scanner"] := clean(input.finding.scanner)

label["severity"] := clean(input.finding.severity)

label["rule"] := clean(input.finding.rule) if "rule" in data.settings.cohorts.by

label["kind"] := clean(input.finding.kind) if "kind" in data.settings.cohorts.by

label["repository"] := clean(replace(lower(input.repository.name), "/", ":")) if "repository" in data.settings.cohorts.by

# A label stands in names such as core/gosec/high+rule=G204, so it cannot hold
# what separates them.
clean(text) := regex.replace(text, `[/+=\s\p{Cc}]+`, "-") if text != ""

else := "none"
