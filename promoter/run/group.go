package run

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
)

// groupOf names what shares a notice, as the policy wants it: one upgrade, one
// advisory in one package, one secret, one rule in one file, or the finding
// alone. No line is part of it, because lines move, and no scanner of an
// upgrade or advisory, because several see the same.
func groupOf(no int64, f finding.Finding, by string) string {
	switch {
	case by == input.GroupFix && packageOf(f) != "":
		return "fix:" + packageOf(f) + "@" + folderOf(f)
	case (by == input.GroupFix || by == input.GroupAdvisory) && len(f.Advisories) > 0:
		return "advisory:" + slices.MinFunc(f.Advisories, byName) + "/" + packageOf(f) + "@" + folderOf(f)
	case by == input.GroupSecret && strings.HasPrefix(f.Parts.Snippet, "[redacted:"):
		return promoter.GroupOfSecret + f.Parts.Snippet
	case by == input.GroupRule && f.Place != nil:
		return "rule:" + f.Scanner.Name + "/" + f.Rule.ID + "@" + f.Place.Path
	}
	return "F" + strconv.FormatInt(no, 10)
}

// byName orders the names of an advisory: a CVE number is what most know.
func byName(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Index(b, "CVE-"), strings.Index(a, "CVE-")), cmp.Compare(a, b))
}

// packageOf names a package as its package URL does, without version, so that
// the words of two scanners meet; "" where the finding is about none.
func packageOf(f finding.Finding) string {
	if f.Package == nil {
		return ""
	}
	if u, err := packageurl.FromString(f.Package.PURL); err == nil {
		return strings.ToLower(u.Type + "/" + path.Join(u.Namespace, u.Name))
	}
	if f.Package.Name == "" {
		return ""
	}
	return strings.ToLower(f.Package.Ecosystem + "/" + strings.ReplaceAll(f.Package.Name, ":", "/"))
}

// folderOf is where an upgrade is made: one scanner names the manifest, another
// the lock file beside it.
func folderOf(f finding.Finding) string {
	file := ""
	if f.Package != nil {
		file = f.Package.Manifest
	}
	if file == "" && f.Place != nil {
		file = f.Place.Path
	}
	if file == "" {
		return ""
	}
	return path.Dir(file)
}

// join puts claims into one group that are one problem under several names: an
// advisory by an alias, and a finding that names an advisory and no package
// with the package it must be about. have names the groups: what is on display
// is not shown again because it is called something else now.
func join(claims []promoter.Claim, have []promoter.Notice) {
	groups := merging{}
	known := map[string][]string{} // groups by advisory and folder
	for _, withPackage := range []bool{true, false} {
		for _, c := range claims {
			if !byAdvisory(c.Group) || (packageOf(c.Exhibit.Finding) != "") != withPackage {
				continue
			}
			for _, advisory := range c.Exhibit.Finding.Advisories {
				key := strings.ToUpper(advisory) + "@" + folderOf(c.Exhibit.Finding)
				for _, other := range known[key] {
					if !withPackage || subject(other) == subject(c.Group) {
						groups.merge(other, c.Group)
						break
					}
				}
				known[key] = append(known[key], c.Group)
			}
		}
	}
	for i := range claims {
		claims[i].Group = groups.of(claims[i].Group)
	}
	asDisplayed(claims, have)
}

func byAdvisory(group string) bool {
	return strings.HasPrefix(group, "fix:") || strings.HasPrefix(group, "advisory:")
}

// subject is the package and folder that a group's name ends with.
func subject(group string) string {
	if rest, ok := strings.CutPrefix(group, "fix:"); ok {
		return rest
	}
	_, rest, _ := strings.Cut(group, "/")
	return rest
}

// merging says which groups are one. The name that was first stays.
type merging map[string]string

func (m merging) of(group string) string {
	for m[group] != "" {
		group = m[group]
	}
	return group
}

func (m merging) merge(a, b string) {
	if a, b = m.of(a), m.of(b); a != b {
		m[b] = a
	}
}

// asDisplayed gives a group the name of the comment that shows a finding of
// it. A comment whose findings are in several groups now stays with the group
// that has its name, or else its first finding.
func asDisplayed(claims []promoter.Claim, have []promoter.Notice) {
	group := map[int64]string{}
	taken := map[string]bool{}
	for _, c := range claims {
		group[c.Finding] = c.Group
		taken[c.Group] = taken[c.Group] || !c.Hold
	}
	called := map[string]string{}
	for _, n := range have {
		if n.Surface != promoter.SurfaceReview || !n.OnDisplay() || taken[n.Group] {
			continue
		}
		for _, i := range n.Items {
			if now := group[i.Finding]; now != "" && now != n.Group && i.Live() && called[now] == "" && !onDisplayAs(have, now) {
				called[now] = n.Group
				break
			}
		}
	}
	for i, c := range claims {
		if name := called[c.Group]; name != "" {
			claims[i].Group = name
		}
	}
}

func onDisplayAs(have []promoter.Notice, group string) bool {
	return slices.ContainsFunc(have, func(n promoter.Notice) bool {
		return n.Surface == promoter.SurfaceReview && n.OnDisplay() && n.Group == group
	})
}
