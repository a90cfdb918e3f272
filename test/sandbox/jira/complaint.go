package jira

import "fmt"

// complaint is an error in Jira's own words: whole sentences, as its answers
// carry them.
type complaint string

func (c complaint) Error() string { return string(c) }

func complain(format string, args ...any) error {
	return complaint(fmt.Sprintf(format, args...))
}
