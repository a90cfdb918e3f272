package evidence

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Alarm is one rollback test under way: its statistic, its highest point, and
// who complained since it began to rise.
type Alarm struct {
	L         Detector    `json:"l"`
	Peak      float64     `json:"peak"`
	Crossed   int         `json:"crossed,omitempty"` // the cluster, counted from 1, at which it first fired; 0 if it did not
	CrossedAt time.Time   `json:"crossed_at,omitzero"`
	Voices    []Complaint `json:"voices,omitempty"`
}

// Complaint is who complained in one repository and team, and in how many
// clusters. A complaint that names nobody (a suppression without an author)
// raises the statistic and does not count here.
type Complaint struct {
	Repository string   `json:"repository,omitempty"`
	Team       string   `json:"team,omitempty"`
	Clusters   int      `json:"clusters"`
	People     []string `json:"people"`
}

// limit is where an alarm fires and where it starts.
type limit struct{ lnA, lnR, r float64 }

func limitOf(a float64) limit { return limit{math.Log(a), math.Log(a / headShare), a / headShare} }

func newAlarm(l limit) Alarm { return Alarm{L: NewDetector(l.r), Peak: l.lnR} }

// restart begins the statistic anew at an epoch event. That it once fired stays.
func (a *Alarm) restart(l limit) {
	a.L = NewDetector(l.r)
	if a.Crossed == 0 {
		a.Voices = nil
	}
}

// step moves on to the statistic after the n-th cluster, in which people complained (or nobody).
func (a *Alarm) step(l limit, next Detector, n int, c *cluster, people []string) {
	a.L = next
	// S is at most the highest ln R_k, which is all that a quiet stretch needs.
	if maximum(a.L[:]) > a.Peak {
		a.Peak = max(a.Peak, a.L.Ln())
	}
	if a.Crossed == 0 && a.Peak >= l.lnA {
		a.Crossed, a.CrossedAt = n, c.shownAt
	}
	switch {
	case len(people) > 0:
		a.Voices = heard(a.Voices, c.items[0].Repository, c.items[0].Team, people)
	case a.Crossed == 0 && len(a.Voices) > 0 && a.L.Ln() <= l.lnR:
		a.Voices = nil // back where it started: what was said before raised nothing
	}
}

func heard(voices []Complaint, repository, team string, people []string) []Complaint {
	i := slices.IndexFunc(voices, func(v Complaint) bool { return v.Repository == repository && v.Team == team })
	if i < 0 {
		i = len(voices)
		voices = append(voices, Complaint{Repository: repository, Team: team})
	}
	v := &voices[i]
	v.Clusters++
	for _, p := range people {
		if !slices.Contains(v.People, p) {
			v.People = append(v.People, p)
		}
	}
	return voices
}

func (a Alarm) clone() Alarm {
	a.Voices = slices.Clone(a.Voices)
	for i := range a.Voices {
		a.Voices[i].People = slices.Clone(a.Voices[i].People)
	}
	return a
}

// gate is what the gate says to an alarm that fired.
type gate struct {
	open  bool
	only  string // the one repository that has all the complaints
	short string // what is missing, in words
}

// gate asks whether enough people in enough places stand behind an alarm. It
// only delays: an alarm that fired stays fired until the stay ends.
func (c *Cohort) gate(a *Alarm) gate {
	clusters, people := 0, map[string]bool{}
	repositories, teams := map[string]bool{}, map[string]bool{}
	for _, v := range a.Voices {
		clusters += v.Clusters
		repositories[v.Repository] = true
		if v.Team != "" {
			teams[v.Team] = true
		}
		for _, p := range v.People {
			people[p] = true
		}
	}
	b := &c.Bars
	switch {
	case clusters < b.GateClusters:
		return gate{short: fmt.Sprintf("the alarm waits for more complaints: %d of %d", clusters, b.GateClusters)}
	case len(people) < b.GatePeople:
		return gate{short: fmt.Sprintf("the alarm waits for more people: %d of %d", len(people), b.GatePeople)}
	}
	many := max(len(repositories), len(teams)) >= b.GatePlaces
	if many || max(c.Repositories, c.Teams) < b.GatePlaces {
		return gate{open: true}
	}
	if c.Repositories >= b.GatePlaces {
		return gate{only: a.Voices[0].Repository}
	}
	return gate{short: fmt.Sprintf("the alarm waits for more teams: 1 of %d", b.GatePlaces)}
}
