package connectors_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
)

// Every connector's own test data is recognised as its format and no other.
func TestAutoRecognisesEachFormatByContent(t *testing.T) {
	folders := map[string]string{}
	for _, format := range connectors.Types()[1:] {
		folders[format] = strings.ReplaceAll(strings.ReplaceAll(format, "-", ""), "_", "")
	}
	for format, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "testdata", "*"))
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, file := range files {
			switch filepath.Ext(file) {
			case ".golden", "":
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if _, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, string(data)); r.Format != format {
				t.Errorf("%s is taken for %q: %v", file, r.Format, err)
			}
		}
		if tried == 0 {
			t.Errorf("no test data of format %s in %s/testdata", format, folder)
		}
	}
}

func TestAutoRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{"", "<xml/>", `{"hello":"world"}`, `"text"`, "[]", "{}", "null"} {
		_, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, text)
		if !errors.Is(err, connectors.ErrFormat) || r.Complete || !strings.Contains(err.Error(), "web.sarif") {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}
