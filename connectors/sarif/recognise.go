package sarif

import "github.com/sluice-sec/sluice/connectors/jsonwalk"

// Recognise tells SARIF, of any version, by its runs and their tool or results, or
// by its version and schema.
func Recognise(k *jsonwalk.Sketch) bool {
	if !k.Begins("runs", "[") && !k.Is("runs", "null") {
		return false
	}
	return k.Has("version") || k.Has("$schema") || k.HasAll("runs[*].tool", "runs[*].results")
}
