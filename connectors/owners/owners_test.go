package owners_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/owners"
)

const file = `# who answers for what
*             @acme/everyone
/pay/         @acme/pay pay@example.com
[broken       @acme/nobody
*.md          @writer   # and a comment
/pay/README   not-an-owner
/generated/
/web/**/*.ts  @web
`

func TestOwners(t *testing.T) {
	f := owners.Parse([]byte(file))
	for path, want := range map[string][]string{
		"main.go": {"@acme/everyone"}, "pay/a/b.go": {"@acme/pay", "pay@example.com"}, "pay/x.md": {"@writer"},
		"pay/README": {"@acme/pay", "pay@example.com"}, "generated/a.go": nil, "web/x/y.ts": {"@web"}, "": nil,
	} {
		if got := f.Of(path); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
	if len(f.Unread) == 0 {
		t.Error("the broken lines are not told")
	}
	if got := (owners.File{}).Of("a"); got != nil {
		t.Errorf("without a file: %v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file), "pay/a.go")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		var read owners.File
		memtest.Modest(t, len(text), func() {
			read = owners.Parse(text)
			read.Of(path)
		})
		if n := bytes.Count(text, []byte("\n")) + 1; len(read.Unread) > n {
			t.Errorf("%d of %d lines", len(read.Unread), n)
		}
	})
}
