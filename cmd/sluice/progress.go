package main

import (
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/sluice-sec/sluice/promoter/run"
)

// progress shows how far a run is, as bars on a terminal; otherwise the log
// does. Call end before anything else is written.
func (p *program) progress() (hear run.Progress, end func()) {
	if !p.terminal {
		return run.Progress{}, func() {}
	}
	bars := &bars{}
	bars.all = mpb.New(mpb.WithOutput(p.err.to), mpb.WithWidth(40))
	before := p.err.redirect(bars.all) // log lines appear above the bars
	return run.Progress{Step: bars.step, Done: bars.done}, func() {
		bars.finish()
		p.err.redirect(before)
		bars.all.Wait()
	}
}

// bars holds the bar of the step under way.
type bars struct {
	all *mpb.Progress
	now *mpb.Bar
	of  string // the step's name
}

func (b *bars) step(name string, total int) {
	if b.now != nil && b.of == name {
		b.now.SetTotal(int64(total), false)
		return
	}
	b.finish()
	if total == 0 {
		return
	}
	b.of = name
	b.now = b.all.AddBar(int64(total), mpb.PrependDecorators(decor.Name(name+" ")), mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
}

func (b *bars) done(n int) {
	if b.now != nil {
		b.now.IncrBy(n)
	}
}

// finish ends the step's bar, also where a run stopped short.
func (b *bars) finish() {
	if b.now != nil && !b.now.Completed() {
		b.now.Abort(false)
	}
	b.now = nil
}
