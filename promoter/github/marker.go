package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"

	"github.com/sluice-sec/sluice/promoter"
)

// kind is what a marker stands in.
type kind string

const (
	inReview  kind = "review"
	inComment kind = "comment"
	inSummary kind = "summary"
	inReply   kind = "reply" // its notice is the comment that is answered
)

// marker is what finds our own writing again: hidden at the end of a body,
// bound to its pull request by a MAC. It counts only in a body whose author is
// our own login.
type marker struct {
	kind   kind
	token  string
	notice int64  // 0 in a review's body; in a reply the comment that it answers
	digest string // of the body it was put under: whether somebody else changed that since; "": from before it was kept
}

// signer makes and checks the markers of one pull request.
type signer struct {
	key        []byte
	repository string // the platform's id
	number     int
}

const macLength = 32 // hex digits: 128 bits of HMAC-SHA256

var (
	markerForm = regexp.MustCompile(`<!-- sluice:1 ([a-z]{1,16}) ([A-Za-z0-9_-]{1,64}) ([0-9]{1,18})(?: ([0-9a-f]{16}))? ([0-9a-f]{32}) -->`)
	tokenForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// seal appends the marker to a body.
func (s signer) seal(body string, m marker) string {
	m.digest = digestOf(body)
	return fmt.Sprintf("%s\n\n<!-- sluice:1 %s %s %d %s %s -->", body, m.kind, m.token, m.notice, m.digest, s.mac(m))
}

// digestOf is a body's, as GitHub may give it back.
func digestOf(body string) string { return promoter.HashBody(trimmed(body))[:16] }

// intact tells whether a body that carries our marker is as we wrote it.
func (s signer) intact(body string, m marker) bool { return m.digest == digestOf(s.strip(body)) }

// open reads the marker of a body: the last one, where seal puts it, since
// what stands before it may quote another. ok is false for none and for a
// forged one.
func (s signer) open(body string) (m marker, ok bool) {
	all := markerForm.FindAllStringSubmatch(body, -1)
	if len(all) == 0 {
		return marker{}, false
	}
	last := all[len(all)-1]
	m = marker{kind: kind(last[1]), token: last[2], digest: last[4]}
	var err error
	if m.notice, err = strconv.ParseInt(last[3], 10, 64); err != nil {
		return marker{}, false
	}
	return m, hmac.Equal([]byte(last[5]), []byte(s.mac(m)))
}

// strip is a body without the marker at its end.
func (s signer) strip(body string) string {
	all := markerForm.FindAllStringIndex(body, -1)
	if len(all) == 0 {
		return body
	}
	return body[:all[len(all)-1][0]]
}

func (s signer) mac(m marker) string {
	h := hmac.New(sha256.New, s.key)
	fmt.Fprintf(h, "sluice:1\n%q\n%d\n%q\n%q\n%d", s.repository, s.number, m.kind, m.token, m.notice)
	if m.digest != "" {
		fmt.Fprintf(h, "\n%q", m.digest)
	}
	return hex.EncodeToString(h.Sum(nil))[:macLength]
}
