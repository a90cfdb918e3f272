package promoter

import "time"

// Answer is what a person who spoke to us is told in words.
type Answer struct {
	Topic    string // TopicWhy, TopicHelp, TopicUnknown, TopicOutsider or TopicNowhere
	Problem  string // TopicUnknown: what is wrong
	Ask      string // whom to ask
	Findings []Explanation
}

// Explanation is one finding with what was decided about it.
type Explanation struct {
	Exhibit
	Since   time.Time   // its cohort is at its stage
	Shown   bool        // it is wanted where the question was asked
	Settled VerdictKind // the disposition in force; "" for none
	Until   time.Time   // the disposition's last day; zero: for good
}

// Correspondent writes replies. Its methods are pure.
type Correspondent interface {
	Reply(Answer) string
}
