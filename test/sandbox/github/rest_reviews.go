package github

import (
	"net/http"
	"slices"
)

// visible says whether the asker may see a review: pending ones are their author's alone.
func (c *call) visible(v *Review) bool {
	return v.State != Pending || equalFold(v.Author, c.login())
}

func (c *call) findReview() (*Review, error) {
	v := c.pull.Review(c.id("review_id"))
	if v == nil || !c.visible(v) {
		return nil, notFound()
	}
	return v, nil
}

func listReviews(c *call) (any, error) {
	var list []*Review
	for _, v := range c.pull.Reviews {
		if c.visible(v) {
			list = append(list, v)
		}
	}
	return render(page(c, list), c.review), nil
}

func createReview(c *call) (any, error) {
	var in struct {
		Commit   string  `json:"commit_id"`
		Body     string  `json:"body"`
		Event    string  `json:"event"`
		Comments []draft `json:"comments"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	v, err := c.s.newReview(c.repo, c.pull, c.login(), in.Commit, in.Body, in.Event, in.Comments)
	if err != nil {
		return nil, err
	}
	return c.review(v), nil
}

func getReview(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	return c.review(v), nil
}

func editReview(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !equalFold(v.Author, c.login()) {
		return nil, unprocessable("Can not edit a review of somebody else")
	}
	if err := bodyFits("PullRequestReview", in.Body); err != nil {
		return nil, err
	}
	v.Body = in.Body
	return c.review(v), nil
}

func deleteReview(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	if v.State != Pending {
		return nil, unprocessable("Can not delete a non-pending pull request review")
	}
	c.pull.Reviews = slices.DeleteFunc(c.pull.Reviews, func(o *Review) bool { return o == v })
	c.pull.remove(func(m *ReviewComment) bool { return m.Review == v.ID })
	return c.review(v), nil
}

func submitReview(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	var in struct {
		Body  string `json:"body"`
		Event string `json:"event"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if v.State != Pending {
		return nil, unprocessable("Can not submit a review that is not pending")
	}
	if in.Body == "" {
		in.Body = v.Body
	}
	if err := bodyFits("PullRequestReview", in.Body); err != nil {
		return nil, err
	}
	state, err := stateOf(in.Event, in.Body, c.pull, c.login())
	if err != nil {
		return nil, err
	}
	v.Body, v.State = in.Body, state
	c.s.publish(c.repo, c.pull, v)
	return c.review(v), nil
}

func dismissReview(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	var in struct {
		Message string `json:"message"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case levelRank(c.s.level(c.repo, c.token)) < levelRank(Write):
		return nil, &refusal{status: http.StatusForbidden, message: "Must have write access to dismiss a review"}
	case in.Message == "":
		return nil, unprocessable("Message can't be blank")
	case v.State == Commented:
		return nil, unprocessable("Can not dismiss a commented pull request review")
	case v.State != Approved && v.State != ChangesRequested:
		return nil, unprocessable("Can not dismiss a pull request review that is neither an approval nor a request for changes")
	}
	v.State = Dismissed
	return c.review(v), nil
}

func listReviewComments(c *call) (any, error) {
	v, err := c.findReview()
	if err != nil {
		return nil, err
	}
	var list []*ReviewComment
	for _, m := range c.pull.ReviewComments {
		if m.Review == v.ID {
			list = append(list, m)
		}
	}
	return render(page(c, list), func(m *ReviewComment) object { return c.reviewComment(c.pull, m) }), nil
}
