// Package cvss reads CVSS vectors, versions 3.0, 3.1 and 4.0: the score that
// follows from one, and what it says in words.
//
// The awkward truth: a vector says how bad an attack would be, not whether
// anybody attacks, and two databases seldom give one vulnerability the same
// vector. Version 2 is not read: its scores are not comparable with the rest.
//
// https://www.first.org/cvss/v4-0/specification-document
package cvss

import (
	"errors"
	"fmt"
	"strings"

	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// Vector is one valid vector.
type Vector struct {
	Version string  // "3.0", "3.1" or "4.0"
	Score   float64 // 0 to 10: the base score; in 4.0, with whatever else the vector says
	get     func(metric string) (string, error)
}

// longest is more than twice what a vector with every metric takes.
const longest = 512

// ErrVersion says that a vector is of no version that is read here.
var ErrVersion = errors.New("not a CVSS vector of version 3.0, 3.1 or 4.0")

// Parse reads a vector such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H.
func Parse(vector string) (Vector, error) {
	if len(vector) > longest {
		return Vector{}, fmt.Errorf("parse CVSS vector: longer than %d characters", longest)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(vector, "CVSS:"), "/")
	v := Vector{Version: version}
	var err error
	switch {
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		var c *gocvss30.CVSS30
		if c, err = gocvss30.ParseVector(vector); err == nil {
			v.Score, v.get = c.BaseScore(), c.Get
		}
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		var c *gocvss31.CVSS31
		if c, err = gocvss31.ParseVector(vector); err == nil {
			v.Score, v.get = c.BaseScore(), c.Get
		}
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		var c *gocvss40.CVSS40
		if c, err = gocvss40.ParseVector(vector); err == nil {
			v.Score, v.get = c.Score(), c.Get
		}
	default:
		err = ErrVersion
	}
	if err != nil {
		return Vector{}, fmt.Errorf("parse CVSS vector: %w", err)
	}
	return v, nil
}

// Words say who can attack and what it takes, as "attacked over the network,
// without an account". It leaves out what nobody needs to be told.
func (v Vector) Words() string {
	words := []string{v.word("AV", map[string]string{
		"N": "attacked over the network", "A": "attacked from the same network", "L": "attacked from the machine itself", "P": "attacked by hand on the device",
	})}
	for _, w := range []string{
		v.word("PR", map[string]string{"N": "without an account", "L": "with any account", "H": "with an administrator's account"}),
		v.word("UI", map[string]string{"R": "if somebody is lured into helping", "A": "if somebody is lured into helping", "P": "if somebody passes by"}),
		v.word("AC", map[string]string{"H": "under conditions the attacker does not control"}),
	} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, ", ")
}

func (v Vector) word(metric string, words map[string]string) string {
	if v.get == nil {
		return ""
	}
	value, err := v.get(metric)
	if err != nil {
		return ""
	}
	return words[value]
}
