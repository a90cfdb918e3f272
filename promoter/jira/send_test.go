package jira

import "testing"

// A server that says nothing leaves more than a number.
func TestAnErrorWithoutWordsNamesItsStatus(t *testing.T) {
	for want, e := range map[string]*answerError{
		"GET serverInfo: 401 unauthorized": {method: "GET", path: "serverInfo", status: 401},
		"GET serverInfo: 401 no such user": {method: "GET", path: "serverInfo", status: 401, messages: []string{"no such user"}},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
