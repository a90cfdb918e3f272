package cyclonedx

import (
	"strconv"
	"strings"
)

// element is a vulnerability in XML: since version 1.4, and as the extension before it
// has it, where a reference and texts stand in attributes and elsewhere.
type element struct {
	Ref    string `xml:"ref,attr"` // to 1.3: what it affects
	ID     string `xml:"id"`
	Source struct {
		URL string `xml:"url"`
	} `xml:"source"`
	References []struct {
		ID string `xml:"id"`
	} `xml:"references>reference"`
	Ratings []struct {
		Score struct {
			Text string `xml:",chardata"`
			Base string `xml:"base"` // to 1.3
		} `xml:"score"`
		Severity string `xml:"severity"`
		Method   string `xml:"method"`
		Vector   string `xml:"vector"`
	} `xml:"ratings>rating"`
	CWEs        []string `xml:"cwes>cwe"`
	Description string   `xml:"description"`
	Detail      string   `xml:"detail"`
	Advisories  []struct {
		Text string `xml:",chardata"` // to 1.3
		URL  string `xml:"url"`
	} `xml:"advisories>advisory"`
	Analysis struct {
		State         string `xml:"state"`
		Justification string `xml:"justification"`
		Detail        string `xml:"detail"`
	} `xml:"analysis"`
	Affects []struct {
		Ref      string `xml:"ref"`
		Versions []struct {
			Version string `xml:"version"`
			Status  string `xml:"status"`
		} `xml:"versions>version"`
	} `xml:"affects>target"`
}

// vulnerability is the same as JSON has it.
func (x *element) vulnerability() vulnerability {
	v := vulnerability{ID: x.ID, Description: x.Description, Detail: x.Detail, CWEs: x.CWEs}
	v.Source.URL = x.Source.URL
	for _, r := range x.References {
		v.References = append(v.References, reference{r.ID})
	}
	for _, r := range x.Ratings {
		v.Ratings = append(v.Ratings, rating{Score: number(r.Score.Base + r.Score.Text), Severity: strings.TrimSpace(r.Severity), Method: strings.TrimSpace(r.Method), Vector: strings.TrimSpace(r.Vector)})
	}
	for _, a := range x.Advisories {
		v.Advisories = append(v.Advisories, advisory{strings.TrimSpace(a.URL + a.Text)})
	}
	v.Analysis = analysis{strings.TrimSpace(x.Analysis.State), strings.TrimSpace(x.Analysis.Justification), x.Analysis.Detail}
	for _, a := range x.Affects {
		one := affected{Ref: strings.TrimSpace(a.Ref)}
		for _, in := range a.Versions {
			one.Versions = append(one.Versions, version{strings.TrimSpace(in.Version), strings.TrimSpace(in.Status)})
		}
		v.Affects = append(v.Affects, one)
	}
	if len(v.Affects) == 0 && x.Ref != "" {
		v.Affects = append(v.Affects, affected{Ref: x.Ref})
	}
	return v
}

// number is 0 where there is none.
func number(text string) float64 {
	n, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n
}
