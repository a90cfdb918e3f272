package sarif

// result is what is read of a result (SARIF 3.27). Everything else in it, code
// flows above all, is checked to be JSON and passed over.
type result struct {
	ruleID       string
	ruleIndex    int
	rule         reference
	level, kind  string
	message      message
	place        physical
	symbol       string
	symbolIndex  int
	fingerprints map[string]string // fingerprints, then partialFingerprints
	partial      map[string]string
	suppressed   bool
	disputed     bool // a suppression is under review or was rejected
	baseline     string
	fix          fix
	taxa         []reference
	props        properties
}

// message is a message that may be kept with its rule (SARIF 3.11).
type message struct {
	text, id  string
	arguments []string
}

// location is an artifactLocation (SARIF 3.4).
type location struct {
	uri, base string
	index     int // -1: none
}

// physical is a physicalLocation (SARIF 3.29).
type physical struct {
	given           bool
	artifact        location
	region, context region
}

// region is a region given by lines (SARIF 3.30). Regions given by character or
// byte offsets alone have no line.
type region struct {
	startLine, endLine, startColumn, endColumn int
	snippet                                    string
}

// fix is a result's first fix (SARIF 3.55).
type fix struct {
	given       bool
	description string
	edits       []edit
	tooMuch     bool
}

// edit is one replacement (SARIF 3.57).
type edit struct {
	artifact location
	deleted  region
	text     string
}

// A fix beyond these bounds is no suggestion anybody reads.
const (
	maxEdits   = 16
	maxFixText = 32 << 10
)

func (r *result) reset() {
	*r = result{ruleIndex: -1, rule: noReference(), symbolIndex: -1, taxa: r.taxa[:0]}
	r.place.artifact.index = -1
}

// result reads one; it must start with an object.
func (s *scanner) result(r *result) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "ruleid":
			return s.Term(&r.ruleID, maxName)
		case "ruleindex":
			return s.Integer(&r.ruleIndex)
		case "rule":
			return s.reference(&r.rule)
		case "level":
			return s.Term(&r.level, maxName)
		case "kind":
			return s.Term(&r.kind, maxName)
		case "message":
			return s.message(&r.message)
		case "locations":
			return s.locations(r)
		case "fingerprints":
			return s.Dictionary(&r.fingerprints, maxName)
		case "partialfingerprints":
			return s.Dictionary(&r.partial, maxName)
		case "suppressions":
			return s.suppressions(r)
		case "baselinestate":
			return s.Term(&r.baseline, maxName)
		case "fixes":
			return s.fixes(&r.fix)
		case "taxa":
			return s.taxa(&r.taxa)
		case "properties":
			return s.properties(&r.props)
		}
		return s.Skip()
	})
}

func (s *scanner) message(m *message) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "text":
			return s.Text(&m.text, maxMessage)
		case "id":
			return s.Text(&m.id, maxName)
		case "arguments":
			return s.List(&m.arguments, maxName)
		}
		return s.Skip()
	})
}

// locations reads the first location that names an artifact, and the first
// logical location of any.
func (s *scanner) locations(r *result) error {
	return s.Items(func(int) error {
		return s.Fields(func(name []byte) error {
			switch string(name) {
			case "physicallocation":
				if r.place.given {
					return s.Skip()
				}
				r.place = physical{artifact: location{index: -1}}
				return s.physical(&r.place)
			case "logicallocations":
				return s.Items(func(int) error {
					if r.symbol != "" || r.symbolIndex >= 0 {
						return s.Skip()
					}
					l := logical{index: -1}
					err := s.logical(&l)
					r.symbol, r.symbolIndex = l.name, l.index
					return err
				})
			}
			return s.Skip()
		})
	})
}

func (s *scanner) physical(p *physical) error {
	err := s.Fields(func(name []byte) error {
		switch string(name) {
		case "artifactlocation":
			return s.location(&p.artifact)
		case "region":
			return s.region(&p.region)
		case "contextregion":
			return s.region(&p.context)
		}
		return s.Skip()
	})
	p.given = p.artifact.uri != "" || p.artifact.index >= 0
	return err
}

// location reads an artifactLocation; the 2.1.0 betas allowed a plain string.
func (s *scanner) location(l *location) error {
	if c, err := s.Peek(); err != nil || c == '"' {
		if err != nil {
			return err
		}
		return s.Term(&l.uri, maxURI)
	}
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "uri":
			return s.Term(&l.uri, maxURI)
		case "uribaseid":
			return s.Term(&l.base, maxName)
		case "index":
			return s.Integer(&l.index)
		}
		return s.Skip()
	})
}

func (s *scanner) region(r *region) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "startline":
			return s.Integer(&r.startLine)
		case "endline":
			return s.Integer(&r.endLine)
		case "startcolumn":
			return s.Integer(&r.startColumn)
		case "endcolumn":
			return s.Integer(&r.endColumn)
		case "snippet":
			return s.textOf(&r.snippet, maxSnippet)
		}
		return s.Skip()
	})
}

// logical is a logicalLocation (SARIF 3.33).
type logical struct {
	name  string
	index int
}

func (s *scanner) logical(l *logical) error {
	var short string
	err := s.Fields(func(name []byte) error {
		switch string(name) {
		case "fullyqualifiedname":
			return s.Term(&l.name, maxName)
		case "name":
			return s.Text(&short, maxName)
		case "index":
			return s.Integer(&l.index)
		}
		return s.Skip()
	})
	if l.name == "" {
		l.name = short
	}
	return err
}

// suppressions follows SARIF 3.27.23: any that is under review or rejected
// keeps the result open.
func (s *scanner) suppressions(r *result) error {
	return s.Items(func(int) error {
		var status string
		if ok, err := s.At('{'); !ok {
			return err
		}
		err := s.Fields(func(name []byte) error {
			switch string(name) {
			case "status", "state": // state was its name in the betas
				return s.Term(&status, maxName)
			}
			return s.Skip()
		})
		switch status {
		case "", "accepted":
			r.suppressed = true
		default:
			r.disputed = true
		}
		return err
	})
}

func (s *scanner) taxa(into *[]reference) error {
	return s.Items(func(int) error {
		if len(*into) >= maxEntries {
			return s.Skip()
		}
		ref := noReference()
		err := s.reference(&ref)
		*into = append(*into, ref)
		return err
	})
}

func (s *scanner) fixes(f *fix) error {
	return s.Items(func(int) error {
		if f.given {
			return s.Skip()
		}
		f.given = true
		return s.Fields(func(name []byte) error {
			switch string(name) {
			case "description":
				return s.textOf(&f.description, maxName)
			case "artifactchanges":
				return s.Items(func(int) error { return s.change(f) })
			}
			return s.Skip()
		})
	})
}

// change reads an artifactChange (SARIF 3.56), whose place may come last.
func (s *scanner) change(f *fix) error {
	where, first := location{index: -1}, len(f.edits)
	err := s.Fields(func(name []byte) error {
		switch string(name) {
		case "artifactlocation":
			return s.location(&where)
		case "replacements":
			return s.Items(func(int) error {
				if f.tooMuch = f.tooMuch || len(f.edits) >= maxEdits; f.tooMuch {
					return s.Skip()
				}
				var e edit
				err := s.replacement(&e)
				f.tooMuch = len(e.text) >= maxFixText
				f.edits = append(f.edits, e)
				return err
			})
		}
		return s.Skip()
	})
	for i := first; i < len(f.edits); i++ {
		f.edits[i].artifact = where
	}
	return err
}

func (s *scanner) replacement(e *edit) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "deletedregion":
			return s.region(&e.deleted)
		case "insertedcontent":
			return s.textOf(&e.text, maxFixText)
		}
		return s.Skip()
	})
}
