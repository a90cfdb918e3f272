package sarif

import (
	"context"
	"fmt"
	"sync"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Results travel in batches: cut out of the stream by one goroutine, decoded by
// some, emitted in the file's order by the caller's. There is a fixed number of
// batches, and that bounds the memory.
const (
	batchBytes = 512 << 10
	batchItems = 512 // findings are larger than the shortest results
	largeBatch = 2 << 20
)

type batch struct {
	buf   []byte
	items []item
	done  chan struct{}
}

// item is one element of a results array.
type item struct {
	start, end int   // in the batch's buf
	offset     int64 // in the stream
	run, index int
	why        finding.Reason // why it is no finding; empty: it is one
	finding    finding.Finding
	err        error // the file is broken here
}

// pipeline is the second pass.
type pipeline struct {
	options           Options
	doc               *document
	free, jobs, order chan *batch
	all               int // batches there are
	filling           *batch
}

// each reads the results from s and calls yield for every element in the order
// of the file. It returns yield's error, or what is wrong with the file.
func (p *pipeline) each(ctx context.Context, s *scanner, yield func(*item) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.all = p.options.Workers + 2
	p.free, p.jobs, p.order = make(chan *batch, p.all), make(chan *batch, p.all), make(chan *batch, p.all)
	for range p.all {
		p.free <- &batch{done: make(chan struct{}, 1)}
	}
	var cutErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(p.jobs)
		defer close(p.order)
		cutErr = p.cut(ctx, s)
	})
	for range p.options.Workers {
		wg.Go(p.decode)
	}
	var err error
	for b := range p.order {
		<-b.done
		if err == nil {
			if err = b.yield(yield); err != nil {
				cancel()
			}
		}
		b.recycle()
		p.free <- b
	}
	wg.Wait()
	if err == nil {
		err = cutErr
	}
	return err
}

func (b *batch) yield(yield func(*item) error) error {
	for i := range b.items {
		if b.items[i].err != nil {
			return b.items[i].err
		}
		if err := yield(&b.items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) recycle() {
	clear(b.items) // let go of the findings
	b.items = b.items[:0]
	b.buf = b.buf[:0]
	if cap(b.buf) > largeBatch {
		b.buf = nil
	}
}

// cut finds every runs[*].results and puts its elements into batches. What else
// there is was checked by the first pass.
func (p *pipeline) cut(ctx context.Context, s *scanner) error {
	run := -1
	err := s.fields(func(name []byte) error {
		if ok, err := s.follow('[', string(name) == "runs"); !ok {
			return err
		}
		return s.array(func(int) error {
			run++
			if ok, err := s.follow('{', true); !ok {
				return err
			}
			return s.fields(func(name []byte) error {
				if ok, err := s.follow('[', string(name) == "results"); !ok {
					return err
				}
				return s.array(func(i int) error { return p.cutOne(ctx, s, run, i) })
			})
		})
	})
	if e := p.send(ctx); err == nil {
		err = e
	}
	return err
}

// follow tells whether to go into the next value; if not, it is passed over.
func (s *scanner) follow(want byte, wanted bool) (bool, error) {
	c, err := s.peek()
	if err != nil || wanted && c == want {
		return err == nil, err
	}
	_, _, err = s.raw(nil, 0)
	return false, err
}

func (p *pipeline) cutOne(ctx context.Context, s *scanner, run, index int) error {
	if p.filling == nil {
		select {
		case p.filling = <-p.free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, err := s.peek(); err != nil {
		return err
	}
	b := p.filling
	one := item{start: len(b.buf), offset: s.offset(), run: run, index: index}
	var over bool
	var err error
	b.buf, over, err = s.raw(b.buf, p.options.MaxElement)
	if one.end = len(b.buf); over {
		one.why = finding.TooLarge
	}
	if err != nil && over { // the end of something too large: nothing to look into
		return err
	}
	b.items = append(b.items, one)
	if err != nil { // decoding what is there tells more exactly where it breaks
		return err
	}
	if len(b.buf) >= batchBytes || len(b.items) >= batchItems {
		return p.send(ctx)
	}
	return nil
}

// send hands the batch being filled over. A large one travels alone.
func (p *pipeline) send(ctx context.Context) error {
	b := p.filling
	if b == nil {
		return nil
	}
	p.filling = nil
	var held []*batch
	if len(b.buf) > largeBatch {
		var err error
		if held, err = p.hold(ctx, p.all-1); err != nil {
			return err
		}
	}
	p.jobs <- b // neither blocks: there is room for all batches
	p.order <- b
	if held == nil {
		return nil
	}
	rest, err := p.hold(ctx, 1)
	for _, h := range append(held, rest...) {
		p.free <- h
	}
	return err
}

// hold takes n batches out of circulation.
func (p *pipeline) hold(ctx context.Context, n int) (held []*batch, err error) {
	for len(held) < n {
		select {
		case b := <-p.free:
			held = append(held, b)
		case <-ctx.Done():
			return held, ctx.Err()
		}
	}
	return held, nil
}

// decode turns elements into findings.
func (p *pipeline) decode() {
	var (
		s    scanner
		res  result
		conv *converter
	)
	for b := range p.jobs {
		for i := range b.items {
			one := &b.items[i]
			if one.why != "" {
				continue
			}
			if one.run >= len(p.doc.runs) {
				one.err = &Error{Offset: one.offset, Err: ErrMalformed, Detail: "the file changed while it was read"}
				continue
			}
			if run := p.doc.runs[one.run]; conv == nil || conv.run != run {
				conv = &converter{run: run, root: p.options.Root, hash: p.options.Secrets, unseen: map[string]*rule{}}
			}
			s.reset(b.buf[one.start:one.end], one.offset)
			p.decodeOne(&s, &res, conv, one)
		}
		b.done <- struct{}{}
	}
}

func (p *pipeline) decodeOne(s *scanner, res *result, conv *converter, one *item) {
	c, err := s.peek()
	switch {
	case err == nil && c == '{':
		res.reset()
		if err = s.result(res); err == nil {
			err = s.finish()
		}
	case err == nil:
		one.why = finding.Malformed
		err = s.skip()
	}
	if err != nil {
		one.err = within(within(within(err, index(one.index)), "results"), fmt.Sprintf("runs[%d]", one.run))
		return
	}
	if one.why == "" {
		one.why = conv.convert(&one.finding, res, s.mistyped > 0)
	}
}
