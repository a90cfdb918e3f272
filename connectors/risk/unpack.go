package risk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// unpacked reads what may be packed with gzip, and fails beyond most bytes.
func unpacked(r io.Reader, most int64) (io.Reader, error) {
	in := bufio.NewReader(r)
	magic, err := in.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return &bounded{in, most}, nil
	}
	plain, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	return &bounded{plain, most}, nil
}

// bounded fails where io.LimitReader would pretend that the end was reached.
type bounded struct {
	in   io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return n - 1, fmt.Errorf("larger than it may be")
	}
	return n, err
}
