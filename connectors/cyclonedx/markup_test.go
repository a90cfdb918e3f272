package cyclonedx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/cyclonedx"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/test/shared"
)

func markups(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("testdata/xml/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		if all[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestGoldenOfXML(t *testing.T) {
	for file := range markups(t) {
		nativetest.GoldenFile(t, file, cyclonedx.Parse, native.Options{})
	}
}

func TestXMLAndJSONSayTheSame(t *testing.T) {
	same := func(a, b []byte) {
		t.Helper()
		inJSON, _, err := nativetest.Read(cyclonedx.Parse, a, native.Options{})
		if err != nil {
			t.Fatal(err)
		}
		inXML, _, err := nativetest.Read(cyclonedx.Parse, b, native.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(inJSON, inXML); diff != "" {
			t.Error(diff)
		}
	}
	data, err := os.ReadFile("testdata/scan.json")
	if err != nil {
		t.Fatal(err)
	}
	same(data, markups(t)["testdata/xml/scan.xml"])
	const real = "reports/native/cyclonedx/valid-vulnerability-1.4."
	same(shared.Need(t, real+"json"), shared.Need(t, real+"xml"))
}

// FuzzXML: whatever follows the first angle bracket.
func FuzzXML(f *testing.F) {
	for _, data := range markups(f) {
		f.Add(data)
	}
	f.Add([]byte(`<!DOCTYPE bom [<!ENTITY a "aaaa">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6">&a;</bom>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte("<")) {
			return
		}
		var all []finding.Finding
		var report finding.Report
		var err error
		memtest.Modest(t, len(data), func() { all, report, err = nativetest.Read(cyclonedx.Parse, data, native.Options{}) })
		nativetest.Check(t, all, report, err)
		if err != nil && !native.Broken(err) {
			t.Errorf("an error that is not about the file: %v", err)
		}
	})
}

// Wherever a file is cut, it is incomplete, and says that it was cut.
func TestXMLThatIsCut(t *testing.T) {
	for file, data := range markups(t) {
		whole, _, _ := nativetest.Read(cyclonedx.Parse, data, native.Options{})
		end := bytes.LastIndexByte(data, '>')
		for cut := len(`<?xml version="1.0"?><bom`); cut < end; cut++ {
			some, report, err := nativetest.Read(cyclonedx.Parse, data[:cut], native.Options{})
			if report.Complete || !native.Broken(err) || len(some) > len(whole) || len(some) > 0 && !cmp.Equal(whole[:len(some)], some) {
				t.Fatalf("%s cut at %d: %d findings, %+v, %v", file, cut, len(some), report, err)
			}
		}
	}
}

func TestHostileXML(t *testing.T) {
	const head, tail = `<bom xmlns="http://cyclonedx.org/schema/bom/1.6">`, `</bom>`
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"an entity": {`<!DOCTYPE bom [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>` + head + `&b;` + tail, jsonwalk.ErrMalformed},
		"a file":    {`<!DOCTYPE bom [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + head + `<vulnerabilities><vulnerability><id>&a;</id></vulnerability></vulnerabilities>` + tail, jsonwalk.ErrMalformed},
		"deep":      {head + strings.Repeat("<a>", 10_000) + tail, jsonwalk.ErrMalformed},
		"other":     {`<testsuites/>`, jsonwalk.ErrMalformed},
		"another":   {`<bom xmlns="http://example.com/"/>`, jsonwalk.ErrMalformed},
		"nothing":   {`<?xml version="1.0"?>`, jsonwalk.ErrMalformed},
		"encoded":   {`<?xml version="1.0" encoding="EBCDIC"?>` + head + tail, jsonwalk.ErrMalformed},
		"tangled":   {head + `<a></b>` + tail, jsonwalk.ErrMalformed},
	} {
		all, report, err := nativetest.Read(cyclonedx.Parse, []byte(c.text), native.Options{})
		nativetest.Check(t, all, report, err)
		if !native.Broken(err) || !errors.Is(err, c.want) || strings.Contains(err.Error(), "passwd") {
			t.Errorf("%s: %d findings, %v", name, len(all), err)
		}
	}
}

func TestLongNamesInXMLAreCutAtACharacter(t *testing.T) {
	doc := `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component bom-ref="c"><name>` + strings.Repeat("n", 700) + "<!-- -->" + strings.Repeat("ä", 700) +
		`</name></component></components><vulnerabilities><vulnerability><id>CVE-2099-1</id><affects><target><ref>c</ref></target></affects></vulnerability></vulnerabilities></bom>`
	all, report, err := nativetest.Read(cyclonedx.Parse, []byte(doc), native.Options{})
	if err != nil || !report.Complete || len(all) != 1 || !utf8.ValidString(all[0].Package.Name) || !strings.HasPrefix(all[0].Package.Name, strings.Repeat("n", 700)+"ä") {
		t.Errorf("%+v, %+v, %v", all, report, err)
	}
}

// Whoever is given the findings may refuse them.
func TestXMLStopsWhenAFindingIsRefused(t *testing.T) {
	full := errors.New("the disk is full")
	data := markups(t)["testdata/xml/scan.xml"]
	report, err := cyclonedx.Parse(context.Background(), native.Options{Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }},
		func(finding.Finding) error { return full })
	if !errors.Is(err, full) || native.Broken(err) || report.Complete || report.Findings != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Much in one text, in one vulnerability, and in many of them.
func TestXMLInBoundedMemory(t *testing.T) {
	const head = `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>`
	const vulnerability = `<vulnerability><id>CVE-2099-1</id><affects>`
	for name, c := range map[string]struct {
		before, repeated, after string
		findings                int
		want                    error
	}{
		"text":    {head + `<component><name>`, "letters ", `</name></component></components></bom>`, 0, jsonwalk.ErrTooLarge},
		"comment": {head + `<!--`, "letters ", `--></components></bom>`, 0, jsonwalk.ErrTooLarge},
		"tag":     {head + `<component a="`, "letters ", `"/></components></bom>`, 0, jsonwalk.ErrTooLarge},
		"one":     {head + `</components><vulnerabilities>` + vulnerability, `<target/>`, `</affects></vulnerability></vulnerabilities></bom>`, 0, jsonwalk.ErrTooLarge},
		"many":    {head + `</components><vulnerabilities>`, vulnerability + `</affects></vulnerability>`, `</vulnerabilities></bom>`, 1, nil},
		"parts":   {head, `<component bom-ref="x"><name>n</name></component>`, `</components></bom>`, 0, nil},
	} {
		times := (6 << 20) / len(c.repeated)
		stop := memtest.Peak(t)
		report, err := cyclonedx.Parse(context.Background(), native.Options{Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(c.before), &repeat{c.repeated, 0, times * len(c.repeated)}, strings.NewReader(c.after))), nil
		}}, func(finding.Finding) error { return nil })
		peak := stop()
		t.Logf("%s: %d findings, peak heap %.1f MiB, %v", name, report.Findings, peak, err)
		if peak > 64 || !errors.Is(err, c.want) || report.Findings != c.findings*times || report.Complete != (c.want == nil) {
			t.Errorf("%s: %+v, peak heap %.1f MiB, %v", name, report, peak, err)
		}
	}
}

// repeat reads a text again and again.
type repeat struct {
	text     string
	at, most int
}

func (r *repeat) Read(p []byte) (n int, err error) {
	if r.at == r.most {
		return 0, io.EOF
	}
	for n < len(p) && r.at < r.most {
		k := copy(p[n:], r.text[r.at%len(r.text):])
		k = min(k, r.most-r.at)
		n, r.at = n+k, r.at+k
	}
	return n, nil
}
