package app

import (
	"fmt"
	"io"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
)

// NewLogger writes to w: lines for people on a terminal, JSON otherwise.
func NewLogger(w io.Writer, level string, terminal bool) (*zap.Logger, error) {
	if level == "" {
		level = "info"
	}
	at, err := zapcore.ParseLevel(level)
	if err != nil || at > zapcore.ErrorLevel {
		return nil, &UsageError{Err: fmt.Errorf("log level %q is none of debug, info, warn, error", level)}
	}
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "at", zapcore.RFC3339TimeEncoder
	encoder := zapcore.NewJSONEncoder(c)
	if terminal {
		c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		c.EncodeLevel = zapcore.LowercaseLevelEncoder
		c.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(c)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), at)), nil
}

// IsTerminal tells whether a person looks at w.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
