package sarif

import (
	"fmt"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// maxKept bounds what is kept of a file's metadata: rules, artifacts, base
// URIs, taxonomies, the runs themselves. It is about 100,000 artifacts.
const maxKept = 16 << 20

// document is what the first pass learns: everything but the results, which may
// stand before what they refer to.
type document struct {
	version string
	at      int64 // offset of the version
	hasRuns bool
	runs    []*run
	plan    []segment
	kept    int
	largest int64  // result to be read, in bytes
	fault   *Error // the first thing wrong that did not stop the reading
}

// run is the metadata of one run (SARIF 3.14).
type run struct {
	number     int
	driver     component
	extensions []*component
	taxonomies []taxonomy
	artifacts  []location
	bases      map[string]location
	mapped     []location // versionControlProvenance's mappedTo: where repositories' roots are
	logical    []string   // fully qualified names, by index
	overrides  []override
	category   string
	utf16      bool // columns count UTF-16 code units
	toolRead   bool
	hasResults bool
	unfinished bool  // an invocation says it failed, or results are kept elsewhere
	end        int64 // offset behind the run; 0: not reached

	// Worked out by settle:
	kind       finding.Kind // what the tool as a whole looks for
	components []*component // the driver, then the extensions
	roots      []string     // absolute directories to make paths relative to, best first
}

// taxonomy is a list of classes such as CWE (SARIF 3.14.8).
type taxonomy struct {
	name, guid string
	ids        []string
}

// override is a level that the invocation set for a rule (SARIF 3.20.5).
type override struct {
	rule  reference
	level string
}

// keep books n bytes of metadata; false means there is no room left.
func (d *document) keep(at int64, n int) bool {
	if d.kept+n > maxKept {
		d.note(&Error{Offset: at, Err: ErrTooLarge,
			Detail: fmt.Sprintf("more than %d MiB of rules, artifacts and other metadata", maxKept>>20)})
		return false
	}
	d.kept += n
	return true
}

func (d *document) note(e *Error) {
	if d.fault == nil {
		d.fault = e
	}
}

// readDocument is the first pass. Its error is what stops the reading; what was
// learned until then is in the document all the same.
func readDocument(s *scanner, o Options) (*document, error) {
	d := &document{largest: int64(o.MaxElement)}
	c, err := s.Peek()
	if err != nil {
		return d, err
	}
	if c != '{' {
		return d, s.Malformed("want an object")
	}
	err = s.Fields(func(name []byte) error {
		switch string(name) {
		case "version":
			d.at = s.Offset()
			return s.Scalar(&d.version, maxName)
		case "runs":
			return d.readRuns(s)
		}
		return s.Skip()
	})
	for _, r := range d.runs {
		r.settle(o.Root)
	}
	if err == nil {
		err = s.Finish()
	}
	return d, err
}

func (d *document) readRuns(s *scanner) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if d.hasRuns = c == '['; !d.hasRuns {
		return s.Malformed("want an array of runs")
	}
	return s.Array(func(int) error {
		if !d.keep(s.Offset(), 1<<10) {
			return d.fault
		}
		r := &run{number: len(d.runs)}
		d.runs = append(d.runs, r)
		err := d.readRun(s, r)
		if r.end = s.Offset(); err != nil {
			r.end = 0
		}
		return err
	})
}

func (d *document) readRun(s *scanner, r *run) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "tool":
			err := d.readTool(s, r)
			r.toolRead = err == nil
			return err
		case "results":
			return d.passResults(s, r)
		case "artifacts":
			return d.readArtifacts(s, r)
		case "originaluribaseids":
			return d.readBases(s, r)
		case "versioncontrolprovenance":
			return d.readProvenance(s, r)
		case "invocations":
			return d.readInvocations(s, r)
		case "automationdetails":
			return s.Fields(func(name []byte) error {
				if string(name) != "id" {
					return s.Skip()
				}
				return s.Text(&r.category, maxName)
			})
		case "columnkind":
			var kind string
			err := s.Text(&kind, maxName)
			r.utf16 = strings.EqualFold(kind, "utf16CodeUnits")
			return err
		case "logicallocations":
			return d.readLogical(s, r)
		case "taxonomies":
			return d.readTaxonomies(s, r)
		case "externalpropertyfilereferences":
			return s.Fields(func(name []byte) error {
				r.unfinished = r.unfinished || string(name) == "results"
				return s.Skip()
			})
		}
		return s.Skip()
	})
}

// passResults looks only at where the results begin and end: the second pass
// reads them. Null, or nothing, says that the tool never got to produce any
// (SARIF 3.14.23).
func (d *document) passResults(s *scanner, r *run) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != '[' {
		if c != 'n' {
			d.note(&Error{Path: fmt.Sprintf("runs[%d].results", r.number), Offset: s.Offset(),
				Err: ErrMalformed, Detail: "want an array of results"})
		}
		return s.Skip()
	}
	r.hasResults = true
	return s.Array(func(i int) error {
		if _, err := s.Peek(); err != nil {
			return err
		}
		start := s.Offset()
		err := s.Pass()
		if e := d.book(s, segment{run: r.number, first: i, count: 1, start: start, end: s.Offset()}, err != nil); err == nil {
			err = e
		}
		return err
	})
}

func (d *document) readTool(s *scanner, r *run) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "driver":
			return d.readComponent(s, &r.driver)
		case "extensions":
			return s.Items(func(int) error {
				if !d.keep(s.Offset(), 512) {
					return s.Skip()
				}
				c := &component{}
				r.extensions = append(r.extensions, c)
				return d.readComponent(s, c)
			})
		}
		return s.Skip()
	})
}

// readArtifacts keeps each artifact's place, for results that name only its
// index. Contents and hashes are passed over.
func (d *document) readArtifacts(s *scanner, r *run) error {
	return s.Items(func(int) error {
		l := location{index: -1}
		err := s.Fields(func(name []byte) error {
			if string(name) != "location" {
				return s.Skip()
			}
			return s.location(&l)
		})
		l.index = -1 // its own, or wrong
		if d.keep(s.Offset(), 64+len(l.uri)+len(l.base)) {
			r.artifacts = append(r.artifacts, l)
		}
		return err
	})
}

func (d *document) readBases(s *scanner, r *run) error {
	return s.Entries(func(name []byte) error {
		id := jsonwalk.Clean(name, maxName)
		var l location
		err := s.location(&l)
		if d.keep(s.Offset(), 128+len(id)+len(l.uri)+len(l.base)) {
			if r.bases == nil {
				r.bases = map[string]location{}
			}
			r.bases[id] = l
		}
		return err
	})
}

func (d *document) readProvenance(s *scanner, r *run) error {
	return s.Items(func(int) error {
		return s.Fields(func(name []byte) error {
			if string(name) != "mappedto" || len(r.mapped) >= maxEntries {
				return s.Skip()
			}
			var l location
			err := s.location(&l)
			r.mapped = append(r.mapped, l)
			return err
		})
	})
}

func (d *document) readInvocations(s *scanner, r *run) error {
	return s.Items(func(int) error {
		return s.Fields(func(name []byte) error {
			switch string(name) {
			case "executionsuccessful":
				ok := true
				err := s.Truth(&ok)
				r.unfinished = r.unfinished || !ok
				return err
			case "ruleconfigurationoverrides":
				return d.readOverrides(s, r)
			}
			return s.Skip()
		})
	})
}

func (d *document) readOverrides(s *scanner, r *run) error {
	return s.Items(func(int) error {
		o := override{rule: noReference()}
		err := s.Fields(func(name []byte) error {
			switch string(name) {
			case "descriptor":
				return s.reference(&o.rule)
			case "configuration":
				return s.level(&o.level)
			}
			return s.Skip()
		})
		if o.level != "" && d.keep(s.Offset(), 256) {
			r.overrides = append(r.overrides, o)
		}
		return err
	})
}

func (d *document) readLogical(s *scanner, r *run) error {
	return s.Items(func(int) error {
		var l logical
		err := s.logical(&l)
		if d.keep(s.Offset(), 16+len(l.name)) {
			r.logical = append(r.logical, l.name)
		}
		return err
	})
}

func (d *document) readTaxonomies(s *scanner, r *run) error {
	return s.Items(func(int) error {
		var t taxonomy
		err := s.Fields(func(name []byte) error {
			switch string(name) {
			case "name":
				return s.Text(&t.name, maxName)
			case "guid":
				return s.Text(&t.guid, maxName)
			case "taxa":
				return s.Items(func(int) error {
					var id string
					err := s.identifier(&id)
					if d.keep(s.Offset(), 16+len(id)) {
						t.ids = append(t.ids, id)
					}
					return err
				})
			}
			return s.Skip()
		})
		if d.keep(s.Offset(), 128+len(t.name)+len(t.guid)) {
			r.taxonomies = append(r.taxonomies, t)
		}
		return err
	})
}
