package weeks

// owner is the organisation, security who answers for the ladder there.
const (
	owner    = "acme"
	security = "sam"
)

// team is who works on which repository, and what their code is about: what stands there already, and what comes.
var team = []struct {
	repo          string
	people        [3]string
	stands, comes []string
}{
	{"parcels", [3]string{"alice", "bob", "gina"}, []string{"routes", "weights", "sizes", "stamps"}, []string{"returns", "pickups", "lockers", "seals", "crates", "pallets", "bags", "tubes"}},
	{"billing", [3]string{"carol", "dave", "hugo"}, []string{"invoices", "refunds", "tariffs", "credits"}, []string{"vouchers", "duties", "reminders", "rebates", "receipts", "quotes", "taxes", "fees"}},
	{"depots", [3]string{"erin", "frank", "ivy"}, []string{"shifts", "gates", "ramps", "docks"}, []string{"scales", "belts", "trucks", "shelves", "doors", "keys", "carts", "lamps"}},
}

// standing is the code that a repository has on the first day: a problem in each file.
func standing(repo string, nouns []string) (tree []source) {
	for _, noun := range nouns {
		for _, kind := range kinds {
			tree = append(tree, source{repo: repo, kind: kind, noun: noun})
		}
	}
	return tree
}

// answer is what an engineer says to a comment.
type answer string

const (
	nothing       answer = ""
	thumbsUp      answer = "+1"
	thumbsDown    answer = "-1"
	words         answer = "This cannot overflow: the text is cut to 512 bytes one line above. I leave it for the next reader."
	falsePositive answer = "/sluice false-positive the text is cut to 512 bytes one line above"
)

// change is a pull request as it will be opened: one file with a real problem, and maybe one with a label, without.
type change struct {
	repo, author, kind, noun string
	says                     answer // to the comment on the real problem
	fixes                    bool   // and whether it is fixed before the merge
	label                    bool
	ofLabel                  answer // to the comment on the label
	stays                    stay
}

// stay is how long a pull request is open.
type stay int

const (
	aWeek     stay = iota
	untilGate      // until the gate has closed on labels
	forGood
)

func (c change) title() string {
	verbs := map[string]string{"read": "Read", "find": "Find", "save": "Save", "unpack": "Unpack", "ask": "Ask carriers about", "print": "Print"}
	title := verbs[c.kind] + " " + c.noun
	if c.label {
		title += ", with labels"
	}
	return title
}

// labels says in which week of advise whose change has a label, what they say to the comment on it, and for how long the
// pull request is open. Of one person's answers of a day only those in one pull request count, so nobody answers twice.
var labels = map[int]map[string]struct {
	says  answer
	stays stay
}{
	3: {"alice": {thumbsDown, forGood}, "carol": {thumbsDown, untilGate}, "dave": {thumbsDown, aWeek}},
	4: {"bob": {words, untilGate}, "erin": {thumbsDown, untilGate}, "frank": {falsePositive, untilGate}},
	6: {"ivy": {nothing, aWeek}},
}

// opening is what the team opens in one week of advise, from 1; before that it is week 0. already is how many pull
// requests each repository had.
func opening(week, already int) (all []change) {
	for i := range team[0].people {
		for r, t := range team {
			n := already + i
			c := change{repo: t.repo, author: t.people[i], kind: kinds[n%len(kinds)], noun: t.comes[(n+n/len(kinds))%len(t.comes)]}
			// In advise, seven of nine say that it helped, eight of nine fix it.
			if at := (3*i + r + week) % 9; week > 0 {
				c.fixes = at != 0
				if at > 1 {
					c.says = thumbsUp
				}
			}
			if l, ok := labels[week][c.author]; ok {
				c.label, c.ofLabel, c.stays, c.fixes = true, l.says, l.stays, true
			}
			all = append(all, c)
		}
	}
	return all
}
