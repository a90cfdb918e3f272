package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/sluice-sec/sluice/policy/problem"
)

// Config is sluice.yaml: the plumbing. Everything that is a matter of policy
// stands in settings.yaml. Paths are as written; Folder makes them absolute.
type Config struct {
	Store     string     `yaml:"store"`    // sqlite:PATH; default sqlite:sluice.db
	Policy    string     `yaml:"policy"`   // a folder of Rego; "": the built-in library
	Settings  string     `yaml:"settings"` // a file; "": all defaults
	Keys      Keys       `yaml:"keys"`
	GitHub    *GitHub    `yaml:"github"` // nil: nothing is shown anywhere, findings end up in the report
	Jira      *Jira      `yaml:"jira"`
	Slack     *Slack     `yaml:"slack"`
	Heartbeat *Heartbeat `yaml:"heartbeat"`
	Rhythm    Span       `yaml:"rhythm"` // how often a run over everything is due; "": nobody misses one
	Retention Retention  `yaml:"retention"`
	Risk      Risk       `yaml:"risk"`
	Sources   []Source   `yaml:"sources"`

	File  string `yaml:"-"` // where it was read
	Base  string `yaml:"-"` // the folder relative paths start from
	Found bool   `yaml:"-"` // false: there was no file and all of this is defaults
}

// Keys name the files of the two keys; `sluice init` makes them.
type Keys struct {
	MarkersFile string `yaml:"markers_file"` // signs the markers in our comments
	SecretsFile string `yaml:"secrets_file"` // hashes secrets; losing it orphans their identities
}

// GitHub says which GitHub and as whom: TokenEnv or App.
type GitHub struct {
	URL        string     `yaml:"url"` // the REST root as given; default https://api.github.com/
	GraphQLURL string     `yaml:"graphql_url"`
	TokenEnv   string     `yaml:"token_env"`
	App        *GitHubApp `yaml:"app"`
}

// GitHubApp authenticates as an installation of a GitHub App.
type GitHubApp struct {
	ID             int64  `yaml:"id"`
	InstallationID int64  `yaml:"installation_id"`
	PrivateKeyFile string `yaml:"private_key_file"`
}

// Jira says which Jira tasks are kept in, and as whom; where they go is a
// matter of the settings' routes.
type Jira struct {
	URL        string `yaml:"url"`
	Deployment string `yaml:"deployment"` // cloud or datacenter
	UserEnv    string `yaml:"user_env"`   // Cloud: the e-mail address that the token belongs to
	TokenEnv   string `yaml:"token_env"`
}

// Slack names the variable with the address that hears of each run's moves.
type Slack struct {
	WebhookEnv string `yaml:"webhook_env"`
}

// Heartbeat names the variable with the address that hears of each run; see Beat.
type Heartbeat struct {
	URLEnv string `yaml:"url_env"`
}

// Source is one place findings come from; see connectors.Config.
type Source struct {
	Name      string   `yaml:"name"`
	Type      string   `yaml:"type"`
	Path      PathList `yaml:"path"` // one template or a list
	Root      string   `yaml:"root"`
	SourceDir string   `yaml:"source_dir"` // may use {owner}, {name} and {repository}

	// Of a GitHub's alerts instead of a path: one of the two.
	Organisation string   `yaml:"organisation"`
	Repositories PathList `yaml:"repositories"` // owner/name
	WriteBack    bool     `yaml:"write_back"`   // what people decide here dismisses the alert there

	Rhythm Span `yaml:"rhythm"` // for how long it may fail to be read completely; "": for ever
}

// PathList is written as one text or as a list of them.
type PathList []string

// UnmarshalYAML reads either form.
func (p *PathList) UnmarshalYAML(node ast.Node) error {
	if list, ok := node.(*ast.SequenceNode); ok {
		return yaml.NodeToValue(list, (*[]string)(p))
	}
	var one string
	if err := yaml.NodeToValue(node, &one); err != nil {
		return err
	}
	*p = PathList{one}
	return nil
}

// maxConfig bounds what the parser is given; people write this file.
const maxConfig = 1 << 20

// LoadConfig reads sluice.yaml. A file that is not there gives the defaults,
// with Found false. What is wrong in the file is a *UsageError around a
// problem.List.
func LoadConfig(file string) (*Config, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	c := &Config{File: file, Base: filepath.Dir(abs)}
	text, err := os.ReadFile(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.fillIn()
		return c, nil
	case err != nil:
		return nil, &UsageError{Err: fmt.Errorf("read the configuration: %w", err)}
	}
	d := &configText{file: file, lines: strings.Split(string(text), "\n")}
	d.decode(text, c)
	if len(d.bad) == 0 {
		d.check(c)
	}
	if len(d.bad) > 0 {
		return nil, &UsageError{Err: d.bad}
	}
	c.File, c.Base, c.Found = file, filepath.Dir(abs), true // decoding an empty document forgets them
	c.fillIn()
	return c, nil
}

func (c *Config) fillIn() {
	c.Retention.fillIn()
	if c.Store == "" {
		c.Store = "sqlite:sluice.db"
	}
	if c.GitHub != nil && c.GitHub.URL == "" {
		c.GitHub.URL = "https://api.github.com/"
	}
}

// Absolute is a path of the configuration, seen from its folder.
func (c *Config) Absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Base, path)
}

// Near is a path of the configuration as a person at the prompt would write it.
func (c *Config) Near(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.File), path)
}

// StorePath is the database's file.
func (c *Config) StorePath() string {
	return c.Absolute(strings.TrimPrefix(c.Store, "sqlite:"))
}

// configText is the file while it is read: what is wrong in it is gathered, so
// that a person mends it in one go.
type configText struct {
	file  string
	lines []string
	root  *ast.File
	bad   problem.List
}

func (d *configText) decode(text []byte, c *Config) {
	if len(text) > maxConfig {
		d.add(nil, fmt.Sprintf("the file is larger than %d bytes", maxConfig), false)
		return
	}
	file, err := parser.ParseBytes(text, 0)
	if err == nil && len(file.Docs) > 1 {
		d.add(file.Docs[1].Start, "a second YAML document: keep one document in the file", false)
		return
	}
	if err == nil {
		d.root = file
		err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(c)
	}
	if err == nil || len(bytes.TrimSpace(text)) == 0 || isEmpty(file) {
		return
	}
	d.explain(err)
}

// isEmpty: a file of comments alone is all defaults.
func isEmpty(file *ast.File) bool {
	if file == nil {
		return false
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.NullType {
			return false
		}
	}
	return true
}

// explain puts the decoder's error in our words. None of them quotes a value:
// people do write secrets into this file.
func (d *configText) explain(err error) {
	var unknown *yaml.UnknownFieldError
	var twice *yaml.DuplicateKeyError
	var wrong *yaml.TypeError
	var syntax *yaml.SyntaxError
	var node *yaml.UnexpectedNodeTypeError
	switch {
	case errors.As(err, &unknown):
		name := unknown.Token.Value
		what := fmt.Sprintf("there is no key %q here", name)
		if near := Nearest(name, configKeys()); near != "" {
			what += fmt.Sprintf("; did you mean %q?", near)
		}
		if soundsSecret(name) {
			what = fmt.Sprintf("there is no key %q: secrets never stand in this file; name an environment variable with %s_env", name, name)
		}
		d.add(unknown.Token, what, false)
	case errors.As(err, &twice):
		d.add(twice.Token, "given twice; keep one", false)
	case errors.As(err, &wrong):
		d.add(wrong.Token, fmt.Sprintf("a value of another type is needed here: %s", kindOf(wrong)), false)
	case errors.As(err, &node):
		d.add(node.Token, fmt.Sprintf("a value of another type is needed here: %s", shapes[node.Expected]), false)
	case errors.As(err, &syntax):
		d.add(syntax.Token, "not valid YAML: "+syntax.Message, false)
	default:
		var other yaml.Error
		if errors.As(err, &other) {
			d.add(other.GetToken(), "this cannot be read: "+other.GetMessage(), false)
			return
		}
		d.add(nil, "this cannot be read: "+strings.SplitN(err.Error(), "\n", 2)[0], false)
	}
}

// shapes are what a value can be, for people.
var shapes = map[ast.NodeType]string{
	ast.SequenceType: "a list", ast.MappingType: "a mapping (key: value)", ast.MappingValueType: "a mapping (key: value)",
	ast.StringType: "text", ast.IntegerType: "a whole number",
}

func kindOf(e *yaml.TypeError) string {
	switch kind := e.DstType.Kind().String(); kind {
	case "struct", "ptr", "map":
		return "a mapping (key: value)"
	case "slice":
		return "a list"
	case "string":
		return "text"
	case "int64", "int":
		return "a whole number"
	default:
		return kind
	}
}

func soundsSecret(key string) bool {
	for _, word := range []string{"token", "secret", "password", "passwd", "key", "webhook"} {
		if strings.EqualFold(key, word) {
			return true
		}
	}
	return false
}

// add records a problem. The excerpt shows a line up to its key, and the value
// only where show says that it cannot be a secret.
func (d *configText) add(at *token.Token, what string, show bool) {
	p := problem.Problem{File: d.file, Line: 1, Column: 1, What: what}
	if at != nil && at.Position != nil {
		p.Line, p.Column = max(1, at.Position.Line), max(1, at.Position.Column)
		p.Excerpt = problem.Excerpt(d.lines, p.Line, p.Column)
	}
	if !show {
		p.Excerpt = hideValue(p.Excerpt, p.Column)
	}
	d.bad = append(d.bad, p)
}

// hideValue cuts a line after its first key. Where the column is beyond that,
// the line shows nothing that would help.
func hideValue(line string, column int) string {
	key, _, ok := strings.Cut(line, ":")
	if shown := key + ": ..."; ok && column <= len(shown) {
		return shown
	}
	return ""
}
