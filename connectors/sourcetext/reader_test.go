package sourcetext_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

const someCommit = "0123456789abcdef0123456789abcdef01234567"

// shelf is a Reader over texts by path. It counts how often it was asked.
type shelf struct {
	texts map[string]string
	err   error // answered instead, if set
	asked map[string]int
}

func (s *shelf) Read(_ context.Context, _, path string) ([]byte, error) {
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[path]++
	if s.err != nil {
		return nil, s.err
	}
	text, ok := s.texts[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func TestFirstTakesTheFirstThatHasIt(t *testing.T) {
	down := errors.New("rate limited")
	r := sourcetext.First(&shelf{texts: map[string]string{"a": "1"}}, &shelf{err: down}, &shelf{texts: map[string]string{"a": "2", "b": "2"}})
	for path, want := range map[string]string{"a": "1", "b": "2"} {
		if got, err := r.Read(t.Context(), someCommit, path); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if _, err := r.Read(t.Context(), someCommit, "c"); !errors.Is(err, down) {
		t.Errorf("the reason was lost: %v", err)
	}
	if _, err := sourcetext.First().Read(t.Context(), someCommit, "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no reader: %v", err)
	}
}

func TestFuncChecksWhatGoesInAndComesOut(t *testing.T) {
	var paths []string
	r := sourcetext.Func(func(_ context.Context, _, path string) ([]byte, error) {
		paths = append(paths, path)
		return []byte(strings.Repeat("x", sourcetext.MaxFile+1)), nil
	})
	if _, err := r.Read(t.Context(), someCommit, "a/../../b"); !errors.Is(err, fs.ErrInvalid) || len(paths) != 0 {
		t.Errorf("a hostile path went through: %v", err)
	}
	if _, err := r.Read(t.Context(), someCommit, "a"); !errors.Is(err, sourcetext.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestCachedAsksOnceAndForgetsErrors(t *testing.T) {
	s := &shelf{texts: map[string]string{"a": "1"}}
	r := sourcetext.Cached(s, 1<<20)
	for range 3 {
		if got, err := r.Read(t.Context(), someCommit, "a"); err != nil || string(got) != "1" {
			t.Errorf("a: %q, %v", got, err)
		}
		if _, err := r.Read(t.Context(), someCommit, "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("none: %v", err)
		}
	}
	if s.asked["a"] != 1 || s.asked["none"] != 1 {
		t.Errorf("asked %v", s.asked)
	}
	s.err = errors.New("down")
	if _, err := r.Read(t.Context(), someCommit, "b"); err == nil {
		t.Error("no error")
	}
	s.err, s.texts["b"] = nil, "2"
	if got, err := r.Read(t.Context(), someCommit, "b"); err != nil || string(got) != "2" {
		t.Errorf("b after the failure: %q, %v", got, err)
	}

	small := sourcetext.Cached(s, 1)
	for range 2 {
		if got, err := small.Read(t.Context(), someCommit, "a"); err != nil || string(got) != "1" {
			t.Errorf("a without room: %q, %v", got, err)
		}
	}
}
