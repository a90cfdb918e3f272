package weeks

import (
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// firstMonday is the Monday from which on so many weeks have passed by now.
func firstMonday(now time.Time, weeks int) time.Time {
	y, m, d := now.UTC().Date()
	monday := time.Date(y, m, d-(int(now.UTC().Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	return monday.Add(-time.Duration(weeks) * week)
}
