package sqlite

import (
	"os"
	"strings"
	"testing"
)

func TestProcessesAreToldApart(t *testing.T) {
	me := lookAt(os.Getpid())
	if !me.alive {
		t.Errorf("this process is gone: %+v", me)
	}
	if again := lookAt(os.Getpid()); again != me {
		t.Errorf("this process is another: %+v, then %+v", me, again)
	}
	if gone := lookAt(1 << 22); gone.alive {
		t.Errorf("a pid beyond all is alive: %+v", gone)
	}
}

func FuzzParseStat(f *testing.F) {
	tail := strings.Repeat(" 0", 18) + " 4711 0 0\n"
	f.Add("sluice")
	f.Add("a) Z (b c) ")
	for stat, want := range map[string]bool{"12 (sluice) S": true, "12 (a) S 1 ) Z": false, "12 (a b) X": false} {
		if alive, started := parseStat(stat + tail); alive != want || started != "4711" {
			f.Errorf("%q: alive %v, started %q", stat+tail, alive, started)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if alive, started := parseStat(text); started == "" && !alive {
			t.Errorf("%q cannot be read and is called dead", text)
		}
		if alive, started := parseStat("1 (" + text + ") R" + tail); !alive || started != "4711" {
			t.Errorf("a program named %q: alive %v, started %q", text, alive, started)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	for _, seed := range []string{"", "0:", "3:ab", "-1:ab", " 12:AB\n", "9223372036854775808:x", ":", "1:2:3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		head, err := parseHead(text)
		if err != nil {
			return
		}
		if again, err := parseHead(head.String()); err != nil || again != head {
			t.Errorf("%q is %v, and that is %v (%v)", text, head, again, err)
		}
	})
}
