package evidence

import "math"

// The stakes of the two mixtures, evidence.md section 1. A detector's stake f
// bets on noise, a bet's stake g on cleanness.
var (
	detectorStakes = [...]float64{.05, .10, .20, .40, .70}
	betStakes      = [...]float64{.40, .70, .95}
)

// Test holds the factors of both tests for one bar. It is read only.
type Test struct {
	noise               float64
	silence, complaint  Detector // ln factors of the detector at x = 0 and x = 1
	cleanBet, noisedBet Bets     // ln factors of the bets at x = 0 and x = 1
}

// NewTest prepares both tests for a bar on the mean noise score, in (0, 1).
func NewTest(noise float64) *Test {
	t := &Test{noise: noise}
	for k := range detectorStakes {
		t.silence[k], t.complaint[k] = t.lnDetector(k, 0), t.lnDetector(k, 1)
	}
	for k := range betStakes {
		t.cleanBet[k], t.noisedBet[k] = t.lnBet(k, 0), t.lnBet(k, 1)
	}
	return t
}

func (t *Test) lnDetector(k int, x float64) float64 { return lnAgainst(detectorStakes[k], x, t.noise) }
func (t *Test) lnBet(k int, x float64) float64      { return lnFor(betStakes[k], x, t.noise) }

// lnAgainst is the ln factor of a stake on a mean above m; its expectation is at most 1 if the mean is at most m.
func lnAgainst(stake, x, m float64) float64 { return math.Log1p(stake * (x/m - 1)) }

// lnFor is the ln factor of a stake on a mean below m; its expectation is at most 1 if the mean is at least m.
func lnFor(stake, x, m float64) float64 { return math.Log1p(-stake * (x - m) / (1 - m)) }

// Detector is the state of the rollback test: ln R_k for each stake. R is the
// head-started Shiryaev-Roberts statistic of Polunchenko (arXiv 1607.00959).
type Detector [len(detectorStakes)]float64

// NewDetector starts every R_k at the head start r. Without false alarms the
// run length to a limit A is then at least A - r on average.
func NewDetector(r float64) (d Detector) {
	for k := range d {
		d[k] = math.Log(r)
	}
	return d
}

// Step weighs one cluster's mean noise score x >= 0 (above 1 only where a score
// is weighted by the audit).
func (d *Detector) Step(t *Test, x float64) {
	for k := range d {
		d[k] = softplus(d[k])
		switch x {
		case 0:
			d[k] += t.silence[k]
		case 1:
			d[k] += t.complaint[k]
		default:
			d[k] += t.lnDetector(k, x)
		}
	}
}

func (d Detector) after(t *Test, x float64) Detector {
	d.Step(t, x)
	return d
}

// Ln is S, the ln of the mean of R_k.
func (d *Detector) Ln() float64 { return lnMean(d[:]) }

// Bets is the state of the promotion test: ln E_k for each stake.
type Bets [len(betStakes)]float64

// NewBets starts a promotion in epoch form, at 1/2: the other half is what
// epoch events add.
func NewBets() (b Bets) {
	for k := range b {
		b[k] = -math.Ln2
	}
	return b
}

// Step weighs one cluster's mean noise score x in [0, 1]. The bar itself is exactly neutral.
func (b *Bets) Step(t *Test, x float64) {
	if x == t.noise {
		return
	}
	for k := range b {
		switch x {
		case 0:
			b[k] += t.cleanBet[k]
		case 1:
			b[k] += t.noisedBet[k]
		default:
			b[k] += t.lnBet(k, x)
		}
	}
}

// Epoch adds the weight 1/(j(j+1)) that was set aside for the j-th epoch of a
// stay, j = 2, 3, ...: the weights of all epochs sum to at most 1.
func (b *Bets) Epoch(j int) {
	n := float64(j)
	for k := range b {
		b[k] = lnAdd(b[k], -math.Log(n*(n+1)))
	}
}

// Ln is T, the ln of the mean of E_k.
func (b *Bets) Ln() float64 { return lnMean(b[:]) }

// beyond is where exp(-a) no longer changes a float64 near a.
const beyond = 40

// softplus is ln(1 + e^a), within 1e-15. Log1p would be exact for very negative
// a, to which R + 1 never comes, and is a third slower where all the time goes.
func softplus(a float64) float64 {
	if a > beyond {
		return a
	}
	return max(a, 0) + math.Log(1+math.Exp(-math.Abs(a)))
}

// lnAdd is ln(e^a + e^b).
func lnAdd(a, b float64) float64 { return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b))) }

func lnMean(l []float64) float64 {
	top := maximum(l)
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, v := range l {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum/float64(len(l)))
}

// maximum bounds lnMean from above, cheaply.
func maximum(l []float64) float64 {
	top := l[0]
	for _, v := range l[1:] {
		top = max(top, v)
	}
	return top
}
