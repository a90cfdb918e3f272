// Package shared finds the data that tests use where it is present: real scanner
// reports and published API descriptions. It stands in the folder that the
// environment variable SLUICE_SHARED names, else in `shared` beside the checkout.
//
// The awkward truth: none of it is part of the project, so whoever has only the
// checkout sees these tests skip, each saying which file it wanted.
package shared

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Root is the checkout: the folder of go.mod, at or above where the test runs.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the test")
		}
	}
}

// Read reads one file, by its path with slashes below the data, and unpacks it if
// its name ends in .gz. The error says what to do when it is not there.
func Read(path string) ([]byte, error) {
	name, err := file(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; set SLUICE_SHARED to the folder that has %s", err, path)
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return io.ReadAll(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return io.ReadAll(z)
}

// Need is Read for a test that is nothing without the file: it skips.
func Need(t testing.TB, path string) []byte {
	t.Helper()
	data, err := Read(path)
	if err != nil {
		t.Skip("not present:", err)
	}
	return data
}

// Files are the names of those that match a pattern with slashes below the data,
// sorted. A test is skipped where there are none.
func Files(t testing.TB, pattern string) []string {
	t.Helper()
	pattern, err := file(pattern)
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skipf("not present: %s; SLUICE_SHARED names the folder that has it", pattern)
	}
	return names
}

func file(path string) (string, error) {
	dir := os.Getenv("SLUICE_SHARED")
	if dir == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, "..", "shared")
	}
	return filepath.Join(dir, filepath.FromSlash(path)), nil
}
