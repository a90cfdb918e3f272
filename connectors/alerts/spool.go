package alerts

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// spool holds what was read until it is parsed, in a file without a name: the
// alerts of a large organisation would not fit into memory. The file goes away
// with the last document that reads it.
type spool struct {
	mu   sync.Mutex
	file *os.File
	size int64
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "sluice-alerts-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("unlink a temporary file: %w", err)
	}
	return &spool{file: f}, nil
}

// section is a piece of the spool.
type section struct{ at, size int64 }

func (s *spool) add(line []byte) (section, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.file.WriteAt(append(line, '\n'), s.size)
	if err != nil {
		return section{}, fmt.Errorf("keep what was read: %w", err)
	}
	at := s.size
	s.size += int64(n)
	return section{at, int64(n)}, nil
}

// open reads sections one after the other.
func (s *spool) open(sections []section) io.ReadCloser {
	readers := make([]io.Reader, len(sections))
	for i, part := range sections {
		readers[i] = io.NewSectionReader(s.file, part.at, part.size)
	}
	return io.NopCloser(io.MultiReader(readers...))
}
