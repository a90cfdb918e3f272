package github

import (
	"time"
)

// World is everything the server knows. Times are UTC, to the second.
type World struct {
	LastID       int64                 `json:"last_id"` // ids of everything come from one counter
	People       []*Person             `json:"people"`
	Apps         []*App                `json:"apps"`
	Tokens       []*Token              `json:"tokens"`
	Repositories []*Repository         `json:"repositories"`
	Mails        []Mail                `json:"mails"`
	Requests     map[string]RouteCount `json:"requests"` // by "METHOD route"
	Log          []LoggedRequest       `json:"log"`      // the last requests, oldest first, at most maxLog
	Content      int                   `json:"content"`  // content-creating requests that were not refused
}

const maxLog = 1000

// Person is an account.
type Person struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"` // User or Bot
}

// Level is what a person may do in a repository.
type Level string

// The levels the double knows, from least to most. In a public repository everybody has at least Read.
const (
	None  Level = "none"
	Read  Level = "read"
	Write Level = "write"
	Admin Level = "admin"
)

// App is a GitHub App with its one installation. Its bot is the person "<slug>[bot]".
type App struct {
	ID           int64             `json:"id"`
	Slug         string            `json:"slug"`
	Installation int64             `json:"installation"`
	PublicKey    string            `json:"public_key"`   // PEM (PKIX); checks the App's JSON Web Tokens
	Permissions  map[string]string `json:"permissions"`  // "pull_requests": "write"
	Repositories []string          `json:"repositories"` // owner/name; empty means all
}

// Token is a credential. Permissions nil means that it can do what its person can (a classic token).
type Token struct {
	Value        string            `json:"value"`
	Login        string            `json:"login"`
	App          bool              `json:"app"` // an installation's: it cannot ask who it is, and is refused "by integration"
	Permissions  map[string]string `json:"permissions"`
	Repositories []string          `json:"repositories"` // owner/name; empty means all
	Expires      time.Time         `json:"expires"`      // zero means never
}

// Repository is one repository; Git is the path of the bare repository behind it.
type Repository struct {
	ID            int64            `json:"id"`
	Owner         string           `json:"owner"`
	Name          string           `json:"name"`
	Former        []string         `json:"former"` // owner/name it had before
	Private       bool             `json:"private"`
	DefaultBranch string           `json:"default_branch"`
	Git           string           `json:"git"`
	Collaborators map[string]Level `json:"collaborators"`
	PullRequests  []*PullRequest   `json:"pull_requests"`
	CheckRuns     []*CheckRun      `json:"check_runs"`
	Created       time.Time        `json:"created"`
	Facts
	Alerts
}

// FullName is owner/name.
func (r *Repository) FullName() string { return r.Owner + "/" + r.Name }

// PullRequest is one pull request. The hashes are those of the last look at the git repository; World() looks first.
type PullRequest struct {
	ID             int64            `json:"id"`
	Number         int              `json:"number"`
	Title          string           `json:"title"`
	Body           string           `json:"body"`
	Author         string           `json:"author"`
	State          string           `json:"state"` // open or closed
	Draft          bool             `json:"draft"`
	Head           string           `json:"head"` // branch
	Base           string           `json:"base"` // branch
	HeadSHA        string           `json:"head_sha"`
	BaseSHA        string           `json:"base_sha"`
	MergeBase      string           `json:"merge_base"`
	MergeCommit    string           `json:"merge_commit"` // of a merge, or of the trial merge while open; empty on conflict
	MergedBy       string           `json:"merged_by"`    // empty if not merged
	MergedAt       time.Time        `json:"merged_at"`
	ClosedAt       time.Time        `json:"closed_at"`
	Created        time.Time        `json:"created"`
	Updated        time.Time        `json:"updated"`
	Reviews        []*Review        `json:"reviews"`
	ReviewComments []*ReviewComment `json:"review_comments"`
	Threads        []*Thread        `json:"threads"`
	Comments       []*IssueComment  `json:"comments"`
	Barred         []string         `json:"barred,omitempty"` // commit:path:line, see BarLine
}

// Review states, as REST writes them.
const (
	Pending          = "PENDING"
	Commented        = "COMMENTED"
	Approved         = "APPROVED"
	ChangesRequested = "CHANGES_REQUESTED"
	Dismissed        = "DISMISSED"
)

// Review is one review. GitHub makes one for each reply and single comment, too: those have Single set.
type Review struct {
	ID        int64     `json:"id"`
	Author    string    `json:"author"`
	State     string    `json:"state"`
	Body      string    `json:"body"`
	Commit    string    `json:"commit"`
	Single    bool      `json:"single"`
	Submitted time.Time `json:"submitted"` // zero while pending
}

// ReviewComment is a comment on a line, or a reply to one. Line is 0 once it is outdated; positions likewise.
type ReviewComment struct {
	ID                int64      `json:"id"`
	Review            int64      `json:"review"`
	Thread            int64      `json:"thread"`   // id of the thread's first comment
	ReplyTo           int64      `json:"reply_to"` // 0 for the first comment
	Author            string     `json:"author"`
	Body              string     `json:"body"`
	Path              string     `json:"path"` // as the file was called when the comment was made
	Side              string     `json:"side"`
	StartSide         string     `json:"start_side"` // empty for one line
	Line              int        `json:"line"`
	StartLine         int        `json:"start_line"` // 0 for one line
	Position          int        `json:"position"`
	OriginalLine      int        `json:"original_line"`
	OriginalStartLine int        `json:"original_start_line"`
	OriginalPosition  int        `json:"original_position"`
	Commit            string     `json:"commit"` // the last head on which it had a line
	OriginalCommit    string     `json:"original_commit"`
	OriginalBase      string     `json:"original_base"` // the merge base then
	DiffHunk          string     `json:"diff_hunk"`
	Minimized         string     `json:"minimized"` // the classifier, or empty
	Reactions         []Reaction `json:"reactions"`
	Edits             int        `json:"edits"`
	Created           time.Time  `json:"created"`
	Updated           time.Time  `json:"updated"`
}

// Thread is a conversation on a line.
type Thread struct {
	First      int64  `json:"first"` // id of its first comment
	Node       string `json:"node"`
	Resolved   bool   `json:"resolved"`
	ResolvedBy string `json:"resolved_by"`
}

// IssueComment is a comment on the pull request as a whole.
type IssueComment struct {
	ID        int64      `json:"id"`
	Author    string     `json:"author"`
	Body      string     `json:"body"`
	Minimized string     `json:"minimized"`
	Reactions []Reaction `json:"reactions"`
	Edits     int        `json:"edits"`
	Created   time.Time  `json:"created"`
	Updated   time.Time  `json:"updated"`
}

// Reaction is one emoji of one person.
type Reaction struct {
	ID      int64     `json:"id"`
	Login   string    `json:"login"`
	Content string    `json:"content"` // +1, -1, laugh, confused, heart, hooray, rocket, eyes
	Created time.Time `json:"created"`
}

// Mail is one notification GitHub would send to the people of a pull request: one for a submitted review with all its
// comments, one for a comment of its own, one for a reply.
type Mail struct {
	At         time.Time `json:"at"`
	Repository string    `json:"repository"`
	Number     int       `json:"number"`
	Kind       string    `json:"kind"` // review, comment, reply
	From       string    `json:"from"`
	ID         int64     `json:"id"`       // of the review (kind review) or the comment
	Comments   int       `json:"comments"` // how many comments it carries
}

// RouteCount counts the requests of one route.
type RouteCount struct {
	Requests    int `json:"requests"`
	NotModified int `json:"not_modified"` // answered 304, free of quota
	Refused     int `json:"refused"`      // answered 4xx or 5xx
}

// LoggedRequest is one request as it was answered.
type LoggedRequest struct {
	At     time.Time `json:"at"`
	Route  string    `json:"route"` // "METHOD route"
	Path   string    `json:"path"`
	Login  string    `json:"login"`
	Status int       `json:"status"`
}

// Repository finds a repository by owner/name, or returns nil.
func (w *World) Repository(fullName string) *Repository {
	for _, r := range w.Repositories {
		if equalFold(r.FullName(), fullName) {
			return r
		}
	}
	return nil
}

// PullRequest finds a pull request by number, or returns nil.
func (r *Repository) PullRequest(number int) *PullRequest {
	for _, p := range r.PullRequests {
		if p.Number == number {
			return p
		}
	}
	return nil
}

// Review finds a review by id, or returns nil.
func (p *PullRequest) Review(id int64) *Review {
	for _, r := range p.Reviews {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Thread finds the thread of a comment, by the id of any comment in it, or returns nil.
func (p *PullRequest) Thread(comment int64) *Thread {
	for _, c := range p.ReviewComments {
		if c.ID != comment {
			continue
		}
		for _, t := range p.Threads {
			if t.First == c.Thread {
				return t
			}
		}
	}
	return nil
}

// pending says whether a comment belongs to a review that is not submitted.
func (p *PullRequest) pending(c *ReviewComment) bool {
	r := p.Review(c.Review)
	return r != nil && r.State == Pending
}
