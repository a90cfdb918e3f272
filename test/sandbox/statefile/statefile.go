// Package statefile keeps a sandbox's world in one JSON file, so that a server goes on where the last one ended.
//
// The awkward truth: a world is written whole at each save, which a large one feels.
package statefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Load reads a world. Found is false, and the world as it was, where there is no file yet: then the file's folder is made.
func Load(name string, world any) (found bool, err error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, os.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(data, world); err != nil {
		return false, fmt.Errorf("read %s: %w", name, err)
	}
	return true, nil
}

// Save writes a world, whole or not at all.
func Save(name string, world any) error {
	data, err := json.MarshalIndent(world, "", " ")
	if err != nil {
		return fmt.Errorf("save sandbox: %w", err)
	}
	part := name + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("save sandbox: %w", err)
	}
	if err := os.Rename(part, name); err != nil {
		return fmt.Errorf("save sandbox: %w", err)
	}
	return nil
}

// Copy is what a world would be after Save and Load: it shares nothing with the original.
func Copy[T any](world *T) (*T, error) {
	data, err := json.Marshal(world)
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	return &out, nil
}
