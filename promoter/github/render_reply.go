package github

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

var _ promoter.Correspondent = Renderer{}

// Reply answers a person in words. Nobody is named or mentioned in it.
func (Renderer) Reply(a promoter.Answer) string {
	switch a.Topic {
	case promoter.TopicWhy:
		return explained(a)
	case promoter.TopicOutsider:
		return paragraphs("Thank you. Your answer is on record, but only answers of people with write access to this repository count. "+
			"Somebody who maintains it can give the same one.", contact(a.Ask))
	case promoter.TopicNowhere:
		return paragraphs("It is not clear which finding this is about. Reply in the thread of the comment about it.", contact(a.Ask))
	case promoter.TopicUnknown:
		return paragraphs("This was not understood: "+text(a.Problem, 200)+".", commands, contact(a.Ask))
	}
	return paragraphs("This is how to answer a finding:", commands, contact(a.Ask))
}

// commands explains what can be said.
const commands = `| Reply | when |
|---|---|
| ` + "`/sluice false-positive REASON`" + ` | the finding is wrong |
| ` + "`/sluice not-useful`" + ` | it is right, and not worth anybody's time; a 👎 on the comment says the same |
| ` + "`/sluice wont-fix REASON`" + ` | it is right, and stays as it is |
| ` + "`/sluice accept YYYY-MM-DD REASON`" + ` | the risk is accepted until that day (or for ` + "`30d`" + `) |
| ` + "`/sluice useful`" + ` | it helped; a 👍 says the same |
| ` + "`/sluice fixed`" + ` | it is taken care of |
| ` + "`/sluice why`" + ` | why is this shown? |

An edited reply counts as it reads now, and a deleted one is taken back.`

func contact(ask string) string {
	if ask == "" {
		return ""
	}
	return "<sub>Questions: " + text(ask, 100) + "</sub>"
}

// mostExplained is how many findings of one notice are explained in full.
const mostExplained = 5

func explained(a promoter.Answer) string {
	var parts []string
	for i, e := range a.Findings {
		if i == mostExplained {
			parts = append(parts, fmt.Sprintf("%d more findings share this comment, for the same reasons or similar ones.", len(a.Findings)-i))
			break
		}
		parts = append(parts, explain(e))
	}
	if len(parts) == 0 {
		parts = []string{"Nothing is on record about what stood here."}
	}
	return paragraphs(append(parts, contact(a.Ask))...)
}

func explain(e promoter.Explanation) string {
	f := e.Finding
	head := "**Why this is shown:** "
	if !e.Shown {
		head = "**Why this is not shown any more:** "
	}
	head += foundBy(f) + " reports " + code(e.Name, 150) + " with " + f.Severity.String() + " severity."
	var points []string
	for _, reason := range e.Reasons {
		if words := reasonSentence(reason); words != "" && len(points) < 8 {
			points = append(points, "- "+words)
		}
	}
	points = append(points, "- "+stageWords(e))
	if e.Threshold > 0 {
		points = append(points, fmt.Sprintf("- At that stage this repository lets findings through from %s severity up.", e.Threshold))
	}
	if e.Settled != "" {
		points = append(points, "- It was answered as "+string(e.Settled)+untilWords(e.Until)+".")
	}
	return paragraphs(head, strings.Join(points, "\n"))
}

// reasonSentence is "" where the reason is said elsewhere. A reason of a team's
// own policy is quoted.
func reasonSentence(reason string) string {
	for _, known := range []map[string]string{decidedWords, reasonWords} {
		words, ok := known[reason]
		switch {
		case ok && words == "":
			return ""
		case ok:
			return strings.ToUpper(words[:1]) + words[1:] + "."
		}
	}
	return "The policy says: " + text(reason, 200)
}

func stageWords(e promoter.Explanation) string {
	kind := "Findings of its kind (" + code(e.Cohort, 150) + ") are at stage *" + e.Stage.String() + "*"
	if !e.Since.IsZero() {
		kind += " since " + e.Since.UTC().Format(time.DateOnly)
	}
	return kind + map[promoter.Stage]string{
		promoter.Observe: ": they are recorded and shown to nobody.",
		promoter.Triage:  ": the security team judges a sample of them first.",
		promoter.Advise:  ": they are shown in the pull requests that introduce them, and no longer once people's answers say that too many are noise.",
		promoter.Enforce: ": they are shown, and the check fails on them.",
	}[e.Stage]
}

func untilWords(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return " until " + day.UTC().Format(time.DateOnly)
}

// decidedWords are the reasons of the default policy for keeping a finding back.
var decidedWords = map[string]string{
	"stage-observe": "", "stage-triage": "", // said with the stage
	"below-threshold":             "its severity is below what this repository lets through",
	"suppressed":                  "a suppression in the settings covers it",
	"excepted":                    "an exception in the settings accepts it",
	"disposed":                    "somebody's answer settles it",
	"secret-in-public-repository": "it is about a secret, and this repository is public",
	"standing":                    "it was there before this change",
	"not-attributable":            "nothing shows that this change brings it",
	"draft":                       "the change is a draft",
	"bot-author":                  "the change was made by a bot",
	"archived":                    "the repository is archived",
	"path-tests":                  "it is in test code",
	"path-generated":              "it is in generated code",
	"path-vendored":               "it is in vendored code",
	"path-examples":               "it is in example code",
	"off-diff":                    "it is not on a line that this change touched, so the summary lists it",
}
