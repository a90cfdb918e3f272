package sarif_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/sarif"
)

func zipped(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func wide(doc string, order binary.ByteOrder) []byte {
	var out bytes.Buffer
	_ = binary.Write(&out, order, utf16.Encode([]rune("\ufeff"+doc)))
	return out.Bytes()
}

func TestPackingMakesNoDifference(t *testing.T) {
	doc := result(`"tool":{"driver":{"name":"T"}}`, `{"ruleId":"r","message":{"text":"größer 😀 \ud83d\ude00"}}`)
	want := one(t, doc, sarif.Options{})
	if want.Message != "größer 😀 😀" {
		t.Fatalf("message %q", want.Message)
	}
	bom := append([]byte("\xef\xbb\xbf"), doc...)
	for name, data := range map[string][]byte{
		"byte order mark":       bom,
		"gzip":                  zipped(t, []byte(doc)),
		"gzip, byte order mark": zipped(t, bom),
		"UTF-16LE":              wide(doc, binary.LittleEndian),
		"UTF-16BE":              wide(doc, binary.BigEndian),
		"gzip, UTF-16":          zipped(t, wide(doc, binary.LittleEndian)),
		"white space around":    []byte(" \n" + doc + "\r\n\t"),
	} {
		if diff := cmp.Diff(want, one(t, string(data), sarif.Options{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestBrokenPackingIsAnError(t *testing.T) {
	good := zipped(t, []byte(result("", `{"ruleId":"a"}`)))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	for name, c := range map[string]struct {
		data []byte
		is   error
	}{
		"gzip cut short":      {good[:len(good)-9], sarif.ErrTruncated},
		"gzip header only":    {good[:4], sarif.ErrTruncated},
		"gzip checksum wrong": {flipped, sarif.ErrMalformed},
		"gzip then garbage":   {append(bytes.Clone(good), "garbage and more garbage"...), sarif.ErrMalformed},
	} {
		_, report, err := read(c.data, sarif.Options{})
		var e *sarif.Error
		if !errors.Is(err, c.is) || !errors.As(err, &e) || report.Complete {
			t.Errorf("%s: %v, complete %v", name, err, report.Complete)
		}
	}
}

func TestDecompressionIsBounded(t *testing.T) {
	bomb := zipped(t, append([]byte(`{"version":"2.1.0","runs":[{"results":[{"ruleId":"a"}],"x":"`), bytes.Repeat([]byte("a"), 4<<20)...))
	all, report, err := read(bomb, sarif.Options{MaxBytes: 1 << 20})
	var e *sarif.Error
	if !errors.Is(err, sarif.ErrTooLarge) || !errors.As(err, &e) || e.Offset != 1<<20 {
		t.Errorf("%d bytes packed: %v", len(bomb), err)
	}
	if len(all) != 1 || report.Complete {
		t.Errorf("%d findings, complete %v", len(all), report.Complete)
	}
}
