package promoter

import (
	"cmp"
	"slices"
)

// Record is how one person answers, and how that agrees with the audit.
type Record struct {
	Person     int64 `json:"person"`
	Answers    int   `json:"answers"` // that count
	Complaints int   `json:"complaints"`
	Bursts     int   `json:"bursts"` // not the first of their day: heard as silence
	Uncounted  int   `json:"uncounted"`
	Audited    int   `json:"audited"`   // answers to findings that the audit judged too
	Disagreed  int   `json:"disagreed"` // of these, with the opposite result
}

// Records sums up standing verdicts, those who disagree most first. What the
// audit judged of a finding is held against what others said of it; the mean
// counts where several judged.
func Records(verdicts []Verdict) []Record {
	type place struct{ repo, finding int64 }
	judged := map[place][]bool{}
	for _, v := range verdicts {
		if noise, says := complains(v.Kind); v.Audit && v.Stands() && says {
			at := place{v.RepoID, v.Finding}
			judged[at] = append(judged[at], noise)
		}
	}
	byPerson := map[int64]*Record{}
	for _, v := range verdicts {
		if v.Person == 0 || !v.Stands() {
			continue
		}
		r := byPerson[v.Person]
		if r == nil {
			r = &Record{Person: v.Person}
			byPerson[v.Person] = r
		}
		if v.Uncounted != "" {
			r.Uncounted++
			continue
		}
		noise, says := complains(v.Kind)
		r.Answers++
		if noise {
			r.Complaints++
		}
		if v.Burst {
			r.Bursts++
		}
		if audit := judged[place{v.RepoID, v.Finding}]; len(audit) > 0 && says && !v.Audit {
			r.Audited++
			if most := 2*count(audit) - len(audit); most != 0 && (most > 0) != noise {
				r.Disagreed++
			}
		}
	}
	out := make([]Record, 0, len(byPerson))
	for _, r := range byPerson {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(cmp.Compare(b.Disagreed, a.Disagreed), cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Person, b.Person))
	})
	return out
}

// complains tells whether an answer calls a finding noise; says is false where
// it does not say.
func complains(k VerdictKind) (noise, says bool) {
	switch k {
	case VerdictFalsePositive, VerdictNotUseful:
		return true, true
	case VerdictUseful, VerdictFixed:
		return false, true
	}
	return false, false
}

func count(all []bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
