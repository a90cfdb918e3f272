package promoter

import (
	"slices"
	"time"
)

// Listening is what people say in one pull request, and what is known of it.
type Listening struct {
	Target    Target
	Notices   []Notice
	Hearing   Hearing
	Standing  []Verdict                         // by reaction and reply, that nobody took back
	Heard     []Heard                           // comments that were read before
	MayAnswer func(login string) (bool, error)  // has write access
	Person    func(login string) (int64, error) // the number of a person
	Now       time.Time
}

// Heeded is what follows from a hearing.
type Heeded struct {
	Verdicts []Verdict // all that stand; the store leaves what it has
	Retract  []int64
	Heard    []Heard // comments about which something else is known than before
	Acks     []Heard // verdicts to acknowledge
	Replies  []Owed
}

// Owed is a reply that a comment asks for.
type Owed struct {
	Heard   Heard
	Problem string
}

// mostReplies is how often one person is answered in one pull request: somebody
// who asks more than that is a machine, or plays.
const mostReplies = 10

// Heed says what follows from a hearing. Heard again, the same follows. It
// fails only with what MayAnswer and Person fail with.
func Heed(l Listening) (Heeded, error) {
	h := heeding{Listening: l, known: map[string]Heard{}, stands: map[string][]Verdict{}, said: map[string]bool{}}
	for _, k := range l.Heard {
		h.known[k.Comment] = k
	}
	for _, v := range l.Standing {
		h.stands[key(v.Source, v.ExternalID)] = append(h.stands[key(v.Source, v.ExternalID)], v)
	}
	for _, u := range l.Hearing.Utterances {
		if err := h.utterance(u); err != nil {
			return Heeded{}, err
		}
	}
	if l.Hearing.Complete {
		h.takenBack()
	}
	return h.Heeded, nil
}

func key(source VerdictSource, id string) string { return string(source) + " " + id }

type heeding struct {
	Listening
	Heeded
	known  map[string]Heard     // by comment
	stands map[string][]Verdict // by source and external id
	said   map[string]bool      // likewise: verdicts that were heard again
}

func (h *heeding) utterance(u Utterance) error {
	c := u.Said()
	comment := u.Reaction == ""
	if !comment && c.Kind == "" {
		return nil
	}
	row := Heard{RepoID: h.Target.RepoID, PullRequest: h.Target.PullRequest, Comment: u.ID, Notice: u.Notice, Topic: c.Topic, At: u.At}
	if c.Topic == TopicWords || u.Bot && c.Kind == "" {
		if comment {
			h.hear(row, u)
		}
		return nil
	}
	var err error
	if row.Person, err = h.Person(u.Login); err != nil {
		return err
	}
	switch {
	case c.Kind == "":
	case u.Notice == 0:
		row.Topic = TopicNowhere
	default:
		uncounted, err := h.uncounted(u, c)
		if err != nil {
			return err
		}
		h.verdict(u, c, row.Person, uncounted)
		if uncounted == NotAMember {
			row.Topic = TopicOutsider
		}
	}
	if comment {
		h.respond(h.hear(row, u), c, u)
	}
	return nil
}

// uncounted says why a verdict does not count. What was accepted once stays so,
// also when the person has left since; what they make of it then does not.
func (h *heeding) uncounted(u Utterance, c Command) (string, error) {
	if u.Bot {
		return NotAPerson, nil
	}
	for _, v := range h.stands[key(u.Source(), u.ID)] {
		if v.Kind == c.Kind && v.Reason == c.Reason && v.Until.Equal(c.Until) {
			return v.Uncounted, nil
		}
	}
	may, err := h.MayAnswer(u.Login)
	if err != nil || may {
		return "", err
	}
	return NotAMember, nil
}

// verdict answers for all items that were on display when it was given.
func (h *heeding) verdict(u Utterance, c Command, person int64, uncounted string) {
	k := key(u.Source(), u.ID)
	h.said[k] = true
	v := Verdict{
		RepoID: h.Target.RepoID, Notice: u.Notice, Person: person, Kind: c.Kind, Source: u.Source(), ExternalID: u.ID,
		Reason: c.Reason, Until: c.Until, At: u.Time(), Uncounted: uncounted,
	}
	if before := h.stands[k]; len(before) > 0 { // about what it was about at first
		for _, old := range before {
			v.Finding = old.Finding
			h.Verdicts = append(h.Verdicts, v)
		}
		return
	}
	i := slices.IndexFunc(h.Notices, func(n Notice) bool { return n.No == u.Notice })
	if i < 0 {
		return
	}
	for _, finding := range OnDisplayAt(h.Notices[i], v.At) {
		v.Finding = finding
		h.Verdicts = append(h.Verdicts, v)
	}
}

// OnDisplayAt lists the findings that a notice showed at a moment; if it showed
// none then, those it showed last.
func OnDisplayAt(n Notice, at time.Time) []int64 {
	forever := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	var then, last []int64
	var latest time.Time
	for _, i := range n.Items {
		if i.ShownAt.IsZero() {
			continue
		}
		end := i.Removed
		if i.Live() {
			end = forever
		}
		if !i.ShownAt.After(at) && end.After(at) {
			then = append(then, i.Finding)
		}
		if end.After(latest) {
			last, latest = nil, end
		}
		if end.Equal(latest) {
			last = append(last, i.Finding)
		}
	}
	if len(then) > 0 {
		return then
	}
	return last
}

// hear books that a comment was read, keeping how far it was answered.
func (h *heeding) hear(row Heard, u Utterance) Heard {
	old, known := h.known[row.Comment]
	row.Acked, row.Replied = old.Acked, old.Replied
	if row.Replied.IsZero() && u.Answered {
		row.Replied = h.Now
	}
	if !known || row != old {
		h.Heeded.Heard = append(h.Heeded.Heard, row)
	}
	h.known[row.Comment] = row
	return row
}

// respond acknowledges what counts and owes an answer to what asks for one. An
// unknown command and an outsider are told once, however often they come.
func (h *heeding) respond(row Heard, c Command, u Utterance) {
	switch {
	case u.Bot:
	case row.Topic == string(c.Kind) && c.Kind != "":
		if row.Acked.IsZero() {
			h.Acks = append(h.Acks, row)
		}
	case row.Replied.IsZero() && h.answers(row) < h.most(row.Topic):
		h.Replies = append(h.Replies, Owed{row, c.Problem})
	}
}

func (h *heeding) most(topic string) int {
	if topic == TopicWhy || topic == TopicHelp {
		return mostReplies
	}
	return 1
}

// answers counts the replies that a person was given on the same topic, or is
// owed.
func (h *heeding) answers(row Heard) (n int) {
	for _, k := range h.known {
		if k.Comment != row.Comment && k.Person == row.Person && k.Topic == row.Topic && !k.Replied.IsZero() {
			n++
		}
	}
	for _, o := range h.Replies {
		if o.Heard.Person == row.Person && o.Heard.Topic == row.Topic {
			n++
		}
	}
	return n
}

// takenBack retracts what was not heard again, and books deleted comments.
func (h *heeding) takenBack() {
	for _, v := range h.Standing {
		if !h.said[key(v.Source, v.ExternalID)] {
			h.Retract = append(h.Retract, v.ID)
		}
	}
	there := map[string]bool{}
	for _, u := range h.Hearing.Utterances {
		there[u.ID] = true
	}
	for _, k := range h.Listening.Heard {
		if !there[k.Comment] && k.Removed.IsZero() {
			k.Removed = h.Now
			h.Heeded.Heard = append(h.Heeded.Heard, k)
		}
	}
}
