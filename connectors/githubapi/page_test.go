package githubapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/githubapi"
)

type thing struct {
	Name   string `json:"name"`
	Secret string `json:"secret"`
}

// Of a page only its form goes further: to the caller, to the store, and back.
func TestAPageIsKeptAsItsFormLeavesIt(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"1"` {
			say(w, http.StatusNotModified, "")
			return
		}
		say(w, 200, `[{"name":"a","secret":"hush","more":"words"},{"name":7},{"name":"b"}]`, "ETag", `"1"`, "Link", "<http://"+r.Host+`/api/v3/things?after=b>; rel="next"`)
	})
	cache := &memory{}
	c := s.client(t, func(c *githubapi.Config) { c.Cache = cache })
	form := githubapi.Kept("things/1", func(x *thing) { x.Secret = strings.ToUpper(x.Secret) })
	for i, stored := range []bool{false, true} {
		list, page, err := githubapi.ReadPage[thing](context.Background(), c, "things", form)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(list), "{[{a HUSH} {b }] 1}"; got != want || page.Stored != stored || !strings.HasSuffix(page.Next, "things?after=b") {
			t.Errorf("time %d: %s, %+v; want %s, stored %v", i, got, page, want, stored)
		}
	}
	for _, kept := range cache.kept {
		if strings.Contains(fmt.Sprint(kept), "hush") || strings.Contains(fmt.Sprint(kept), "words") {
			t.Errorf("stored: %v", kept)
		}
	}
	other := githubapi.Kept[thing]("things/2", nil)
	if list, page, err := githubapi.ReadPage[thing](context.Background(), c, "things", other); err != nil || page.Stored || list.Elements[0].Secret != "hush" {
		t.Errorf("another form was answered with the stored one: %+v %+v %v", list, page, err)
	}
	if _, _, err := githubapi.ReadPage[thing](context.Background(), s.client(t), "things", form); err != nil {
		t.Errorf("without a cache: %v", err)
	}
}

func TestTheInventoryIsRememberedForARun(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/repos") && r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", "<http://"+r.Host+`/api/v3/orgs/acme/repos?page=2>; rel="next"`)
			say(w, 200, `[{"id":1,"name":"shop","owner":{"login":"acme"},"visibility":"internal","default_branch":"main","topics":["z","a"],"custom_properties":{"tier":"1","teams":["x","y"],"none":null}}]`)
			return
		}
		say(w, 200, `[{"id":2,"name":"old","owner":{"login":"acme"},"private":true,"archived":true}]`)
	})
	c := s.client(t)
	all, paid, err := c.Inventory(context.Background(), "acme")
	if err != nil || len(all) != 2 || paid != 2 {
		t.Fatal(all, paid, err)
	}
	r, ok := c.Listed("ACME", "Shop")
	if want := "{1 acme shop main internal false  [a z] map[teams:x,y tier:1] }"; !ok || fmt.Sprint(r) != want {
		t.Errorf("listed %v, want %s", r, want)
	}
	if r, _ := c.Listed("acme", "old"); r.Visibility != "private" || !r.Archived {
		t.Errorf("listed %v", r)
	}
	_ = s.clock.Sleep(context.Background(), 31*time.Minute)
	if _, ok := c.Listed("acme", "shop"); ok {
		t.Error("what was listed long ago is still taken for true")
	}
}
