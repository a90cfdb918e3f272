package finding

import "maps"

// Reason says why a result in a report did not become a finding. The list is
// closed: a parser that drops a result for any other cause has a defect.
type Reason string

// The reasons a result can be skipped for.
const (
	NotAProblem Reason = "not-a-problem" // SARIF kind pass, notApplicable or informational
	TooLarge    Reason = "too-large"     // the element is over the size cap
	Malformed   Reason = "malformed"     // the element is not what the format says it must be
	NoRule      Reason = "no-rule"       // no rule id anywhere: it could never be tuned
)

// Reasons lists every Reason.
func Reasons() []Reason { return []Reason{NotAProblem, TooLarge, Malformed, NoRule} }

// Report sums up what a parser read from one file. Results = Findings + the
// sum of Skipped, always.
type Report struct {
	Format   string         `json:"format"`
	Results  int            `json:"results"`
	Findings int            `json:"findings"`
	Skipped  map[Reason]int `json:"skipped"`
	// Complete: the file was read to its end and every scan in it says it
	// succeeded. Only a complete report may let anything be called gone.
	Complete bool   `json:"complete"`
	Scans    []Scan `json:"-"` // one a run, in the file's order
	// Statements are what the file says of findings that other files report; they are
	// not among the Results.
	Statements []Statement `json:"-"`
}

// Skip counts one skipped result.
func (r *Report) Skip(why Reason) {
	if r.Skipped == nil {
		r.Skipped = map[Reason]int{}
	}
	r.Skipped[why]++
	r.Results++
}

// SkippedTotal is the number of skipped results.
func (r *Report) SkippedTotal() int {
	total := 0
	for n := range maps.Values(r.Skipped) {
		total += n
	}
	return total
}
