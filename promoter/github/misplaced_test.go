package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
)

// GitHub refuses a review whole for one comment; which one is found out without anybody seeing anything.
func TestACommentThatGitHubDoesNotTakeIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ lines, barred []int }{
		"one of five":  {[]int{10, 11, 12, 13, 14}, []int{13}},
		"two of five":  {[]int{10, 11, 12, 13, 14}, []int{10, 14}},
		"all of three": {[]int{11, 12, 13}, []int{11, 12, 13}},
		"the only one": {[]int{12}, []int{12}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var notices []promoter.Notice
			var want []int64
			for i, line := range c.lines {
				notices = append(notices, inline(int64(i+1), line))
				if slices.Contains(c.barred, line) {
					want = append(want, int64(i+1))
					b.must(b.BarLine(shop, 1, "main.go", line))
				}
			}
			_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbReview, "tok", notices...))
			var misplaced *promoter.MisplacedError
			if !errors.As(err, &misplaced) || !slices.Equal(misplaced.Notices, want) || !strings.Contains(misplaced.Why, fmt.Sprintf("main.go:%d", c.barred[0])) {
				t.Fatalf("%v, want %v", err, want)
			}
			if p := b.pull(); len(p.Reviews) > 0 || b.mails() > 0 {
				t.Errorf("%d reviews, %d mails", len(p.Reviews), b.mails())
			}
			left := slices.DeleteFunc(notices, func(n promoter.Notice) bool { return slices.Contains(want, n.No) })
			if len(left) > 0 {
				b.do(b.effect(promoter.VerbReview, "next", left...))
			}
			if p := b.pull(); len(p.ReviewComments) != len(left) {
				t.Errorf("%d comments, want %d", len(p.ReviewComments), len(left))
			}
		})
	}
}

// What GitHub refuses for a reason of the review itself is no comment's fault.
func TestAReviewThatIsRefusedAsAWhole(t *testing.T) {
	b := newBench(t)
	b.wire.Deny = func(r *http.Request) *http.Response {
		if r.Method == http.MethodPost {
			return answer(http.StatusUnprocessableEntity, `{"message":"Validation Failed","errors":["User is blocked"]}`)
		}
		return nil
	}
	_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbReview, "tok", inline(1, 12), inline(2, 13)))
	if refused := refusal(t, err); refused.Stale || !strings.Contains(refused.Why, "User is blocked") {
		t.Errorf("refused with %+v", refused)
	}
}
