package promoter

import "time"

// StandingPost is a notice of our own as a platform shows it in a pull request,
// whether or not the store knows it. Its marker was checked.
type StandingPost struct {
	Surface   Surface
	Token     string // of the effect that wrote it last
	Remote    Remote
	Path      string // review only
	Line      int    // 0: it is outdated
	Body      string // without the marker
	Posted    string // hash of the whole body
	Intact    bool   // nobody else has changed it since
	Withdrawn bool   // what stands there is that it was withdrawn
	Created   time.Time
}

// StandingTask is a task of our own as a tracker has it, whether or not the
// store knows it.
type StandingTask struct {
	Token      string // of the effect that made it; "" if somebody took it away
	Remote     Remote
	Repository string // as it was called then
	Group      string
	Route      string
	Title      string
	Due        time.Time
	Posted     string // for Notice.Posted
	Created    time.Time
	Cause      RemovalCause // it was handed back; "" if not
	Closed     bool         // by a person
}
