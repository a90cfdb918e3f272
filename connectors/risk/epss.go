package risk

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a published file stays far below: some 300,000 rows of 30 bytes.
const (
	maxRows  = 5_000_000
	maxBytes = 256 << 20 // unpacked
	maxLine  = 4096
)

// EPSS is one day's scores, see https://www.first.org/epss/api.
type EPSS struct {
	Model string    // the version of the model
	Date  time.Time // the day the scores are of
	rows  []score   // by id
}

type score struct {
	id                      id
	probability, percentile float64
}

// Len is how many vulnerabilities have a score.
func (e *EPSS) Len() int { return len(e.rows) }

// Of returns the probability that a CVE is exploited within thirty days, and
// the share of all scored ones that are at most as likely; both 0 to 1.
func (e *EPSS) Of(cve string) (probability, percentile float64, known bool) {
	n, ok := number(cve)
	if !ok {
		return 0, 0, false
	}
	i, found := slices.BinarySearchFunc(e.rows, n, func(s score, n id) int { return cmp.Compare(s.id, n) })
	if !found {
		return 0, 0, false
	}
	return e.rows[i].probability, e.rows[i].percentile, true
}

// ReadEPSS reads the published CSV, packed with gzip or not: a comment with
// model and date, the line cve,epss,percentile, and a row for each CVE.
func ReadEPSS(r io.Reader) (*EPSS, error) {
	plain, err := unpacked(r, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("read EPSS: %w", err)
	}
	p := &epssReader{in: bufio.NewReaderSize(plain, maxLine), epss: &EPSS{}}
	if err := p.read(); err != nil {
		return nil, fmt.Errorf("read EPSS: line %d: %w", p.line, err)
	}
	return p.epss, nil
}

type epssReader struct {
	in   *bufio.Reader
	line int
	epss *EPSS
}

func (p *epssReader) read() error {
	line, err := p.next()
	if err == nil && bytes.HasPrefix(line, []byte("#")) {
		if err = p.comment(string(line[1:])); err == nil {
			line, err = p.next()
		}
	}
	switch {
	case err == io.EOF:
		return errors.New("the file is empty")
	case err != nil:
		return err
	case string(line) != "cve,epss,percentile":
		return errors.New("this is not the published CSV: its columns must be cve,epss,percentile")
	case p.epss.Date.IsZero():
		return errors.New("the comment with score_date is missing: without it nobody knows how old the scores are")
	}
	sorted := true
	for {
		line, err := p.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		row, err := parseScore(line)
		if err != nil {
			return err
		}
		if n := len(p.epss.rows); n > 0 && p.epss.rows[n-1].id >= row.id {
			sorted = false
		}
		if p.epss.rows = append(p.epss.rows, row); len(p.epss.rows) > maxRows {
			return fmt.Errorf("more than %d rows", maxRows)
		}
	}
	if len(p.epss.rows) == 0 {
		return errors.New("there are no scores in it")
	}
	if sorted {
		return nil
	}
	return p.sort()
}

func (p *epssReader) sort() error {
	slices.SortFunc(p.epss.rows, func(a, b score) int { return cmp.Compare(a.id, b.id) })
	for i := 1; i < len(p.epss.rows); i++ {
		if p.epss.rows[i].id == p.epss.rows[i-1].id {
			return errors.New("a CVE is scored twice")
		}
	}
	return nil
}

// next returns a line without its end, valid until the next call. A last line
// without an end is one that was cut off.
func (p *epssReader) next() ([]byte, error) {
	p.line++
	line, err := p.in.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return nil, errors.New("the file breaks off")
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("longer than %d bytes", maxLine)
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// comment reads "model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000".
func (p *epssReader) comment(text string) error {
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), ":")
		switch key {
		case "model_version":
			p.epss.Model = value
		case "score_date":
			day, err := time.Parse(time.DateOnly, value[:min(len(value), len(time.DateOnly))])
			if err != nil {
				return fmt.Errorf("%.40q is no date", value)
			}
			p.epss.Date = day
		}
	}
	return nil
}

func parseScore(line []byte) (score, error) {
	cve, rest, _ := bytes.Cut(line, []byte(","))
	probability, percentile, ok := bytes.Cut(rest, []byte(","))
	n, isCVE := number(string(cve))
	if !ok || !isCVE {
		return score{}, fmt.Errorf("%.60q is not a CVE, a probability and a percentile", line)
	}
	s := score{id: n}
	var err1, err2 error
	s.probability, err1 = share(string(probability))
	s.percentile, err2 = share(string(percentile))
	return s, cmp.Or(err1, err2)
}

// share reads a number from 0 to 1.
func share(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 1) {
		return 0, fmt.Errorf("%.40q is no number from 0 to 1", text)
	}
	return n, nil
}
