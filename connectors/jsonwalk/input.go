package jsonwalk

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// DefaultMaxBytes is 8 GiB. It bounds the time a gzip bomb costs.
const DefaultMaxBytes = 8 << 30

// Input is a report's text as UTF-8 without a byte order mark, however it was
// packed. It stops with an error at the limit, so that a small compressed file
// costs bounded time; memory it never costs, nothing here grows with it.
type Input struct {
	ctx    context.Context
	closer io.Closer
	r      io.Reader
	read   int64
	limit  int64
}

// Open opens a report of which at most limit bytes are read, counted after
// decompression; DefaultMaxBytes if 0.
func Open(ctx context.Context, open func() (io.ReadCloser, error), limit int64) (*Input, error) {
	file, err := open()
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	in := &Input{ctx: ctx, closer: file, limit: limit}
	in.r, err = unpack(file)
	if err != nil {
		return nil, errors.Join(&Error{Err: named(err)}, file.Close())
	}
	return in, nil
}

// unpack looks at the first bytes for gzip (RFC 1952) and byte order marks.
func unpack(file io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(file, 4<<10)
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = bufio.NewReaderSize(z, 4<<10)
	}
	mark, _ := r.Peek(3)
	switch {
	case bytes.HasPrefix(mark, []byte{0xef, 0xbb, 0xbf}):
		_, err := r.Discard(3)
		return r, err
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}):
		_, err := r.Discard(2)
		return &utf16Reader{r: r, order: binary.LittleEndian}, err
	case bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		_, err := r.Discard(2)
		return &utf16Reader{r: r, order: binary.BigEndian}, err
	}
	return r, nil
}

// Read fails with ErrTooLarge at the limit and with the context's error when it is
// cancelled.
func (in *Input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	if in.read >= in.limit {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, in.limit)
	}
	p = p[:min(int64(len(p)), in.limit-in.read)]
	n, err := in.r.Read(p)
	in.read += int64(n)
	return n, named(err)
}

// Close closes what was opened.
func (in *Input) Close() error { return in.closer.Close() }

// named gives a cut or broken gzip stream its name among this package's errors.
func named(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// utf16Reader turns UTF-16 into UTF-8; halves of pairs become U+FFFD.
type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	left  []byte // of the last character, what did not fit
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	n := copy(p, u.left)
	u.left = u.left[n:]
	for n < len(p) {
		r, err := u.next()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		u.left = utf8.AppendRune(u.left[:0], r)
		k := copy(p[n:], u.left)
		n, u.left = n+k, u.left[k:]
	}
	return n, nil
}

func (u *utf16Reader) next() (rune, error) {
	first, err := u.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	if ahead, _ := u.r.Peek(2); len(ahead) == 2 {
		if full := utf16.DecodeRune(first, rune(u.order.Uint16(ahead))); full != utf8.RuneError {
			_, err = u.r.Discard(2)
			return full, err
		}
	}
	return utf8.RuneError, nil
}

func (u *utf16Reader) unit() (rune, error) {
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		return 0, err
	}
	return rune(u.order.Uint16(b[:])), nil
}
