package risk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	maxCatalogue = 64 << 20 // some forty times what is published
	maxEntries   = 200_000
)

// KEV is the catalogue of vulnerabilities known to be exploited.
type KEV struct {
	Version string
	Date    time.Time // when it was released
	entries map[id]Exploited
}

// Exploited is what the catalogue says of one.
type Exploited struct {
	Since      time.Time // the day it was added
	Ransomware bool      // known to be used in ransomware campaigns
}

// Len is how many vulnerabilities it holds.
func (k *KEV) Len() int { return len(k.entries) }

// Of returns what the catalogue says of a CVE.
func (k *KEV) Of(cve string) (e Exploited, listed bool) {
	n, ok := number(cve)
	if !ok {
		return Exploited{}, false
	}
	e, listed = k.entries[n]
	return e, listed
}

// ReadKEV reads the published JSON, packed with gzip or not; its schema is at
// https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json
func ReadKEV(r io.Reader) (*KEV, error) {
	plain, err := unpacked(r, maxCatalogue)
	if err != nil {
		return nil, fmt.Errorf("read KEV: %w", err)
	}
	p := &kevReader{in: json.NewDecoder(plain), kev: &KEV{entries: map[id]Exploited{}}, count: -1}
	if err := p.read(); err != nil {
		return nil, fmt.Errorf("read KEV: byte %d: %w", p.in.InputOffset(), err)
	}
	return p.kev, nil
}

type kevReader struct {
	in     *json.Decoder
	kev    *KEV
	count  int // as the catalogue says it; -1 before
	listed bool
}

func (p *kevReader) read() error {
	if err := p.open('{', "this is not the published catalogue: it must be a JSON object"); err != nil {
		return err
	}
	for p.in.More() {
		key, err := p.in.Token()
		if err == nil {
			err = p.member(key.(string)) // in an object's key position it is one
		}
		if err != nil {
			return whole(err)
		}
	}
	if _, err := p.in.Token(); err != nil {
		return whole(err)
	}
	switch _, err := p.in.Token(); {
	case err != io.EOF:
		return errors.New("something follows the catalogue")
	case !p.listed:
		return errors.New("there are no vulnerabilities in it")
	case p.kev.Date.IsZero():
		return errors.New("it does not say when it was released")
	case p.count >= 0 && p.count != len(p.kev.entries):
		return fmt.Errorf("it says that it holds %d vulnerabilities, and holds %d", p.count, len(p.kev.entries))
	}
	return nil
}

func (p *kevReader) member(key string) error {
	switch key {
	case "catalogVersion":
		return p.in.Decode(&p.kev.Version)
	case "dateReleased":
		return p.in.Decode(&p.kev.Date)
	case "count":
		return p.in.Decode(&p.count)
	case "vulnerabilities":
		if p.listed {
			return errors.New("a second list of vulnerabilities")
		}
		p.listed = true
		return p.list()
	}
	var passed json.RawMessage
	return p.in.Decode(&passed)
}

func (p *kevReader) list() error {
	if err := p.open('[', "vulnerabilities must be a list"); err != nil {
		return err
	}
	for p.in.More() {
		var one struct {
			CVE        string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		}
		if err := p.in.Decode(&one); err != nil {
			return err
		}
		n, ok := number(one.CVE)
		since, err := time.Parse(time.DateOnly, one.Added)
		switch {
		case !ok:
			return fmt.Errorf("%.40q is no CVE number", one.CVE)
		case err != nil:
			return fmt.Errorf("%s: %.40q is no date", one.CVE, one.Added)
		case len(p.kev.entries) == maxEntries:
			return fmt.Errorf("more than %d vulnerabilities", maxEntries)
		}
		if _, twice := p.kev.entries[n]; twice {
			return fmt.Errorf("%s stands in it twice", one.CVE)
		}
		p.kev.entries[n] = Exploited{Since: since, Ransomware: strings.EqualFold(one.Ransomware, "Known")}
	}
	_, err := p.in.Token()
	return err
}

func (p *kevReader) open(want json.Delim, otherwise string) error {
	token, err := p.in.Token()
	if err == nil && token != want {
		err = errors.New(otherwise)
	}
	return whole(err)
}

// whole names the end of the input where more was to come.
func whole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file breaks off")
	}
	return err
}
