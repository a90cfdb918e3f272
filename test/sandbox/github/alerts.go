package github

import (
	"fmt"
	"slices"
	"time"
)

// Facts are what an inventory tells of a repository beside its name.
type Facts struct {
	Topics     []string       `json:"topics"`
	Properties map[string]any `json:"properties"` // custom properties: text, or a list of texts
	Language   string         `json:"language"`
	Archived   bool           `json:"archived"`
}

// Alerts are what GitHub's scanners and code scanning know of a repository. Numbers are those of their kind, from 1.
type Alerts struct {
	Analyses   []*Analysis        `json:"analyses"` // oldest first
	Code       []*CodeAlert       `json:"code"`
	Dependabot []*DependabotAlert `json:"dependabot"`
	Secrets    []*SecretAlert     `json:"secrets"`
}

// Analysis is one upload to code scanning.
type Analysis struct {
	ID       int64     `json:"id"`
	Ref      string    `json:"ref"`
	Commit   string    `json:"commit"`
	Tool     string    `json:"tool"`
	Version  string    `json:"version"`
	Category string    `json:"category"`
	Error    string    `json:"error"`
	Results  int       `json:"results"`
	Created  time.Time `json:"created"`
	Found    []Found   `json:"found"` // what its SARIF shows; a world that is written by hand may leave it out
}

// Found is a result of an analysis and the number of the alert it became.
type Found struct {
	Alert int `json:"alert"`
	Result
}

// CodeAlert is one problem of code scanning; it has an instance for each ref and category it was seen in.
type CodeAlert struct {
	Number int `json:"number"`
	Result
	Tool      string          `json:"tool"`
	Version   string          `json:"version"`
	Instances []*CodeInstance `json:"instances"`
	Dismissal
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// Result is what a tool reports.
type Result struct {
	Rule        string   `json:"rule"`
	Name        string   `json:"name"`
	Severity    string   `json:"severity"`                // none, note, warning, error
	Security    string   `json:"security_severity_level"` // low, medium, high, critical or ""
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Path        string   `json:"path"`
	Line        int      `json:"line"`
	EndLine     int      `json:"end_line"`
	Message     string   `json:"message"`
	// What a report tells and an alert does not.
	Snippet string `json:"snippet"`
	Print   string `json:"print"` // primaryLocationLineHash
	Fix     string `json:"fix"`   // what should stand in the line
}

// CodeInstance is where an alert was last seen on one ref.
type CodeInstance struct {
	Ref      string `json:"ref"`
	Category string `json:"category"`
	Commit   string `json:"commit"`
	Path     string `json:"path"`
	Line     int    `json:"line"`
	EndLine  int    `json:"end_line"`
	Message  string `json:"message"`
	Fixed    bool   `json:"fixed"`
}

// Dismissal is what a person decided about an alert. Reason is empty while nobody has.
type Dismissal struct {
	Reason      string    `json:"reason"`
	Comment     string    `json:"comment"`
	DismissedBy string    `json:"dismissed_by"`
	DismissedAt time.Time `json:"dismissed_at"`
}

// DependabotAlert is one vulnerability in one manifest.
type DependabotAlert struct {
	Number     int     `json:"number"`
	Ecosystem  string  `json:"ecosystem"`
	Package    string  `json:"package"`
	Manifest   string  `json:"manifest"`
	Scope      string  `json:"scope"` // development, runtime
	GHSA       string  `json:"ghsa"`
	CVE        string  `json:"cve"`
	Summary    string  `json:"summary"`
	Severity   string  `json:"severity"`
	Range      string  `json:"range"`
	Patched    string  `json:"patched"`
	Score      float64 `json:"score"`
	Vector     string  `json:"vector"`
	EPSS       float64 `json:"epss"` // 0: GitHub gives none
	Percentile float64 `json:"percentile"`
	State      string  `json:"state"` // open, dismissed, auto_dismissed, fixed
	Dismissal
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// SecretAlert is one leaked credential. Its resolution is the Dismissal's reason.
type SecretAlert struct {
	Number      int    `json:"number"`
	Type        string `json:"type"`
	DisplayName string `json:"display_name"`
	Secret      string `json:"secret"`
	Validity    string `json:"validity"`
	Path        string `json:"path"`
	Line        int    `json:"line"`
	Commit      string `json:"commit"`
	Dismissal
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// Upload is one analysis with its results, as a tool sends it to code scanning.
type Upload struct {
	Ref, Commit, Tool, Version, Category string
	Error                                string // what GitHub found wrong with it: then it has no results
	Results                              []Result
}

// Analyse takes an upload in: results become alerts, known ones are seen again, and what the newest analysis of its tool
// and category lacks is fixed on its ref. A result is known by rule, path and message.
func (s *Server) Analyse(repository string, u Upload) error {
	return s.change(repository, func(r *Repository) error {
		now := s.now()
		analysis := &Analysis{ID: s.nextID(), Ref: u.Ref, Commit: u.Commit, Tool: u.Tool, Version: u.Version,
			Category: u.Category, Error: u.Error, Results: len(u.Results), Created: now}
		r.Analyses = append(r.Analyses, analysis)
		if u.Error != "" {
			return nil
		}
		seen := map[*CodeAlert]bool{}
		for _, result := range u.Results {
			a := r.codeAlert(u.Tool, result)
			if a == nil {
				a = &CodeAlert{Number: len(r.Code) + 1, Tool: u.Tool, Created: now}
				r.Code = append(r.Code, a)
			}
			a.Result, a.Version, a.Updated = result, u.Version, now
			a.see(u, result)
			seen[a] = true
			analysis.Found = append(analysis.Found, Found{a.Number, result})
		}
		for _, a := range r.Code {
			if i := a.on(u.Ref); i != nil && a.Tool == u.Tool && i.Category == u.Category && !seen[a] {
				i.Fixed, i.Commit, a.Updated = true, u.Commit, now
			}
		}
		return nil
	})
}

func (r *Repository) codeAlert(tool string, result Result) *CodeAlert {
	i := slices.IndexFunc(r.Code, func(a *CodeAlert) bool {
		return a.Tool == tool && a.Rule == result.Rule && a.Path == result.Path && a.Message == result.Message
	})
	if i < 0 {
		return nil
	}
	return r.Code[i]
}

// on is the alert's instance on a ref, or nil.
func (a *CodeAlert) on(ref string) *CodeInstance {
	i := slices.IndexFunc(a.Instances, func(i *CodeInstance) bool { return i.Ref == ref })
	if i < 0 {
		return nil
	}
	return a.Instances[i]
}

func (a *CodeAlert) see(u Upload, result Result) {
	i := a.on(u.Ref)
	if i == nil {
		i = &CodeInstance{Ref: u.Ref}
		a.Instances = append(a.Instances, i)
	}
	*i = CodeInstance{Ref: u.Ref, Category: u.Category, Commit: u.Commit, Path: result.Path, Line: result.Line,
		EndLine: max(result.Line, result.EndLine), Message: result.Message}
}

// AddDependabotAlert adds an alert and returns its number. Fields that matter to no test may be left out.
func (s *Server) AddDependabotAlert(repository string, a DependabotAlert) (number int, err error) {
	err = s.change(repository, func(r *Repository) error {
		a.Number, a.Created, a.Updated = len(r.Dependabot)+1, s.now(), s.now()
		if a.State == "" {
			a.State = "open"
		}
		if a.Severity == "" {
			a.Severity = "medium"
		}
		if a.Ecosystem == "" {
			a.Ecosystem = "npm"
		}
		r.Dependabot = append(r.Dependabot, &a)
		number = a.Number
		return nil
	})
	return number, err
}

// AddSecretAlert adds an alert and returns its number.
func (s *Server) AddSecretAlert(repository string, a SecretAlert) (number int, err error) {
	err = s.change(repository, func(r *Repository) error {
		a.Number, a.Created, a.Updated = len(r.Secrets)+1, s.now(), s.now()
		r.Secrets = append(r.Secrets, &a)
		number = a.Number
		return nil
	})
	return number, err
}

// DismissAlert dismisses an alert of a kind (code-scanning, dependabot, secret-scanning) as a person does on its page; an
// empty reason opens it again.
func (s *Server) DismissAlert(repository, kind string, number int, login, reason, comment string) error {
	return s.change(repository, func(r *Repository) error {
		s.addPerson(login)
		d := Dismissal{Reason: reason, Comment: comment, DismissedBy: login, DismissedAt: s.now()}
		if reason == "" {
			d = Dismissal{}
		}
		switch {
		case kind == "code-scanning" && number <= len(r.Code):
			r.Code[number-1].Dismissal, r.Code[number-1].Updated = d, s.now()
		case kind == "secret-scanning" && number <= len(r.Secrets):
			r.Secrets[number-1].Dismissal, r.Secrets[number-1].Updated = d, s.now()
		case kind == "dependabot" && number <= len(r.Dependabot):
			a := r.Dependabot[number-1]
			a.Dismissal, a.Updated, a.State = d, s.now(), "open"
			if reason != "" {
				a.State = "dismissed"
			}
		default:
			return fmt.Errorf("alert %d of %s: %w", number, kind, ErrUnknown)
		}
		return nil
	})
}

// SetDependabotState is how Dependabot itself moves an alert: fixed, auto_dismissed, open.
func (s *Server) SetDependabotState(repository string, number int, state string) error {
	return s.change(repository, func(r *Repository) error {
		if number < 1 || number > len(r.Dependabot) {
			return fmt.Errorf("alert %d of dependabot: %w", number, ErrUnknown)
		}
		r.Dependabot[number-1].State, r.Dependabot[number-1].Updated = state, s.now()
		return nil
	})
}

// SetFacts changes what the inventory tells of a repository.
func (s *Server) SetFacts(repository string, f Facts) error {
	return s.change(repository, func(r *Repository) error {
		r.Facts = f
		return nil
	})
}
