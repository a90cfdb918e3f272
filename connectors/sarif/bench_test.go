package sarif_test

import (
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

const benchSize = 32 << 20

func generatedBytes(tb testing.TB, size int64) []byte {
	r, _ := generate(size)()
	data, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// BenchmarkParse is all of the parser: both passes, findings and all. It must be
// at least three times as fast as BenchmarkUnmarshalDocument.
func BenchmarkParse(b *testing.B) {
	data := generatedBytes(b, benchSize)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		report, err := sarif.Parse(context.Background(), sarif.Options{Open: again(data)}, func(finding.Finding) error { n++; return nil })
		if err != nil || n == 0 || !report.Complete {
			b.Fatal(report, err)
		}
	}
}

// BenchmarkUnmarshalDocument is what there would be without this package: the
// members that matter, decoded with encoding/json in one go, and no findings yet.
func BenchmarkUnmarshalDocument(b *testing.B) {
	data := generatedBytes(b, benchSize)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var doc document
		if err := json.Unmarshal(data, &doc); err != nil || len(doc.Runs[0].Results) == 0 {
			b.Fatal(err)
		}
	}
}

type document struct {
	Version string `json:"version"`
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name            string `json:"name"`
				SemanticVersion string `json:"semanticVersion"`
				Rules           []struct {
					ID               string         `json:"id"`
					Name             string         `json:"name"`
					ShortDescription text           `json:"shortDescription"`
					HelpURI          string         `json:"helpUri"`
					Properties       map[string]any `json:"properties"`
				} `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []struct {
			RuleID    string `json:"ruleId"`
			RuleIndex *int   `json:"ruleIndex"`
			Level     string `json:"level"`
			Kind      string `json:"kind"`
			Message   text   `json:"message"`
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct {
						URI       string `json:"uri"`
						URIBaseID string `json:"uriBaseId"`
						Index     *int   `json:"index"`
					} `json:"artifactLocation"`
					Region struct {
						StartLine, EndLine, StartColumn, EndColumn int
						Snippet                                    text `json:"snippet"`
					} `json:"region"`
				} `json:"physicalLocation"`
				LogicalLocations []struct {
					FullyQualifiedName string `json:"fullyQualifiedName"`
				} `json:"logicalLocations"`
			} `json:"locations"`
			PartialFingerprints map[string]string `json:"partialFingerprints"`
		} `json:"results"`
	} `json:"runs"`
}

type text struct {
	Text string `json:"text"`
}
