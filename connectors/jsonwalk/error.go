package jsonwalk

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a file; an *Error unwraps to one of these, or to the
// reader's own error.
var (
	ErrTruncated = errors.New("the file ends too early")
	ErrMalformed = errors.New("malformed")
	ErrVersion   = errors.New("unsupported version")
	ErrTooLarge  = errors.New("over a size limit")
)

// Error says what is wrong with a file and where. It quotes no more of the file
// than member names and a version, so it can be logged.
type Error struct {
	Path   string // like runs[0].results[17].locations; empty for the document itself
	Offset int64  // in bytes from the start of the decompressed, UTF-8 stream
	Detail string // what was expected or found
	Err    error  // ErrTruncated, ErrMalformed, ErrVersion, ErrTooLarge or a read error
}

func (e *Error) Error() string {
	where := fmt.Sprintf("byte %d", e.Offset)
	if e.Path != "" {
		where = e.Path + ", " + where
	}
	if e.Detail == "" {
		return fmt.Sprintf("%s: %v", where, e.Err)
	}
	return fmt.Sprintf("%s: %v: %s", where, e.Err, e.Detail)
}

func (e *Error) Unwrap() error { return e.Err }

// Within puts one step of the path in front of err's.
func Within(err error, step string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Path != "" && e.Path[0] != '[' {
		step += "."
	}
	e.Path = step + e.Path
	return err
}

// Index is the step of a path to an array's element.
func Index(i int) string { return fmt.Sprintf("[%d]", i) }

// nameStep makes a member's name fit for a path: names come from the file.
func nameStep(name []byte) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_$-/%", r):
			return r
		}
		return '?'
	}, string(name))
	if clean == "" {
		return "?"
	}
	return clean
}
