package wording

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Danger says in plain sentences what is known of a vulnerability besides its
// severity; "" where nothing is. attack is what an attack takes, in our words.
// All of it is ours: nothing in it comes from a report.
func Danger(known finding.Risk, attack, reachability string) string {
	var said []string
	for _, sentence := range []string{Exploited(known), Likelihood(known), Reached(reachability)} {
		if sentence != "" {
			said = append(said, sentence)
		}
	}
	if attack != "" {
		said = append(said, "It is "+attack+".")
	}
	return strings.Join(said, " ")
}

// Exploited says since when a vulnerability is known to be exploited; "" where
// it is not.
func Exploited(known finding.Risk) string {
	if known.ExploitedSince.IsZero() {
		return ""
	}
	also := ""
	if known.Ransomware {
		also = ", also by ransomware"
	}
	return fmt.Sprintf("Exploited in the wild (CISA KEV since %s)%s.", known.ExploitedSince.Format(time.DateOnly), also)
}

// Likelihood puts a probability of exploitation in words; "" where there is
// none. The day belongs to it, because such a figure is soon an old one.
func Likelihood(known finding.Risk) string {
	if known.Scored.IsZero() {
		return ""
	}
	how, share := "more", known.Percentile
	if share < 0.5 {
		how, share = "less", 1-share
	}
	return fmt.Sprintf("EPSS %s on %s: %s likely to be exploited than %d %% of known vulnerabilities.",
		probability(known.Probability), known.Scored.Format(time.DateOnly), how, min(99, int(share*100)))
}

// probability shows two digits that say something.
func probability(p float64) string {
	digits := 2
	for floor := 0.1; p < floor && digits < 5; floor /= 10 {
		digits++
	}
	return strconv.FormatFloat(p, 'f', digits, 64)
}

// Reached says whether the vulnerable code is used; "" where the scanner did
// not look.
func Reached(reachability string) string {
	switch reachability {
	case finding.Called:
		return "This project calls the vulnerable code."
	case finding.Imported:
		return "This project uses the package; no call of the vulnerable code was found."
	case finding.Required:
		return "The package is required, and nothing in this project was found to use it."
	}
	return ""
}
