package sarif

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// Results travel in batches: read by one goroutine as the first pass planned,
// decoded by some, emitted in the file's order by the caller's. There is a fixed
// number of batches, and that bounds the memory.
const (
	batchBytes = 512 << 10
	batchItems = 512 // findings are larger than the shortest results
	largeBatch = 2 << 20
	// maxSegments bounds the plan's memory. It is 100 million of the shortest
	// results, and more bytes than MaxBytes of others.
	maxSegments = 200_000
)

// segment is a stretch of one results array.
type segment struct {
	run, first, count int
	start, end        int64 // in the stream
	over              bool  // one result, too large to read
}

// book plans to read one more result, alone or with those before it. Of a broken
// one what is there is read, to tell exactly where it breaks.
func (d *document) book(s *scanner, one segment, broken bool) error {
	one.over = one.end-one.start > d.largest
	if one.over && broken {
		return nil
	}
	if n := len(d.plan); n > 0 {
		last := &d.plan[n-1]
		if last.run == one.run && !last.over && !one.over && last.count < batchItems && one.end-last.start <= batchBytes {
			last.count++
			last.end = one.end
			return nil
		}
	}
	if len(d.plan) >= maxSegments {
		return &Error{Offset: one.start, Err: ErrTooLarge, Detail: "more results than can be planned for"}
	}
	d.plan = append(d.plan, one)
	return nil
}

type batch struct {
	segment
	buf   []byte
	items []item
	done  chan struct{}
}

// item is one element of a results array.
type item struct {
	run     int
	offset  int64
	why     finding.Reason // why it is no finding; empty: it is one
	finding finding.Finding
	err     error // the file is broken here
}

// pipeline is the second pass.
type pipeline struct {
	options           Options
	doc               *document
	free, jobs, order chan *batch
}

// each reads the planned segments from r and calls yield for every result in the
// order of the file. It returns yield's error, or what is wrong with the file.
func (p *pipeline) each(ctx context.Context, r io.Reader, yield func(*item) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := p.options.Workers + 2
	p.free, p.jobs, p.order = make(chan *batch, all), make(chan *batch, all), make(chan *batch, all)
	for range all {
		p.free <- &batch{done: make(chan struct{}, 1)}
	}
	var readErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(p.jobs)
		defer close(p.order)
		readErr = p.read(ctx, r)
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
		err = readErr
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
}

// read fills batches as planned.
func (p *pipeline) read(ctx context.Context, r io.Reader) error {
	at := int64(0)
	for _, seg := range p.doc.plan {
		held, err := p.take(ctx, seg)
		if err != nil {
			return err
		}
		b := held[0]
		b.segment, b.buf = seg, b.buf[:0]
		if !seg.over {
			if err := b.fill(r, &at); err != nil {
				return &Error{Path: fmt.Sprintf("runs[%d].results[%d]", seg.run, seg.first), Offset: at, Err: changed(err)}
			}
		}
		p.jobs <- b // neither blocks: there is room for all batches
		p.order <- b
		for _, h := range held[1:] {
			p.free <- h
		}
	}
	return nil
}

// take waits for a batch. For a large segment it waits for all of them and puts
// the one with the largest buffer first, so that there is one large buffer at most.
func (p *pipeline) take(ctx context.Context, seg segment) (held []*batch, err error) {
	n := 1
	if seg.end-seg.start > largeBatch && !seg.over {
		n = cap(p.free)
	}
	for len(held) < n {
		select {
		case b := <-p.free:
			held = append(held, b)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	slices.SortFunc(held, func(a, b *batch) int { return cap(b.buf) - cap(a.buf) })
	return held, nil
}

func (b *batch) fill(r io.Reader, at *int64) error {
	n, err := io.CopyN(io.Discard, r, b.start-*at)
	if *at += n; err != nil {
		return err
	}
	size := int(b.end - b.start)
	if cap(b.buf) < size {
		b.buf = make([]byte, max(batchBytes, 1<<bits.Len(uint(size-1)))) // few sizes, so little garbage
	}
	b.buf = b.buf[:size]
	m, err := io.ReadFull(r, b.buf)
	*at += int64(m)
	return err
}

// changed: the first pass could read this far.
func changed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it changed while it was read", ErrTruncated)
	}
	return err
}

// decode turns segments into findings.
func (p *pipeline) decode() {
	var (
		s    scanner
		res  result
		conv *converter
	)
	for b := range p.jobs {
		if run := p.doc.runs[b.run]; conv == nil || conv.run != run {
			conv = &converter{run: run, root: p.options.Root, hash: p.options.Secrets, unseen: map[string]*rule{}}
			conv.blind = run.end == 0 || p.doc.fault != nil
		}
		b.decode(&s, &res, conv)
		b.done <- struct{}{}
	}
}

func (b *batch) decode(s *scanner, res *result, conv *converter) {
	if b.over {
		b.items = append(b.items, item{run: b.run, offset: b.start, why: finding.TooLarge})
		return
	}
	s.Reset(b.buf, b.start)
	for i := range b.count {
		b.items = append(b.items, item{run: b.run, offset: s.Offset()})
		one := &b.items[i]
		err := s.Between(i)
		if err == nil {
			err = s.element(one, res, conv)
		}
		if err == nil && i == b.count-1 {
			err = s.Finish()
		}
		if err != nil {
			err = jsonwalk.Within(jsonwalk.Within(err, jsonwalk.Index(b.first+i)), "results")
			one.err = jsonwalk.Within(err, fmt.Sprintf("runs[%d]", b.run))
			return
		}
	}
}

// element reads one result.
func (s *scanner) element(one *item, res *result, conv *converter) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != '{' {
		one.why = finding.Malformed
		return s.Skip()
	}
	s.Mistyped = 0
	res.reset()
	if err = s.result(res); err == nil {
		one.why = conv.convert(&one.finding, res, s.Mistyped > 0)
	}
	return err
}
