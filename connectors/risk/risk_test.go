package risk_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/risk"
)

func data(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func packed(t testing.TB, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestEPSS(t *testing.T) {
	plain := data(t, "epss.csv")
	for name, raw := range map[string][]byte{
		"plain": plain, "packed": packed(t, plain), "line ends of Windows": bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n")),
	} {
		e, err := risk.ReadEPSS(bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e.Len() != 6 || e.Model != "v2025.03.14" || !e.Date.Equal(day(2026, 11, 20)) {
			t.Errorf("%s: %d scores of model %s of %s", name, e.Len(), e.Model, e.Date)
		}
		for cve, want := range map[string][2]float64{
			"CVE-2021-44228": {0.94358, 0.99956}, "cve-1999-0001": {0.01041, 0.76604}, "CVE-2024-10000": {0.00009, 0.00513}, "CVE-2024-3094": {0.8598, 0.99363},
		} {
			if p, c, known := e.Of(cve); !known || p != want[0] || c != want[1] {
				t.Errorf("%s: %s is %v, %v, %v", name, cve, p, c, known)
			}
		}
		for _, cve := range []string{"", "CVE-2024-1000", "CVE-2024-00001", "GHSA-jfh8-c2jp-5v3q", "CVE-2021-442280", "CVE-2021-4422", "CVE-20214-4228"} {
			if _, _, known := e.Of(cve); known {
				t.Errorf("%s: %q has a score", name, cve)
			}
		}
	}
}

func TestEPSSIsReadWholeOrNotAtAll(t *testing.T) {
	const head = "#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n"
	tests := map[string]struct{ raw, want string }{
		"empty":                  {"", "line 1: the file is empty"},
		"no scores":              {head, "no scores in it"},
		"another file":           {"<html>", "breaks off"},
		"of no day":              {"cve,epss,percentile\nCVE-2020-0001,0.1,0.2\n", "score_date is missing"},
		"other columns":          {"cve,epss\nCVE-2020-0001,0.1\n", "columns must be"},
		"cut off":                {head + "CVE-2020-0001,0.1,0.2\nCVE-2020-0002,0.1,0.2", "line 4: the file breaks off"},
		"no CVE":                 {head + "CVE-2020-1,0.1,0.2\n", "line 3: \"CVE-2020-1,0.1,0.2\" is not a CVE"},
		"a column too few":       {head + "CVE-2020-0001,0.1\n", "line 3"},
		"a column too many":      {head + "CVE-2020-0001,0.1,0.2,0.3\n", "\"0.2,0.3\" is no number"},
		"no probability":         {head + "CVE-2020-0001,1.1,0.2\n", "\"1.1\" is no number from 0 to 1"},
		"not a number":           {head + "CVE-2020-0001,NaN,0.2\n", "\"NaN\""},
		"twice":                  {head + "CVE-2020-0001,0.1,0.2\nCVE-2020-0001,0.1,0.2\n", "twice"},
		"twice, apart":           {head + "CVE-2020-0001,0.1,0.2\nCVE-2020-0000,0.1,0.2\nCVE-2020-0001,0.1,0.2\n", "twice"},
		"no date":                {"#score_date:yesterday\ncve,epss,percentile\n", "\"yesterday\" is no date"},
		"a line without an end":  {head + strings.Repeat("a", 100_000), "longer than"},
		"a broken gzip":          {string(packed(t, []byte(head+"CVE-2020-0001,0.1,0.2\n"))[:40]), "EOF"},
		"gzip with a wrong head": {"\x1f\x8bnothing", "EOF"},
	}
	for name, tt := range tests {
		e, err := risk.ReadEPSS(strings.NewReader(tt.raw))
		if err == nil || e != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestKEV(t *testing.T) {
	for name, raw := range map[string][]byte{"plain": data(t, "kev.json"), "packed": packed(t, data(t, "kev.json"))} {
		k, err := risk.ReadKEV(bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if k.Len() != 2 || k.Version != "2026.11.19" || k.Date.Unix() != time.Date(2026, 11, 19, 15, 0, 41, 0, time.UTC).Unix() {
			t.Errorf("%s: %d of version %s of %s", name, k.Len(), k.Version, k.Date)
		}
		if e, listed := k.Of("cve-2021-44228"); !listed || !e.Since.Equal(day(2021, 12, 10)) || !e.Ransomware {
			t.Errorf("%s: %v %v", name, e, listed)
		}
		if e, listed := k.Of("CVE-2020-8203"); !listed || e.Ransomware {
			t.Errorf("%s: %v %v", name, e, listed)
		}
		if _, listed := k.Of("CVE-2021-23337"); listed {
			t.Errorf("%s: CVE-2021-23337 is listed", name)
		}
	}
}

func TestKEVIsReadWholeOrNotAtAll(t *testing.T) {
	const one = `{"cveID":"CVE-2020-0001","dateAdded":"2024-03-01"}`
	tests := map[string]struct{ raw, want string }{
		"empty":              {"", "breaks off"},
		"another file":       {"[]", "must be a JSON object"},
		"a page":             {"<html>", "invalid character"},
		"no list":            {"{}", "no vulnerabilities in it"},
		"a list of another":  {`{"vulnerabilities":{}}`, "must be a list"},
		"cut off":            {`{"vulnerabilities":[` + one, "breaks off"},
		"cut off at the end": {`{"vulnerabilities":[` + one + `]`, "breaks off"},
		"more behind":        {`{"vulnerabilities":[` + one + `]}{}`, "something follows"},
		"fewer than it says": {`{"dateReleased":"2026-11-19T15:00:41Z","count":2,"vulnerabilities":[` + one + `]}`, "says that it holds 2 vulnerabilities, and holds 1"},
		"twice":              {`{"vulnerabilities":[` + one + `,` + one + `]}`, "CVE-2020-0001 stands in it twice"},
		"of no day":          {`{"vulnerabilities":[` + one + `]}`, "does not say when"},
		"two lists":          {`{"vulnerabilities":[` + one + `],"vulnerabilities":[]}`, "a second list"},
		"no CVE":             {`{"vulnerabilities":[{"cveID":"x","dateAdded":"2024-03-01"}]}`, "is no CVE number"},
		"no date":            {`{"vulnerabilities":[{"cveID":"CVE-2020-0001","dateAdded":"March"}]}`, "is no date"},
		"no object":          {`{"vulnerabilities":[1]}`, "cannot unmarshal"},
	}
	for name, tt := range tests {
		k, err := risk.ReadKEV(strings.NewReader(tt.raw))
		if err == nil || k != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// A file of zeros packs a thousandfold: it must be refused, not unpacked.
func TestABombIsRefused(t *testing.T) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte("#score_date:2026-11-20\ncve,epss,percentile\n")); err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte(" "), 1<<20)
	for range 80 {
		if _, err := z.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := risk.ReadEPSS(bytes.NewReader(out.Bytes())); err == nil {
		t.Error("EPSS was read")
	}
	if _, err := risk.ReadKEV(bytes.NewReader(out.Bytes())); err == nil {
		t.Error("KEV was read")
	}
}

func FuzzReadEPSS(f *testing.F) {
	f.Add(data(f, "epss.csv"))
	f.Add(packed(f, data(f, "epss.csv")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e *risk.EPSS
		var err error
		memtest.Modest(t, len(raw), func() { e, err = risk.ReadEPSS(bytes.NewReader(raw)) })
		if (err == nil) != (e != nil) || e != nil && e.Len() == 0 {
			t.Errorf("%v with %v", e, err)
		}
	})
}

func FuzzReadKEV(f *testing.F) {
	f.Add(data(f, "kev.json"))
	f.Add(packed(f, data(f, "kev.json")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var k *risk.KEV
		var err error
		memtest.Modest(t, len(raw), func() { k, err = risk.ReadKEV(bytes.NewReader(raw)) })
		if (err == nil) != (k != nil) {
			t.Errorf("%v with %v", k, err)
		}
	})
}

// BenchmarkReadEPSS reads a file as large as the published one.
func BenchmarkReadEPSS(b *testing.B) {
	var out bytes.Buffer
	out.WriteString("#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n")
	for year := 1999; year < 2027; year++ {
		for n := 10_001; n <= 21_000; n++ {
			out.WriteString("CVE-" + strconv.Itoa(year) + "-" + strconv.Itoa(n) + ",0.00" + strconv.Itoa(n%1000) + ",0.5" + strconv.Itoa(n%977) + "\n")
		}
	}
	raw := packed(b, out.Bytes())
	b.SetBytes(int64(out.Len()))
	b.ReportAllocs()
	for b.Loop() {
		e, err := risk.ReadEPSS(bytes.NewReader(raw))
		if err != nil || e.Len() != 28*11_000 {
			b.Fatal(err)
		}
	}
}
