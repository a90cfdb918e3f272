package sarif_test

import (
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors/sarif"
)

// SARIF 3.4.3, 3.4.4, 3.14.14; RFC 3986, RFC 8089.
func TestPathsAreRelativeToTheRoot(t *testing.T) {
	for _, c := range []struct{ name, root, members, artifact, want string }{
		{"as it is", "", "", `"uri":"src/a.c"`, "src/a.c"},
		{"cleaned", "", "", `"uri":"./src//x/../a.c"`, "src/a.c"},
		{"percent-encoded", "", "", `"uri":"a%20%C3%A9.c"`, "a é.c"},
		{"a percent that encodes nothing", "", "", `"uri":"100%/a.c"`, "100%/a.c"},
		{"root directory", "/w/repo", "", `"uri":"/w/repo/src/a.c"`, "src/a.c"},
		{"root with a slash", "/w/repo/", "", `"uri":"file:///w/repo/src/a.c"`, "src/a.c"},
		{"root as URI", "file:///w/repo", "", `"uri":"file://localhost/w/repo/a.c"`, "a.c"},
		{"a root's sibling", "/w/repo", "", `"uri":"/w/repository/a.c"`, ""},
		{"the root itself", "/w/repo", "", `"uri":"/w/repo"`, ""},
		{"relative root", "image/app", "", `"uri":"image/app/a.c"`, "a.c"},
		{"relative root that is not there", "image/app", "", `"uri":"b/a.c"`, "b/a.c"},
		{"Windows root", `C:\agent\1\s`, "", `"uri":"file:///c:/Agent/1/s/src/a.cs"`, "src/a.cs"},
		{"Windows path", `C:/agent`, "", `"uri":"C:\\agent\\src\\a b%20.cs"`, "src/a b%20.cs"},
		{"Windows drive, percent-encoded", `C:/agent`, "", `"uri":"file:///C%3A/agent/a.cs"`, "a.cs"},
		{"another drive", `C:/agent`, "", `"uri":"file:///D:/agent/a.cs"`, ""},
		{"absolute without a root", "", "", `"uri":"/w/a.c"`, ""},
		{"file URI without a root", "", "", `"uri":"file:///w/a.c"`, ""},
		{"a server's share", "", "", `"uri":"file://server/share/a.c"`, ""},
		{"climbs", "", "", `"uri":"../a.c"`, ""},
		{"climbs, encoded", "", "", `"uri":"x/%2e%2e/%2E%2E/a.c"`, ""},
		{"climbs, Windows", "", "", `"uri":"x\\..\\..\\a.c"`, ""},
		{"climbs out of the root", "/w/repo", "", `"uri":"/w/repo/../a.c"`, ""},
		{"NUL", "", "", `"uri":"a%00.c"`, ""},
		{"on the web", "", "", `"uri":"https://example.com/a.c"`, ""},
		{"a package", "", "", `"uri":"pkg:npm/a@1"`, ""},
		{"a colon in a name", "", "", `"uri":"a:b.c"`, "a:b.c"},
		{"empty", "", "", `"uri":""`, ""},
		{"the only base is the root", "", `"originalUriBaseIds":{"WD":{"uri":"file:///w/"}}`, `"uri":"file:///w/src/a.c"`, "src/a.c"},
		{"the shortest base is the root", "", `"originalUriBaseIds":{"B":{"uri":"file:///w/bin/"},"A":{"uri":"file:///w/"}}`, `"uri":"a.c","uriBaseId":"B"`, "bin/a.c"},
		{"SRCROOT before other bases", "", `"originalUriBaseIds":{"B":{"uri":"file:///"},"%SRCROOT%":{"uri":"file:///w/"}}`, `"uri":"w/a.c","uriBaseId":"B"`, "a.c"},
		{"the caller's root before SRCROOT", "/w", `"originalUriBaseIds":{"SRCROOT":{"uri":"file:///w/sub/"}}`, `"uri":"a.c","uriBaseId":"SRCROOT"`, "sub/a.c"},
		{"SRCROOT where the caller's does not fit", "/elsewhere", `"originalUriBaseIds":{"SRCROOT":{"uri":"file:///w/"}}`, `"uri":"a.c","uriBaseId":"SRCROOT"`, "a.c"},
		{"climbs out of its base", "", `"originalUriBaseIds":{"WD":{"uri":"file:///w/x/"}}`, `"uri":"../../a.c","uriBaseId":"WD"`, ""},
		{"a base on the web", "", `"originalUriBaseIds":{"SRCROOT":{"uri":"https://example.com/blob/"}}`, `"uri":"src/a.c","uriBaseId":"SRCROOT"`, "src/a.c"},
		{"bases in a circle", "", `"originalUriBaseIds":{"A":{"uri":"a/","uriBaseId":"B"},"B":{"uri":"b/","uriBaseId":"A"}}`, `"uri":"../../../../../../../../../../../../../../../../../x","uriBaseId":"A"`, ""},
		{"an index out of range", "", `"artifacts":[]`, `"index":4`, ""},
		{"index -1 beside a URI", "", "", `"uri":"a.c","index":-1`, "a.c"},
		{"an artifact's own base", "", `"originalUriBaseIds":{"S":{"uri":"s/"}},"artifacts":[{"location":{"uri":"a.c","uriBaseId":"S","index":0}}]`, `"index":0`, "s/a.c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := one(t, result(c.members, fmt.Sprintf(`{"ruleId":"r","locations":[{"physicalLocation":{"artifactLocation":{%s},"region":{"startLine":1}}}]}`, c.artifact)), sarif.Options{Root: c.root})
			got := ""
			if f.Place != nil {
				got = f.Place.Path
			}
			if got != c.want {
				t.Errorf("want %q, got %q", c.want, got)
			}
		})
	}
}
