// Package gitlab reads the reports that scanners write for GitLab, versions 14 and 15
// of their schemas and what went before: SAST, dependency scanning, secret detection,
// and the others as far as they are alike
// (https://gitlab.com/gitlab-org/security-products/security-report-schemas).
//
// The awkward truth: one schema for many scanners means that little is sure. Ids are
// often made anew for every report, so they are no fingerprints; the signatures of
// tracking are. Reports from before version 14 do not name the scan, and what they
// are about is told from their findings. Dismissals are kept by GitLab and in no
// report. A likely false positive stays open, with a tag. What a remediation would
// change is not read.
package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// newest is the newest major version that is known.
const newest = 15

// report is what stands beside the vulnerabilities.
type report struct {
	Version string `json:"version"`
	Scan    struct {
		Scanner  tool   `json:"scanner"`
		Type     string `json:"type"`
		Status   string `json:"status"`
		Messages []struct {
			Level string `json:"level"`
		} `json:"messages"`
	} `json:"scan"`
	Files []struct {
		Path    string `json:"path"`
		Manager string `json:"package_manager"`
	} `json:"dependency_files"`
	managers map[string]string // by path
}

type tool struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

var kept = []string{
	"version", "scan.scanner.id", "scan.scanner.name", "scan.scanner.version", "scan.type", "scan.status", "scan.messages[*].level",
	"dependency_files[*].path", "dependency_files[*].package_manager",
}

// Recognise tells whether a report was written for GitLab.
func Recognise(k *jsonwalk.Sketch) bool {
	if k.Has("vulnerabilities[*]") {
		return k.HasAll("vulnerabilities[*].identifiers", "vulnerabilities[*].location")
	}
	return k.Begins("vulnerabilities", "[") && k.Has("version") && (k.Has("scan.type") || k.Has("remediations"))
}

// Parse reads a report; see package native for what every parser promises. A scan
// that failed, or says so in a fatal message, is incomplete. A version that is not
// known is an error.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("gitlab", emit)
	all, err := o.Walk([]string{"vulnerabilities[*]"}, kept).Each(ctx, func(e jsonwalk.Element) error {
		about := jsonwalk.Of[report](e.Around[0])
		if err := about.check(); err != nil {
			return err
		}
		var one vulnerability
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		return r.Add(one.finding(o, about))
	})
	about := jsonwalk.Of[report](all.Root)
	if err == nil && !all.Found[0] {
		err = native.NotThis("no vulnerabilities")
	}
	if err == nil {
		err = about.check()
	}
	if about.failed() {
		r.Incomplete()
	}
	return r.Close(about.scanner(), err)
}

// check refuses what would be misread.
func (r *report) check() error {
	major, _, _ := strings.Cut(r.Version, ".")
	if n, err := strconv.Atoi(major); err == nil && n <= newest {
		return nil
	}
	return &jsonwalk.Error{Path: "version", Err: jsonwalk.ErrVersion, Detail: fmt.Sprintf("%.40q; versions to %d are read", r.Version, newest)}
}

func (r *report) failed() bool {
	if strings.EqualFold(r.Scan.Status, "failure") {
		return true
	}
	for _, m := range r.Scan.Messages {
		if strings.EqualFold(m.Level, "fatal") {
			return true
		}
	}
	return false
}

func (r *report) scanner() finding.Scanner {
	by := r.Scan.Scanner
	return finding.Scanner{Name: cmp.Or(by.Name, by.ID, "GitLab"), Version: by.Version}
}

// manager is the package manager of a manifest.
func (r *report) manager(file string) string {
	if r.managers == nil {
		r.managers = map[string]string{}
		for _, f := range r.Files {
			r.managers[f.Path] = f.Manager
		}
	}
	if known := r.managers[file]; known != "" {
		return known
	}
	return manifests[path.Base(clean.Path("", file))]
}

// manifests are package managers by the names of their files, for reports that do
// not list them.
var manifests = map[string]string{
	"go.mod": "go", "go.sum": "go", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm", "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm",
	"Gemfile.lock": "bundler", "requirements.txt": "pip", "Pipfile.lock": "pipenv", "poetry.lock": "poetry", "pom.xml": "maven",
	"build.gradle": "gradle", "composer.lock": "composer", "packages.lock.json": "nuget", "Cargo.lock": "cargo", "conan.lock": "conan",
}
