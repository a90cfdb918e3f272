package promoter

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// A store that was restored from a backup is older than the world: what was
// shown since it does not know, and would show again. What is there is found
// by its marker, told from what is known by its token, and adopted here.
//
// The awkward truth: findings get their numbers anew when they are met again,
// so a post is matched by what it says and where it stands, not by a number.

// Adoption is the input of AdoptPosts, for one pull request.
type Adoption struct {
	Target Target
	Claims []Claim // what the policy lets through there
	Have   []Notice
	Posts  []StandingPost // those whose token the store does not know
	NextNo int64
	Render Renderer
	Now    time.Time
}

// AdoptPosts says which notices follow from posts that the store does not
// know: new ones, and known ones that have changed since. strange are posts
// on display about which nothing is known.
func AdoptPosts(a Adoption) (adopted []Notice, strange []StandingPost) {
	posts := slices.Clone(a.Posts)
	slices.SortFunc(posts, func(x, y StandingPost) int { return int(x.Remote.ID - y.Remote.ID) })
	wanted := a.inline()
	for _, post := range posts {
		if i := slices.IndexFunc(a.Have, func(n Notice) bool { return n.Surface == post.Surface && n.Remote.ID == post.Remote.ID }); i >= 0 {
			n := a.changed(a.Have[i], post)
			if post.Surface == SurfaceSummary {
				n.Items = a.joined(n.Items, post)
			}
			adopted = append(adopted, n)
			continue
		}
		w := a.match(&wanted, post)
		if w == nil {
			if !post.Withdrawn {
				strange = append(strange, post)
			}
			continue
		}
		adopted = append(adopted, a.taken(*w, post))
	}
	return adopted, strange
}

// inline are the comments that the claims would make, did nothing hold them
// back.
func (a Adoption) inline() []Wanted {
	var out []Wanted
	slot := map[string]int{}
	groups := map[string][]Claim{}
	for _, c := range a.Claims {
		if c.Anchor == nil || slices.ContainsFunc(a.Have, func(n Notice) bool { return n.Surface == SurfaceReview && n.Group == c.Group && n.Remote.ID != 0 }) {
			continue
		}
		if _, ok := slot[c.Group]; !ok {
			slot[c.Group] = len(out)
			out = append(out, Wanted{Surface: SurfaceReview, Group: c.Group, Anchor: c.Anchor})
		}
		groups[c.Group] = append(groups[c.Group], c)
	}
	for group, i := range slot {
		claims := groups[group]
		slices.SortStableFunc(claims, byValue)
		out[i].Items, out[i].Body = itemsOf(claims), a.Render.Comment(exhibitsOf(claims))
	}
	return out
}

// match takes from wanted what a post is about, nil for nothing.
func (a Adoption) match(wanted *[]Wanted, post StandingPost) *Wanted {
	if post.Surface == SurfaceSummary {
		return a.listed(post)
	}
	best, score := -1, 0
	for i, w := range *wanted {
		if s := likeness(w, post); s > score {
			best, score = i, s
		}
	}
	if best < 0 {
		return nil
	}
	w := (*wanted)[best]
	*wanted = slices.Delete(*wanted, best, best+1)
	return &w
}

// likeness says how well a post fits what is wanted: first by its words, then
// by its line; 0: not at all.
func likeness(w Wanted, post StandingPost) int {
	if w.Anchor.Path != post.Path {
		return 0
	}
	ours, theirs := nameless(w.Body), nameless(post.Body)
	sameLine := w.Anchor.Line == post.Line
	switch {
	case ours == theirs && sameLine:
		return 4
	case ours == theirs:
		return 3
	case post.Withdrawn && strings.Contains(theirs, ours):
		return 2
	case sameLine && !post.Withdrawn:
		return 1
	}
	return 0
}

// numberForm is how a finding's number stands in its name.
var numberForm = regexp.MustCompile(`:F[0-9]+\b`)

func nameless(body string) string {
	return strings.TrimSpace(numberForm.ReplaceAllString(strings.ReplaceAll(body, "\r\n", "\n"), ":F"))
}

// listed is the sticky summary with those of the claims that it lists, nil if
// it lists none of them and should be empty.
func (a Adoption) listed(post StandingPost) *Wanted {
	w := Wanted{Surface: SurfaceSummary, Group: GroupSummary}
	text := nameless(post.Body)
	for _, c := range a.Claims {
		for line := range strings.SplitSeq(nameless(a.Render.Summary(0, []Exhibit{c.Exhibit})), "\n") {
			if strings.HasPrefix(line, "- ") && strings.Contains(text, line) {
				w.Items = append(w.Items, itemsOf([]Claim{c})...)
				break
			}
		}
	}
	if len(w.Items) == 0 && !post.Withdrawn {
		return nil
	}
	return &w
}

// joined are a summary's items and what it lists besides.
func (a Adoption) joined(items []Item, post StandingPost) []Item {
	w := a.listed(post)
	if w == nil {
		return items
	}
	for _, i := range w.Items {
		if !live(items, i.Finding) {
			i.ShownAt = post.Created
			items = append(items, i)
		}
	}
	return items
}

// taken is a notice made of a post. What a person changed keeps no hash that
// could be overwritten.
func (a *Adoption) taken(w Wanted, post StandingPost) Notice {
	n := Notice{Surface: w.Surface, Target: a.Target, Group: w.Group, Generation: 1, State: NoticePosted, Anchor: w.Anchor, Items: w.Items}
	i := slices.IndexFunc(a.Have, func(h Notice) bool { return h.Surface == w.Surface && h.Group == w.Group })
	if i >= 0 { // planned and never posted, as far as was known
		n.No, n.Generation = a.Have[i].No, a.Have[i].Generation+1
	} else {
		n.No = a.NextNo
		a.NextNo++
	}
	for j := range n.Items {
		n.Items[j].ShownAt = post.Created
	}
	return a.changed(n, post)
}

// changed is a notice as a post of it shows it now.
func (a Adoption) changed(n Notice, post StandingPost) Notice {
	n.Items = slices.Clone(n.Items)
	thread := n.Remote.ThreadID
	n.Remote = post.Remote
	n.Remote.ThreadID = thread
	n.Body, n.Desired = post.Body, HashBody(post.Body)
	n.Shown, n.Posted = n.Desired, ""
	if post.Intact {
		n.Posted = post.Posted
	}
	n.State = NoticePosted
	if post.Withdrawn {
		n.State, n.Cause = NoticeWithdrawn, RemovedPolicy
		n.Items = Planning{Now: a.Now, Cause: func(int64) RemovalCause { return RemovedPolicy }}.mergedItems(n.Items, nil)
	}
	return n
}

// AdoptTasks does the same for tasks, of one repository: p says what there is
// and what is wanted of it. all are the tracker's of that repository. Those
// that fit in every way are matched before those that fit in some.
func AdoptTasks(p TaskPlanning, claims []Claim, all []StandingTask) (adopted []Notice, strange []StandingTask) {
	p.Have = slices.Clone(p.Have)
	var rest []StandingTask
	for _, st := range all {
		i := slices.IndexFunc(p.Have, func(n Notice) bool { return n.Remote.ID == st.Remote.ID })
		if i < 0 {
			rest = append(rest, st)
			continue
		}
		if n := p.asFound(p.Have[i], st); n.State != p.Have[i].State {
			p.Have[i] = n
			adopted = append(adopted, n)
		}
	}
	for least := exactFit; least > noFit; least-- {
		var left []StandingTask
		for _, st := range rest {
			w := p.about(claims, st, least)
			if w == nil {
				left = append(left, st)
				continue
			}
			n := p.madeOf(*w, st)
			p.NextNo = max(p.NextNo, n.No+1)
			p.Have = append(slices.DeleteFunc(p.Have, func(h Notice) bool { return h.No == n.No }), n)
			adopted = append(adopted, n)
		}
		rest = left
	}
	return adopted, slices.DeleteFunc(rest, func(st StandingTask) bool { return st.Closed || st.Cause != "" })
}

// madeOf is a notice made of a task.
func (p TaskPlanning) madeOf(w WantedTask, st StandingTask) Notice {
	last := newestTask(p.Have, w.Group)
	n := Notice{No: p.NextNo, Surface: SurfaceTask, Target: Target{RepoID: p.Repository.ID}, Group: nextGroup(last, w.Group)}
	if last != nil && last.Remote.ID == 0 { // planned and never made, as far as was known
		n = *last
	}
	n.State = NoticePlanned
	n = p.dressed(n, w)
	n.State, n.Remote, n.Posted = NoticePosted, st.Remote, st.Posted
	n.Task.Route, n.Task.Due, n.Task.Links = st.Route, st.Due, nil
	n.Shown = "" // its description is not known: an edit compares it
	for i := range n.Items {
		n.Items[i].ShownAt = st.Created
	}
	return p.asFound(n, st)
}

// asFound is a notice with what became of its task.
func (p TaskPlanning) asFound(n Notice, st StandingTask) Notice {
	switch {
	case st.Closed && n.State != NoticeLost:
		n.State = NoticeClosedByPerson
	case st.Cause != "" && n.State == NoticePosted:
		n.State, n.Cause = NoticeWithdrawn, st.Cause
		n.Items = Planning{Now: p.Now, Cause: func(int64) RemovalCause { return st.Cause }}.mergedItems(n.Items, nil)
	}
	return n
}

// How well claims fit a task.
const (
	noFit      = iota
	backlogFit // its title, and it would need a campaign
	titleFit   // its title
	exactFit   // its group, and for a single finding its title, too
)

// about are the claims, in no known task, that fit a task at least so well.
func (p TaskPlanning) about(claims []Claim, st StandingTask, least int) *WantedTask {
	groups := map[string][]Claim{}
	var order []string
	for _, c := range claims {
		if slices.ContainsFunc(p.Have, func(n Notice) bool { return n.Remote.ID != 0 && holds(n, c.Finding) }) {
			continue
		}
		if groups[c.Group] == nil {
			order = append(order, c.Group)
		}
		groups[c.Group] = append(groups[c.Group], c)
	}
	for _, group := range order {
		if p.fit(group, groups[group], st) >= least {
			return &WantedTask{Group: group, Claims: groups[group]}
		}
	}
	return nil
}

func (p TaskPlanning) fit(group string, claims []Claim, st StandingTask) int {
	title, _ := p.Render.Task(exhibitsOf(claims))
	switch same := BaseGroup(st.Group) == group; {
	case same && (title == st.Title || !numbered(group)):
		return exactFit
	case title != st.Title || !numbered(group):
		return noFit
	case claims[0].Backlog:
		return backlogFit
	}
	return titleFit
}

// numbered tells whether a group is one finding, by its number.
func numbered(group string) bool { return groupForm.MatchString(group) }

var groupForm = regexp.MustCompile(`^F[0-9]+$`)

// holds tells whether a finding is, or was, on a notice.
func holds(n Notice, finding int64) bool {
	return slices.ContainsFunc(n.Items, func(i Item) bool { return i.Finding == finding })
}
