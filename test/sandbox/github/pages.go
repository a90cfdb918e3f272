package github

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github/patch"
)

//go:embed pages/*.html pages/style.css
var pageFiles embed.FS

// pages are what people look at, below /ui/: /ui/ lists the repositories, /ui/{owner}/{name} the pull requests,
// /ui/{owner}/{name}/pull/{n} shows one. They show what everybody may see: pending reviews are only counted.
type pages struct {
	templates *template.Template
	markdown  *markdown
	style     template.CSS
}

func newPages() (*pages, error) {
	p := &pages{markdown: newMarkdown()}
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	p.style = template.CSS(style) // our own file
	p.templates, err = template.New("").Funcs(template.FuncMap{
		"when":     func(t time.Time) string { return t.Format("2 Jan 2006, 15:04") },
		"initial":  func(login string) string { return strings.ToUpper(login[:min(1, len(login))]) },
		"hue":      hue,
		"short":    func(hash string) string { return hash[:min(7, len(hash))] },
		"lower":    strings.ToLower,
		"markdown": func(text string) template.HTML { return p.markdown.html(text, "") },
		"plural":   plural,
	}).ParseFS(pageFiles, "pages/*.html")
	return p, err
}

// emoji are signs that every font has; the names are in the titles.
var emoji = map[string]string{"+1": "+1", "-1": "−1", "laugh": "☺", "confused": "?", "heart": "♥", "hooray": "★", "rocket": "➚", "eyes": "◉"}

// hue gives each login a colour of its own.
func hue(login string) int {
	sum := 0
	for _, c := range login {
		sum = (sum*31 + int(c)) % 360
	}
	return sum
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, path string) {
	name, data, err := s.page(split(path))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if data == nil {
		http.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&b, name, map[string]any{"Style": s.pages.style, "Page": data}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b.Bytes())
}

// page chooses the template and what it shows; nil data means there is no such page.
func (s *Server) page(segments []string) (name string, data any, err error) {
	if len(segments) == 1 && segments[0] == "" {
		return "repositories.html", s.repositoriesPage(), nil
	}
	if len(segments) < 2 {
		return "", nil, nil
	}
	r := s.world.Repository(segments[0] + "/" + segments[1])
	if r == nil {
		return "", nil, nil
	}
	for _, p := range r.PullRequests {
		if err := s.refresh(r, p); err != nil {
			return "", nil, err
		}
	}
	if len(segments) == 2 {
		return "repository.html", s.repositoryPage(r), nil
	}
	if len(segments) == 4 && segments[2] == "pull" {
		n, _ := strconv.Atoi(segments[3])
		if p := r.PullRequest(n); p != nil {
			view, err := s.pullPage(r, p)
			return "pull.html", view, err
		}
	}
	return "", nil, nil
}

type repositoryRow struct {
	*Repository
	Open, Mails int
}

func (s *Server) repositoriesPage() []repositoryRow {
	rows := []repositoryRow{}
	for _, r := range s.world.Repositories {
		row := repositoryRow{Repository: r, Mails: s.mails(r, 0)}
		for _, p := range r.PullRequests {
			if p.State == "open" {
				row.Open++
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// mails counts those of a repository, or of one pull request.
func (s *Server) mails(r *Repository, number int) int {
	n := 0
	for _, m := range s.world.Mails {
		if m.Repository == r.FullName() && (number == 0 || m.Number == number) {
			n++
		}
	}
	return n
}

type pullRow struct {
	*PullRequest
	Status          string
	Threads, Unseen int
	Mails           int
}

func (s *Server) repositoryPage(r *Repository) any {
	var rows []pullRow
	for _, p := range slices.Backward(r.PullRequests) {
		row := pullRow{PullRequest: p, Status: p.status(), Mails: s.mails(r, p.Number)}
		for _, t := range p.Threads {
			if m := p.comment(t.First); m != nil && p.pending(m) {
				continue
			}
			row.Threads++
			if !t.Resolved {
				row.Unseen++
			}
		}
		rows = append(rows, row)
	}
	return map[string]any{"Repository": r, "Rows": rows}
}

func (p *PullRequest) status() string {
	switch {
	case p.MergedBy != "":
		return "Merged"
	case p.State == "closed":
		return "Closed"
	case p.Draft:
		return "Draft"
	}
	return "Open"
}

type diffLine struct {
	Kind, Old, New, Text string
}

type commentView struct {
	*ReviewComment
	HTML      template.HTML
	Reactions []reactionView
	Bot       bool
}

type reactionView struct {
	Sign, Name, Logins string
}

type threadView struct {
	*Thread
	Path     string
	Lines    string
	Outdated bool
	Diff     []diffLine
	Comments []commentView
}

// event is one entry of the conversation: a review with its threads, or a comment.
type event struct {
	At        time.Time
	ID        int64
	Author    string
	Bot       bool
	Review    *Review
	Comment   *IssueComment
	HTML      template.HTML
	Reactions []reactionView
	Threads   []threadView
}

// checkView is a check run of a pull request's head.
type checkView struct {
	*CheckRun
	HTML template.HTML
}

func (s *Server) pullPage(r *Repository, p *PullRequest) (any, error) {
	var events []event
	pending := 0
	for _, v := range p.Reviews {
		if v.State == Pending {
			pending++
			continue
		}
		e := event{At: v.Submitted, ID: v.ID, Author: v.Author, Bot: s.isBot(v.Author), Review: v, HTML: s.pages.markdown.html(v.Body, "")}
		for _, t := range p.Threads {
			if m := p.comment(t.First); m != nil && m.Review == v.ID {
				e.Threads = append(e.Threads, s.threadView(p, t))
			}
		}
		if v.Body != "" || len(e.Threads) > 0 || v.State != Commented {
			events = append(events, e)
		}
	}
	for _, m := range p.Comments {
		events = append(events, event{At: m.Created, ID: m.ID, Author: m.Author, Bot: s.isBot(m.Author), Comment: m,
			HTML: s.pages.markdown.html(m.Body, ""), Reactions: reactionViews(m.Reactions)})
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	files, err := s.files(r, p)
	if err != nil {
		return nil, err
	}
	var checks []checkView
	for _, c := range r.CheckRuns {
		if c.HeadSHA == p.HeadSHA {
			checks = append(checks, checkView{c, s.pages.markdown.html(c.Summary, "")})
		}
	}
	return map[string]any{"Repository": r, "Pull": p, "Checks": checks, "Status": p.status(), "Events": events, "Pending": pending,
		"Mails": s.mails(r, p.Number), "Files": len(files)}, nil
}

func (s *Server) isBot(login string) bool {
	p := s.person(login)
	return p != nil && p.Type == "Bot"
}

func (s *Server) threadView(p *PullRequest, t *Thread) threadView {
	first := p.comment(t.First)
	v := threadView{Thread: t, Path: first.Path, Outdated: first.Line == 0, Diff: diffLines(first)}
	from, to := first.StartLine, first.Line
	if v.Outdated {
		from, to = first.OriginalStartLine, first.OriginalLine
	}
	v.Lines = fmt.Sprintf("line %d", to)
	if from != 0 {
		v.Lines = fmt.Sprintf("lines %d to %d", from, to)
	}
	original := originalCode(first)
	for _, m := range p.ReviewComments {
		if m.Thread == t.First && !p.pending(m) {
			v.Comments = append(v.Comments, commentView{ReviewComment: m, HTML: s.pages.markdown.html(m.Body, original),
				Reactions: reactionViews(m.Reactions), Bot: s.isBot(m.Author)})
		}
	}
	return v
}

func reactionViews(reactions []Reaction) []reactionView {
	var views []reactionView
	for _, name := range reactionNames {
		var logins []string
		for _, r := range reactions {
			if r.Content == name {
				logins = append(logins, r.Login)
			}
		}
		if logins != nil {
			views = append(views, reactionView{emoji[name], name, strings.Join(logins, ", ")})
		}
	}
	return views
}

// diffLines are the last lines of the comment's hunk, as many as the comment spans and three more.
func diffLines(m *ReviewComment) []diffLine {
	lines := patch.Lines(m.DiffHunk)
	n := 4
	if m.OriginalStartLine != 0 {
		n += m.OriginalLine - m.OriginalStartLine
	}
	var out []diffLine
	for _, l := range lines[max(0, len(lines)-n):] {
		d := diffLine{Kind: map[byte]string{'+': "add", '-': "del", ' ': "same"}[l.Kind], Text: string(l.Kind) + " " + l.Text}
		if l.Old > 0 {
			d.Old = strconv.Itoa(l.Old)
		}
		if l.New > 0 {
			d.New = strconv.Itoa(l.New)
		}
		out = append(out, d)
	}
	return out
}

// originalCode is the text of the lines a comment is about.
func originalCode(m *ReviewComment) string {
	from := m.OriginalStartLine
	if from == 0 {
		from = m.OriginalLine
	}
	var b strings.Builder
	for _, l := range patch.Lines(m.DiffHunk) {
		n := l.New
		if m.Side == string(patch.Left) {
			n = l.Old
		}
		if n >= from && n <= m.OriginalLine {
			b.WriteString(l.Text + "\n")
		}
	}
	return b.String()
}
