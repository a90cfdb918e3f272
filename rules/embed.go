// Package rules embeds the Rego library that Sluice decides by until a security
// team edits its own copy: the policies, their tests, the default settings and
// the JSON Schemas.
//
// The awkward truth: the folder must satisfy two readers at once. Sluice reads
// the Rego, data.yaml and the schemas; a stock `opa test rules/` reads every
// YAML and JSON file it finds and merges them into one document. Hence a folder
// of its own for each schema: two in one folder would collide.
package rules

import "embed"

// FS is the library, rooted at this folder.
//
//go:embed *.rego data.yaml settings.example.yaml README.md schemas
var FS embed.FS
