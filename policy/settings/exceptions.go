package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/sluice-sec/sluice/policy/input"
)

type rawSuppression struct {
	Scanner      string   `json:"scanner"`
	Rule         string   `json:"rule"`
	Paths        []string `json:"paths"`
	Repositories []string `json:"repositories"`
	Reason       string   `json:"reason"`
	Owner        string   `json:"owner"`
	Expires      string   `json:"expires"`
}

type rawException struct {
	Finding      string   `json:"finding"`
	Advisory     string   `json:"advisory"`
	Repositories []string `json:"repositories"`
	Reason       string   `json:"reason"`
	Owner        string   `json:"owner"`
	Expires      string   `json:"expires"`
}

// ExceptionQuery is what suppressions and exceptions are matched against.
type ExceptionQuery struct {
	Scanner     string
	Rule        string
	Path        string   // "" where the finding has none
	Repository  string   // owner/name, in any case
	FindingName string   // "acme/shop:F12", "" while it has no number
	Advisories  []string // "CVE-2024-1234", in any case
	Aliases     []string // other names of the same advisories
}

// mute is one suppression or exception. Fields left empty match everything.
type mute struct {
	id                string
	says              input.Exception
	what              string
	expires           time.Time // its last day, 00:00 UTC; zero: never
	scanner, rule     string
	paths             []string
	repositories      globs
	finding, advisory string
}

func compileMutes(suppressions []rawSuppression, exceptions []rawException) []mute {
	var out []mute
	for _, r := range suppressions {
		out = append(out, mute{
			id: idOf(input.ExceptionSuppression, r), expires: day(r.Expires),
			says: input.Exception{Kind: input.ExceptionSuppression, Reason: r.Reason, Owner: r.Owner},
			what: describe(r), scanner: r.Scanner, rule: r.Rule, paths: r.Paths, repositories: r.Repositories,
		})
	}
	for _, r := range exceptions {
		out = append(out, mute{
			id: idOf(input.ExceptionAccepted, r), expires: day(r.Expires),
			says: input.Exception{Kind: input.ExceptionAccepted, Reason: r.Reason, Owner: r.Owner},
			what: r.Finding + r.Advisory, finding: r.Finding, advisory: r.Advisory, repositories: r.Repositories,
		})
	}
	return out
}

func describe(r rawSuppression) string {
	var parts []string
	for _, p := range append([]string{r.Scanner, r.Rule}, append(slices.Clone(r.Paths), r.Repositories...)...) {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}

// idOf is a digest of all an entry says, so that an edited one is a new one.
func idOf(kind string, entry any) string {
	raw, err := json.Marshal(entry)
	if err != nil {
		panic("settings: an entry of plain text does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(append([]byte(kind+"\x00"), raw...))
	return hex.EncodeToString(sum[:8])
}

// day reads a date that check has already accepted; "" is the zero time.
func day(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text)
	return t
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// inForce: an entry holds through its last day, in UTC.
func (m *mute) inForce(today time.Time) bool {
	return m.expires.IsZero() || !m.expires.Before(dayOf(today))
}

func (m *mute) match(f *ExceptionQuery, repository string) bool {
	switch {
	case m.scanner != "" && !strings.EqualFold(m.scanner, f.Scanner),
		m.rule != "" && m.rule != f.Rule,
		m.finding != "" && !strings.EqualFold(m.finding, f.FindingName),
		m.advisory != "" && !names(f.Advisories, m.advisory) && !names(f.Aliases, m.advisory),
		len(m.repositories) > 0 && !m.repositories.match(repository):
		return false
	}
	return len(m.paths) == 0 || f.Path != "" && slices.ContainsFunc(m.paths, func(g string) bool {
		return doublestar.MatchUnvalidated(g, f.Path)
	})
}

func names(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// Exceptions are the suppressions and exceptions in force for a finding on a
// day, suppressions first, each in the document's order; never nil.
func (s *Settings) Exceptions(f ExceptionQuery, today time.Time) []input.Exception {
	out := []input.Exception{}
	repository := strings.ToLower(f.Repository)
	for i := range s.mutes {
		if m := &s.mutes[i]; m.match(&f, repository) && m.inForce(today) {
			out = append(out, m.says)
		}
	}
	return out
}

// InForce lists the ids of all suppressions and exceptions in force on a day,
// sorted. It changes only when one is added, edited, removed or expires, so it
// can stand for the day in a digest.
func (s *Settings) InForce(today time.Time) []string {
	out := []string{}
	for i := range s.mutes {
		if s.mutes[i].inForce(today) {
			out = append(out, s.mutes[i].id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Expiry is a suppression or exception that ends soon.
type Expiry struct {
	ID      string
	Kind    string // input.ExceptionSuppression or input.ExceptionAccepted
	What    string // what it covers, for people
	Reason  string
	Owner   string
	Expires time.Time // its last day, 00:00 UTC
}

// Expiring lists what is still in force on a day and ends within the span after
// it, the soonest first.
func (s *Settings) Expiring(today time.Time, within time.Duration) []Expiry {
	var out []Expiry
	last := dayOf(today).Add(within)
	for i := range s.mutes {
		m := &s.mutes[i]
		if m.expires.IsZero() || !m.inForce(today) || m.expires.After(last) {
			continue
		}
		out = append(out, Expiry{ID: m.id, Kind: m.says.Kind, What: m.what, Reason: m.says.Reason, Owner: m.says.Owner, Expires: m.expires})
	}
	slices.SortStableFunc(out, func(a, b Expiry) int { return a.Expires.Compare(b.Expires) })
	return out
}
