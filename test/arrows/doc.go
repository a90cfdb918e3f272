// Package arrows holds no code: its test keeps the packages' imports going one way, as the layout in docs/architecture.md
// has them.
//
// The awkward truth: only imports of product code are looked at. A test may import what it needs, and nothing here
// notices two packages that agree through a file or a table instead.
package arrows
