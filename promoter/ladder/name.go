package ladder

import (
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Name is a cohort's key, read: core/gosec/high+rule=G204.
type Name struct {
	Key      string
	Labels   []string
	Group    string         // "" where the keys have no such label
	Severity string         // likewise
	Carved   evidence.Carve // zero for a whole cohort
	family   string         // the key without its severity
	lines    line           // the key without its group
}

// ReadName reads a key whose labels are named by the settings' cohorts.by. Keys
// made under other settings may have more or fewer labels; what is missing is "".
func ReadName(key string, by []string) Name {
	base, part, _ := strings.Cut(key, "+")
	n := Name{Key: key, Labels: strings.Split(base, "/"), Carved: carveOf(part)}
	n.Group = n.label(by, "group")
	family := slices.Clone(n.Labels)
	if s := n.label(by, "severity"); severityRank(s) >= 0 {
		n.Severity = s
		family[slices.Index(by, "severity")] = "*"
	}
	n.family = strings.Join(family, "/")
	if at := slices.Index(by, "group"); at >= 0 && at < len(n.Labels) {
		rest := slices.Clone(n.Labels)
		rest[at] = "*"
		n.lines = line(strings.Join(rest, "/"))
	}
	return n
}

func (n Name) label(by []string, name string) string {
	if at := slices.Index(by, name); at >= 0 && at < len(n.Labels) {
		return n.Labels[at]
	}
	return ""
}

func (n Name) line() line { return n.lines }

// Whole tells whether nothing was carved to make it.
func (n Name) Whole() bool { return n.Carved == (evidence.Carve{}) }

// CarveKey is the key of a part of a cohort. A part of a part keeps the cohort's
// own key: `a+rule=R` of `a+repository=x/y` is `a+rule=R`.
func CarveKey(key string, c evidence.Carve) string {
	base, _, _ := strings.Cut(key, "+")
	return base + "+" + CarveLabel(c)
}

// CarveLabel is "rule=G204" or "repository=acme/shop". White space and the
// marks that separate the parts of a key become dashes.
func CarveLabel(c evidence.Carve) string {
	if c.Rule != "" {
		return "rule=" + CleanLabel(c.Rule, false)
	}
	return "repository=" + CleanLabel(strings.ToLower(c.Repository), true)
}

// CleanLabel makes a rule's or a repository's name fit for a key.
func CleanLabel(text string, slash bool) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r == '=' || r <= ' ' || r == 0x7f || r == '/' && !slash {
			return '-'
		}
		return r
	}, text)
}

func carveOf(label string) evidence.Carve {
	what, value, _ := strings.Cut(label, "=")
	switch what {
	case "rule":
		return evidence.Carve{Rule: value}
	case "repository":
		return evidence.Carve{Repository: value}
	}
	return evidence.Carve{}
}

func carvesOf(labels []string) (out []evidence.Carve) {
	for _, l := range labels {
		out = append(out, carveOf(l))
	}
	return out
}

func carveLabels(carve []evidence.Carve) []string {
	out := make([]string, len(carve))
	for i, c := range carve {
		out[i] = CarveLabel(c)
	}
	return out
}

func severityRank(name string) int {
	s, err := finding.ParseSeverity(name)
	if err != nil {
		return -1
	}
	return int(s)
}

// BySeverity orders names of one family, the highest severity first.
func BySeverity(a, b Name) int { return severityRank(b.Severity) - severityRank(a.Severity) }
