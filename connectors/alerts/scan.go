package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// alert is what the three kinds have in common.
type alert interface {
	repository() repository
	number() int
	// scan says which document an alert belongs into; ok is false for one that
	// speaks of no branch or pull request.
	scan(c connectors.Context) (location string, _ connectors.Context, h head, ok bool)
}

// repository is the one an alert of an organisation's list is about.
type repository struct {
	FullName string `json:"full_name"`
}

// scan is one document to be.
type scan struct {
	context  connectors.Context
	head     head
	sections []section
	details  []section    // see details
	uploads  []upload     // its analyses, newest first, at most maxUploads
	seen     map[int]bool // alerts, by number
	lacking  string
	note     string
}

// head is what is known of a scan beside its alerts.
type head struct {
	Tool     string `json:"tool"`
	Version  string `json:"version,omitempty"`
	Category string `json:"category,omitempty"`
	Failed   string `json:"failed,omitempty"`  // what GitHub says went wrong with it
	Details  int    `json:"details,omitempty"` // how many of its lines are details
}

// scan returns the scan of a location, adding it.
func (p *pull) scan(location string, c connectors.Context, h head) (*scan, error) {
	if s := p.scans[location]; s != nil {
		return s, nil
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &scan{context: c, head: h, seen: map[int]bool{}}
	p.scans[location] = s
	of := strings.ToLower(c.Repository())
	p.in[of] = append(p.in[of], s)
	p.order = append(p.order, location)
	return s, nil
}

// put writes an alert to its scan.
func (p *pull) put(a alert, full string) error {
	if full == "" {
		full = a.repository().FullName
	}
	owner, name, _ := strings.Cut(full, "/")
	location, c, h, ok := a.scan(connectors.Context{Owner: owner, Name: name})
	if !ok {
		return nil
	}
	s, err := p.scan(location, c, h)
	if err != nil {
		return fmt.Errorf("an alert of %q: %w", full, err)
	}
	if s.context.Commit == "" {
		s.context.Commit = c.Commit
	}
	if s.seen[a.number()] {
		s.lack(errors.New("the list changed while it was read"))
		return nil
	}
	s.seen[a.number()] = true
	return p.write(&s.sections, a)
}

// lackIn marks the scans of a repository, of whose lists one broke off.
func (p *pull) lackIn(full string, err error) {
	for _, s := range p.in[strings.ToLower(full)] {
		s.lack(err)
	}
}

func (s *scan) lack(err error) {
	if err != nil {
		s.lacking = "not all alerts could be read: " + err.Error()
	}
}

// complete is the scan that a document describes, for a finding.Report.
func (h head) complete(rules map[string]bool) finding.Scan {
	out := finding.Scan{Scanner: finding.Scanner{Name: h.Tool, Version: h.Version}, Category: h.Category, Complete: h.Failed == "", ToolRead: true}
	for rule := range rules {
		out.Rules = append(out.Rules, rule)
	}
	slices.Sort(out.Rules)
	return out
}
