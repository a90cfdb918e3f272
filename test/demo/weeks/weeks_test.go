package weeks

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestTheSecondActIsAsTold(t *testing.T) {
	a, err := New(Options{Dir: t.TempDir(), Out: t.Output(), Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Sandbox())
	defer server.Close()
	if err := a.Play(t.Context(), server.URL); err != nil {
		t.Error(err)
	}
}
