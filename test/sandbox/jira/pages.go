package jira

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed pages/*.html pages/style.css
var pageFiles embed.FS

// pages are what people look at: /ui/jira lists the projects, /ui/jira/{KEY} is a project's board with a column for each
// category of status, /ui/jira/browse/{KEY-1} an issue. They show everything to everybody, as it is now.
type pages struct {
	templates *template.Template
	style     template.CSS
}

func newPages() (*pages, error) {
	p := &pages{}
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	p.style = template.CSS(style) // our own file
	p.templates, err = template.New("").Funcs(template.FuncMap{
		"when":    func(t time.Time) string { return t.Format("2 Jan 2006, 15:04") },
		"initial": func(name string) string { return strings.ToUpper(string([]rune(name + "?")[:1])) },
		"hue":     hue,
		"lower":   strings.ToLower,
		"plural":  plural,
		"rich":    func(t Text) template.HTML { return richHTML(t.document()) },
	}).ParseFS(pageFiles, "pages/*.html")
	return p, err
}

// hue gives each name a colour of its own.
func hue(name string) int {
	sum := 0
	for _, c := range name {
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
	name, data := s.page(strings.Split(path, "/"))
	if data == nil {
		http.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&b, name, map[string]any{"Style": s.pages.style, "Deployment": s.world.Deployment, "Page": data}); err != nil {
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
func (s *Server) page(segments []string) (name string, data any) {
	switch {
	case len(segments) == 1 && segments[0] == "":
		return "projects.html", s.projectsPage()
	case len(segments) == 1:
		if p := s.world.Project(segments[0]); p != nil {
			return "board.html", s.boardPage(p)
		}
	case len(segments) == 2 && segments[0] == "browse":
		if i := s.world.Issue(segments[1]); i != nil {
			return "issue.html", s.issuePage(i)
		}
	}
	return "", nil
}

type projectRow struct {
	*Project
	Open, Done int
}

func (s *Server) projectsPage() []projectRow {
	rows := []projectRow{}
	for _, p := range s.world.Projects {
		row := projectRow{Project: p}
		for _, i := range s.world.Issues {
			switch {
			case i.Project != p.Key:
			case s.world.Category(i) == Done:
				row.Done++
			default:
				row.Open++
			}
		}
		rows = append(rows, row)
	}
	return rows
}

type column struct {
	Name   string
	Key    Category
	Issues []*Issue
}

// boardPage has the issues of a project by category, most urgent first.
func (s *Server) boardPage(p *Project) any {
	var columns []column
	for _, k := range []Category{ToDo, InProgress, Done} {
		col := column{Key: k}
		for _, known := range categories {
			if known.key == k {
				col.Name = known.name
			}
		}
		for _, i := range s.world.Issues {
			if i.Project == p.Key && s.world.Category(i) == k {
				col.Issues = append(col.Issues, i)
			}
		}
		slices.SortStableFunc(col.Issues, func(a, b *Issue) int { return s.rank(a) - s.rank(b) })
		columns = append(columns, col)
	}
	return map[string]any{"Project": p, "Columns": columns}
}

func (s *Server) rank(i *Issue) int {
	if i.Priority == "" {
		return len(s.world.Priorities)
	}
	return slices.IndexFunc(s.world.Priorities, func(n *Named) bool { return n.Name == i.Priority })
}

type detail struct{ Name, Value string }

type linkRow struct {
	Relation string
	Issue    *Issue
	Category Category
}

func (s *Server) issuePage(i *Issue) any {
	var details []detail
	put := func(name, value string) {
		if value != "" {
			details = append(details, detail{name, value})
		}
	}
	put("Resolution", i.Resolution)
	put("Components", strings.Join(i.Components, ", "))
	put("Due", i.Due)
	put("Security level", i.Security)
	for _, f := range s.world.Fields {
		put(f.Name, f.words(i))
	}
	var links []linkRow
	add := func(relation, key string) {
		if other := s.world.Issue(key); other != nil {
			links = append(links, linkRow{relation, other, s.world.Category(other)})
		}
	}
	if i.Parent != "" {
		add("belongs to", i.Parent)
	}
	for _, l := range s.world.Links {
		t := find(s.world.LinkTypes, func(t *LinkType) bool { return t.Name == l.Type })
		switch i.Key {
		case l.Inward:
			add(t.Outward, l.Outward)
		case l.Outward:
			add(t.Inward, l.Inward)
		}
	}
	for _, other := range s.world.Issues {
		if other.Parent == i.Key {
			add("contains", other.Key)
		}
	}
	return map[string]any{"Issue": i, "Project": s.world.Project(i.Project), "Category": s.world.Category(i), "Details": details, "Links": links,
		"History": newestFirst(i.History), "Properties": len(i.Properties)}
}
