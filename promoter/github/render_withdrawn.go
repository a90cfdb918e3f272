package github

import (
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

var (
	commitForm       = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	suggestionFences = regexp.MustCompile("(?m)^(`{3,})suggestion$")
)

// Withdrawn is what takes the place of a comment: one line with what happened
// and why, and the original folded below it, its suggestion no longer one to
// apply. An original that does not fit is left to the comment's edit history.
func (Renderer) Withdrawn(w promoter.Withdrawal) string {
	line := whyWithdrawn(w)
	if w.Decision != "" {
		line += " <sub>Decision " + code(w.Decision, 80) + "</sub>"
	}
	original := strings.TrimSpace(suggestionFences.ReplaceAllString(w.Original, "$1"))
	if original == "" {
		return line
	}
	full := line + "\n\n<details><summary>What stood here</summary>\n\n" + original + "\n\n</details>"
	if len(full) > maxBody {
		return line
	}
	return full
}

// keptLine stands in front of a comment that would have been withdrawn, had
// nobody answered it.
func keptLine(cause promoter.RemovalCause, commit, why string) string {
	kept := map[string]string{
		KeptAnswered:          "Kept, because somebody answered.",
		promoter.KeptUseful:   "Kept, because somebody found it useful.",
		promoter.KeptAccepted: "Kept, because somebody accepted it.",
	}[why]
	switch cause {
	case promoter.RemovedFixed:
		return whyWithdrawn(promoter.Withdrawal{Cause: cause, Commit: commit}) + " *" + kept + "*"
	case promoter.RemovedStage:
		return "*" + kept + " Findings of this kind are not shown in pull requests for now. What stands below is as it was.*"
	}
	return "*" + kept + " It would not be shown any more. What stands below is as it was.*"
}

func whyWithdrawn(w promoter.Withdrawal) string {
	switch w.Cause {
	case promoter.RemovedFixed:
		if commitForm.MatchString(w.Commit) {
			return "Fixed in " + w.Commit[:7] + "."
		}
		return "Fixed."
	case promoter.RemovedStage:
		if w.Noisy {
			return "Withdrawn: people answered that too many findings of this kind are noise. There is nothing to do here; the security team has it on record."
		}
		return "Withdrawn: findings of this kind are not shown in pull requests for now. There is nothing to do here; the security team has it on record."
	case promoter.RemovedAnswered:
		return "Withdrawn: this finding is settled by an answer or an exception. There is nothing to do here."
	case promoter.RemovedMoved:
		return "This finding is shown elsewhere in this pull request now."
	}
	return "Withdrawn: the security team's policy no longer shows this finding here. There is nothing to do here; the security team has it on record."
}
