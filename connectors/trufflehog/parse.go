// Package trufflehog reads what TruffleHog writes with --json, a JSON object a line
// (https://github.com/trufflesecurity/trufflehog, pkg/output/json.go of version 3),
// and the reports of version 2 and of TruffleHog3, alone or in an array.
//
// The awkward truth: the log may be among the lines, and is passed over; only if it
// holds an error is the scan incomplete. A scan that died writes nothing about it,
// and one that found nothing writes nothing at all. Of secrets in buckets, chats and
// images there is no place. Version 2 reports guesses by entropy, many in one
// result: they stay one finding.
package trufflehog

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// line is one line of the output. What is no result is a line of the log.
type line struct {
	Source struct {
		Data map[string]source `json:"Data"`
	} `json:"SourceMetadata"`
	Detector          string            `json:"DetectorName"`
	Description       string            `json:"DetectorDescription"`
	Verified          bool              `json:"Verified"`
	VerificationError string            `json:"VerificationError"`
	Raw               string            `json:"Raw"`
	RawV2             string            `json:"RawV2"` // with what belongs to it, a key's id for instance
	Extra             map[string]string `json:"ExtraData"`

	Level string `json:"level"` // from here on the log
	Log   string `json:"msg"`

	Rule   *rule  `json:"rule"` // from here on TruffleHog3
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Secret string `json:"secret"`

	Reason  string   `json:"reason"` // from here on version 2
	Strings []string `json:"stringsFound"`
}

type source struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type rule struct {
	ID       string `json:"id"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

// inRepositories are the sources whose files are a repository's.
var inRepositories = []string{"Git", "Github", "Gitlab", "Bitbucket", "Gerrit", "AzureRepos", "Huggingface", "Filesystem"}

var scanner = finding.Scanner{Name: "trufflehog"}

// Recognise tells whether a report is of one of the TruffleHogs.
func Recognise(k *jsonwalk.Sketch) bool {
	for _, each := range []string{"", "[*]."} {
		if k.HasAll(each+"SourceMetadata", each+"DetectorName") || k.HasAll(each+"rule.id", each+"secret", each+"path") || k.HasAll(each+"reason", each+"stringsFound") {
			return true
		}
	}
	return k.Is("logger", "trufflehog")
}

// Parse reads a report; see package native for what every parser promises. A secret
// that was tried and works is critical.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("trufflehog", emit)
	walk := o.Walk([]string{""}, nil)
	switch sketch, err := jsonwalk.Look(ctx, o.Open); {
	case isEmpty(err): // nothing was found, or the scan died
		r.Incomplete()
		return r.Close(scanner, nil)
	case err != nil:
		return r.Close(scanner, err)
	case sketch.Begins("", "["):
		walk.Elements[0] = "[*]"
	default:
		walk.Stream = true
	}
	_, err := walk.Each(ctx, func(e jsonwalk.Element) error {
		var one line
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		if one.Log != "" && one.Level != "" && one.Detector == "" {
			if strings.HasPrefix(one.Level, "error") {
				r.Incomplete()
			}
			return nil
		}
		f := one.finding(o)
		if f.Rule.ID == "" {
			r.Skip(finding.Malformed)
			return nil
		}
		return r.Add(f)
	})
	return r.Close(scanner, err)
}

func isEmpty(err error) bool {
	var e *jsonwalk.Error
	return errors.As(err, &e) && e.Offset == 0 && errors.Is(err, jsonwalk.ErrTruncated)
}

func (l *line) finding(o native.Options) finding.Finding {
	f := finding.Finding{Scanner: scanner, Kind: finding.Secret}
	switch {
	case l.Rule != nil:
		f.Rule.ID, f.Message = l.Rule.ID, cmp.Or(l.Rule.Message, l.Rule.ID)
		f.Severity, f.SeverityFrom = native.Severity(l.Rule.Severity)
		f.Place = native.Place(o.Root, l.Path, finding.Place{StartLine: l.Line})
		clean.Redact(&f, l.Secret, l.Secret, o.Secrets)
	case l.Detector == "":
		f.Rule.ID, f.Message = l.Reason, l.Reason
		f.Place = native.Place(o.Root, l.Path, finding.Place{})
		found := strings.Join(l.Strings, "\n")
		clean.Redact(&f, found, found, o.Secrets)
	default:
		l.detected(&f, o)
	}
	return f
}

// detected makes a finding of a result of version 3.
func (l *line) detected(f *finding.Finding, o native.Options) {
	f.Rule = finding.Rule{ID: l.Detector, HelpURL: l.Extra["rotation_guide"], Description: clean.Sentences(l.Description)}
	if name := l.Extra["name"]; l.Detector == "CustomRegex" && name != "" { // each is a rule of its own
		f.Rule.ID += "/" + name
	}
	switch {
	case l.Verified:
		f.Message = l.Detector + " credential: it was tried, and it works."
		f.Severity, f.SeverityFrom = finding.Critical, finding.FromNative
		f.Rule.Tags = []string{"verified"}
	case l.VerificationError != "":
		f.Message = l.Detector + " credential: whether it works could not be tried."
	default:
		f.Message = l.Detector + " credential: it is not known to work."
	}
	for _, kind := range inRepositories {
		if at, ok := l.Source.Data[kind]; ok {
			f.Place = native.Place(o.Root, at.File, finding.Place{StartLine: at.Line})
		}
	}
	// Raw, not RawV2: other scanners report the same part.
	clean.Redact(f, cmp.Or(l.Raw, l.RawV2), l.Raw+"\n"+l.RawV2, o.Secrets)
}
