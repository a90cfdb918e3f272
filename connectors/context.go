package connectors

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Context says what a report is about. Every field may be empty.
type Context struct {
	Owner, Name string // owner may hold slashes where the host nests groups
	Branch      string // without refs/heads/; the scanned branch, not a pull request's target
	PullRequest int    // 0: none
	Commit      string // the scanned commit, 7 to 64 lower-case hexadecimal digits
	Category    string // tells scans of one tool apart, as SARIF's automationDetails.id does
}

// Repository is "owner/name", or "" unless both are known.
func (c Context) Repository() string {
	if c.Owner == "" || c.Name == "" {
		return ""
	}
	return c.Owner + "/" + c.Name
}

// Ref is "refs/pull/7/head", "refs/heads/main" or "" when neither is known. A
// pull request's number wins over a branch.
func (c Context) Ref() string {
	switch {
	case c.PullRequest > 0:
		return fmt.Sprintf("refs/pull/%d/head", c.PullRequest)
	case c.Branch != "":
		return "refs/heads/" + c.Branch
	}
	return ""
}

// Validate checks every field that is set and reports the first that cannot be.
func (c Context) Validate() error {
	for _, check := range []struct {
		name, value string
		valid       func(string) error
	}{
		{"owner", c.Owner, validOwner},
		{"name", c.Name, validName},
		{"branch", c.Branch, validBranch},
		{"commit", c.Commit, validCommit},
		{"category", c.Category, validCategory},
	} {
		if check.value == "" {
			continue
		}
		if err := check.valid(check.value); err != nil {
			return fmt.Errorf("%s %q: %w", check.name, check.value, err)
		}
	}
	if c.PullRequest < 0 {
		return fmt.Errorf("pull request %d is not a positive number", c.PullRequest)
	}
	return nil
}

// over lays what a path captured over the fixed context. If the path speaks of
// another repository or another ref than the fixed context does, what belongs
// to the fixed one's ref says nothing about it: a job that runs for one pull
// request may well read the base branch's report.
func (c Context) over(fixed Context) Context {
	out := fixed
	otherRepository := differs(c.Owner, fixed.Owner) || differs(c.Name, fixed.Name)
	otherRef := c.Ref() != "" && c.Ref() != fixed.Ref()
	if otherRepository || otherRef {
		out.Branch, out.PullRequest, out.Commit = "", 0, ""
	}
	if c.Owner != "" {
		out.Owner = c.Owner
	}
	if c.Name != "" {
		out.Name = c.Name
	}
	if c.Branch != "" {
		out.Branch = c.Branch
	}
	if c.PullRequest != 0 {
		out.PullRequest = c.PullRequest
	}
	if c.Commit != "" {
		out.Commit = c.Commit
	}
	if c.Category != "" {
		out.Category = c.Category
	}
	return out
}

// differs: hosts compare owners and names without regard to case.
func differs(captured, fixed string) bool {
	return captured != "" && !strings.EqualFold(captured, fixed)
}

// captureNames are the captures a template may use. "repository" is written
// out as "{owner}/{name}" before a template is read.
var captureNames = []string{"owner", "name", "repository", "branch", "pull_request", "commit", "category"}

// set stores one captured value, or says why it cannot be one.
func (c *Context) set(name, value string) (err error) {
	switch name {
	case "owner":
		c.Owner, err = value, validOwner(value)
	case "name":
		c.Name, err = value, validName(value)
	case "branch":
		if c.Branch, err = url.PathUnescape(value); err == nil {
			err = validBranch(c.Branch)
		}
	case "category":
		if c.Category, err = url.PathUnescape(value); err == nil {
			err = validCategory(c.Category)
		}
	case "commit":
		c.Commit = strings.ToLower(value)
		err = validCommit(c.Commit)
	case "pull_request":
		c.PullRequest, err = pullRequestNumber(value)
	}
	return err
}

// get is the inverse of set, for filling a template in.
func (c Context) get(name string) string {
	switch name {
	case "owner":
		return c.Owner
	case "name":
		return c.Name
	case "branch":
		return url.PathEscape(c.Branch)
	case "category":
		return url.PathEscape(c.Category)
	case "commit":
		return c.Commit
	case "pull_request":
		if c.PullRequest > 0 {
			return strconv.Itoa(c.PullRequest)
		}
	}
	return ""
}

// The character sets are those GitHub allows; owners of other hosts may nest.
var (
	ownerPattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:/[A-Za-z0-9_.-]+)*$`)
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	commitPattern = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
)

func validOwner(s string) error {
	if !ownerPattern.MatchString(s) || climbs(s) {
		return fmt.Errorf("not an owner's name (letters, digits, - and _)")
	}
	return nil
}

func validName(s string) error {
	if !namePattern.MatchString(s) || climbs(s) {
		return fmt.Errorf("not a repository's name (letters, digits, - _ and .)")
	}
	return nil
}

func validCommit(s string) error {
	if !commitPattern.MatchString(s) {
		return fmt.Errorf("not a commit (7 to 64 hexadecimal digits)")
	}
	return nil
}

// validBranch follows the rules of git check-ref-format that keep a name from
// being mistaken for something else.
func validBranch(s string) error {
	switch {
	case len(s) > 255, strings.ContainsFunc(s, unprintable), strings.ContainsAny(s, " ~^:?*[\\"),
		strings.Contains(s, ".."), strings.Contains(s, "//"), strings.Contains(s, "@{"),
		strings.HasPrefix(s, "."), strings.Contains(s, "/."),
		strings.HasPrefix(s, "/"), strings.HasPrefix(s, "-"), strings.HasSuffix(s, "/"),
		strings.HasSuffix(s, "."), strings.HasSuffix(s, ".lock"), s == "":
		return fmt.Errorf("not a branch's name (see git check-ref-format; a slash in a folder's name is written %%2F)")
	}
	return nil
}

func validCategory(s string) error {
	if len(s) > 255 || climbs(s) || strings.ContainsFunc(s, unprintable) {
		return fmt.Errorf("not a category (at most 255 printable bytes, no ..)")
	}
	return nil
}

func pullRequestNumber(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n <= 0 || s[0] < '1' {
		return 0, fmt.Errorf("not a pull request's number")
	}
	return int(n), nil
}

func climbs(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }
