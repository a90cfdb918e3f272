package jira

import (
	"net/http"
	"slices"
	"strings"
)

func getTransitions(c *call) (any, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, err
	}
	return object{"expand": "transitions", "transitions": c.transitions(i, p, slices.Contains(c.words("expand"), "transitions.fields"))}, nil
}

// transitions are those the asker can do now; their fields are shown if asked for.
func (c *call) transitions(i *Issue, p *Project, fields bool) []object {
	out := []object{}
	if !p.may(c.person, Move) {
		return out
	}
	only := ""
	if c.r != nil {
		only = c.r.URL.Query().Get("transitionId")
	}
	for _, t := range p.Workflow.from(i.Status) {
		if only != "" && t.ID != only {
			continue
		}
		o := object{"id": t.ID, "name": t.Name, "to": c.status(c.s.world.Status(t.To))}
		if c.s.world.Deployment == Cloud {
			o["hasScreen"], o["isGlobal"], o["isInitial"], o["isAvailable"], o["isConditional"], o["looped"] = len(t.Screen) > 0, len(t.From) == 0, false, true, false, false
		}
		if fields {
			o["fields"] = c.screenFields(p, t.Screen)
		}
		out = append(out, o)
	}
	return out
}

// screenFields are a screen's fields by id, with what can be done with them.
func (c *call) screenFields(p *Project, screen []ScreenField) object {
	o := object{}
	for _, x := range screen {
		if f := c.s.field(x.Field); f != nil {
			o[x.Field] = c.fieldMeta(p, f, x)
		}
	}
	return o
}

func doTransition(c *call) (any, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, err
	}
	if !p.may(c.person, Move) {
		return nil, badRequest("You do not have permission to transition this issue.")
	}
	if _, _, err := c.write(Move, "transition this issue"); err != nil {
		return nil, err
	}
	var in update
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Transition == nil || in.Transition.ID == "" {
		return nil, badRequest("Missing 'transition' identifier")
	}
	return answer{status: http.StatusNoContent}, c.move(i, p, in)
}

// move does a transition with what its screen takes.
func (c *call) move(i *Issue, p *Project, in update) error {
	var t *Transition
	for _, candidate := range p.Workflow.from(i.Status) {
		if candidate.ID == in.Transition.ID {
			t = candidate
		}
	}
	if t == nil {
		return badRequest("Transition id '%s' is not valid for this issue.", in.Transition.ID)
	}
	d, err := c.draft(i, p)
	if err != nil {
		return err
	}
	if _, comments := in.Update["comment"]; comments && len(t.Screen) == 0 {
		return invalid(map[string]string{"comment": offScreen("comment")})
	}
	if err := c.apply(d, t.Screen, in); err != nil {
		return err
	}
	if err := d.properties(in); err != nil {
		return err
	}
	d.Status = t.To
	if t.Reopen {
		d.Resolution = ""
	}
	if t.Resolve != "" && (d.Resolution == "" || strings.EqualFold(d.Resolution, i.Resolution)) {
		d.Resolution = t.Resolve
	}
	return c.keep(i, d)
}
