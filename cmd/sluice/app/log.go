package app

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
)

// NewLogger writes to w: lines for people on a terminal, JSON otherwise. Without
// a level it is info, but warn on a terminal, where progress and the report
// tell the rest.
func NewLogger(w io.Writer, level string, terminal bool) (*zap.Logger, error) {
	if level == "" {
		level = "info"
		if terminal {
			level = "warn"
		}
	}
	at, err := zapcore.ParseLevel(level)
	if err != nil || at > zapcore.ErrorLevel {
		return nil, &UsageError{Err: fmt.Errorf("log level %q is none of debug, info, warn, error", level)}
	}
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "at", zapcore.RFC3339TimeEncoder
	c.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(c)
	if terminal {
		c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		c.EncodeLevel = zapcore.LowercaseLevelEncoder
		c.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(c)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), at)), nil
}

// numbered adds the number of the run under way to each line, whichever part
// of the program writes it.
type numbered struct {
	zapcore.Core
	run *atomic.Int64 // 0: none yet
}

func (n numbered) With(fields []zapcore.Field) zapcore.Core {
	return numbered{n.Core.With(fields), n.run}
}

func (n numbered) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if n.Enabled(e.Level) {
		return to.AddCore(e, n)
	}
	return to
}

func (n numbered) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if run := n.run.Load(); run != 0 {
		fields = append([]zapcore.Field{zap.Int64("run", run)}, fields...)
	}
	return n.Core.Write(e, fields)
}

// IsTerminal tells whether a person looks at w.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
