package run

import "github.com/sluice-sec/sluice/promoter"

// shown is what notices have shown to people so far, for the evidence. The
// store leaves what it has booked as it is.
func (r *runner) shown(notices []promoter.Notice) []promoter.Exposure {
	var out []promoter.Exposure
	for _, n := range notices {
		out = append(out, promoter.Exposures(n, r.Coin)...)
	}
	for i := range out {
		out[i].Share = r.Settings.Hold.Audit
	}
	return out
}
