package app

import (
	"cmp"
	"fmt"
	"os/user"
	"regexp"
	"strings"
)

var actorPattern = regexp.MustCompile(`^[a-z][a-z0-9-]*:[A-Za-z0-9_.@+\[\]\\-]{1,100}$`)

// actor is who a command is booked under: as given, else SLUICE_ACTOR, else the
// system's user. It is recorded as asserted; nothing here can prove it.
func actor(as string, getenv func(string) string) (string, error) {
	name := cmp.Or(as, getenv("SLUICE_ACTOR"))
	if name == "" {
		return "os:" + systemUser(getenv), nil
	}
	if !actorPattern.MatchString(name) {
		return "", &UsageError{Err: fmt.Errorf("actor %q is not written SYSTEM:LOGIN, such as github:alice", name)}
	}
	return name, nil
}

// systemUser falls back on variables: containers run under numbers without names.
func systemUser(getenv func(string) string) string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = cmp.Or(u.Username, u.Uid)
	}
	name = cmp.Or(name, getenv("USER"), getenv("USERNAME"), "unknown")
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, name)
}
