package wording

import (
	"fmt"
	"math"
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
	return fmt.Sprintf("It is known to be exploited%s (on CISA's list since %s).", also, known.ExploitedSince.Format(time.DateOnly))
}

// Likelihood puts a probability of exploitation in words; "" where there is
// none, and where it would take back that exploits are known. The day belongs
// to it, because such a figure is soon an old one.
func Likelihood(known finding.Risk) string {
	if known.Scored.IsZero() || !known.ExploitedSince.IsZero() && known.Probability < 0.1 {
		return ""
	}
	how, than, share := "Unlikely to", "more", known.Percentile
	switch {
	case known.Probability >= 0.5:
		how = "Likely to"
	case known.Probability >= 0.1:
		how = "May well"
	}
	if share < 0.5 {
		than, share = "less", 1-share
	}
	return fmt.Sprintf("%s be exploited within 30 days: %s, %s than %d %% of known vulnerabilities (EPSS of %s).",
		how, odds(known.Probability), than, min(99, int(share*100)), known.Scored.Format(time.DateOnly))
}

// odds are a probability as people count: 94 in 100, 4 in 10,000.
func odds(p float64) string {
	for _, of := range []struct {
		all  float64
		name string
	}{{100, "100"}, {1000, "1,000"}, {10_000, "10,000"}} {
		if n := math.Round(p * of.all); n >= 2 || n >= 1 && of.all == 100 && p >= 0.01 {
			return fmt.Sprintf("%.0f in %s", min(n, of.all-1), of.name)
		}
	}
	return "less than 2 in 10,000"
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
