// Package app wires Sluice together: configuration, store, policy, sources and
// platform. It is the only package that imports all of them, and tests embed it
// to run the whole program in their own process.
//
// The awkward truth: it opens things when they are first asked for, because a
// command should not fail over what it does not use (`ledger verify` must work
// when the policy is broken). So an error of the configuration can show late,
// in the command that needs the part; `sluice doctor` looks at all of it.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
)

// Options are what the program is started with. The zero value of each field
// is what a user gets.
type Options struct {
	ConfigFile string // default sluice.yaml
	As         string // who commands are booked under, such as github:alice
	LogLevel   string // debug, info, warn, error; see NewLogger
	Version    string

	Getenv func(string) string
	Logger *zap.Logger // default: to standard error, from LogLevel on

	// What tests put their own in place of.
	Transport   http.RoundTripper                                // all requests go through it
	Now         func() time.Time                                 // the clock of every part
	Sleep       func(ctx context.Context, d time.Duration) error // how to wait between requests
	Token       func() string                                    // the tokens of effects, random and unique
	WrapStore   func(store.Store) store.Store                    // sees every use of the store
	Limits      githubapi.Limits                                 // of requests to GitHub
	SettleDelay time.Duration                                    // before a request that nobody answered is taken for lost
}

func (o *Options) fillIn() {
	if o.ConfigFile == "" {
		o.ConfigFile = "sluice.yaml"
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = githubapi.SystemClock{}.Sleep
	}
	if o.Token == nil {
		o.Token = rand.Text
	}
}

// App is the program with its configuration read. Close it.
type App struct {
	Config *Config
	Actor  string // who its commands are booked under
	Log    *zap.Logger

	opt     Options
	cleanup []func() error
	store   store.Store
	github  *githubapi.Client
	texts   texts
	run     atomic.Int64 // the run under way, for the log
}

// New reads the configuration. Whatever else a command needs is opened by the
// method that hands it out.
func New(opt Options) (*App, error) {
	opt.fillIn()
	a := &App{opt: opt, Log: opt.Logger}
	var err error
	if a.Log == nil {
		if a.Log, err = NewLogger(os.Stderr, opt.LogLevel, IsTerminal(os.Stderr)); err != nil {
			return nil, err
		}
	}
	a.Log = a.Log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return numbered{c, &a.run} }))
	if a.Actor, err = actor(opt.As, opt.Getenv); err != nil {
		return nil, err
	}
	if a.Config, err = LoadConfig(opt.ConfigFile); err != nil {
		return nil, err
	}
	return a, nil
}

// Close closes what was opened, last first.
func (a *App) Close() error {
	var errs []error
	for _, f := range slices.Backward(a.cleanup) {
		errs = append(errs, f())
	}
	a.cleanup, a.store = nil, nil
	return errors.Join(errs...)
}

func (a *App) atClose(f func() error) { a.cleanup = append(a.cleanup, f) }

// Token is a fresh random one.
func (a *App) Token() string { return a.opt.Token() }

// Now is the time by the program's clock.
func (a *App) Now() time.Time { return a.opt.Now() }

// Configured fails with a *UsageError where there is no sluice.yaml.
func (a *App) Configured() error {
	if a.Config.Found {
		return nil
	}
	return &UsageError{Err: fmt.Errorf("there is no %s: `sluice init` makes one, --config names another", a.Config.File)}
}

// Store opens the store for writing, adding it if there is none.
func (a *App) Store(ctx context.Context) (store.Store, error) { return a.open(ctx, false, true) }

// ExistingStore opens the store for writing. One that is not there yet is a
// *UsageError.
func (a *App) ExistingStore(ctx context.Context) (store.Store, error) {
	return a.open(ctx, false, false)
}

// ReadStore opens the store to look at it. One that is not there yet is a
// *UsageError.
func (a *App) ReadStore(ctx context.Context) (store.Store, error) { return a.open(ctx, true, false) }

func (a *App) open(ctx context.Context, readOnly, create bool) (store.Store, error) {
	if a.store != nil {
		return a.store, nil
	}
	if err := a.Configured(); err != nil {
		return nil, err
	}
	path := a.Config.StorePath()
	if _, err := os.Stat(path); !create && errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{Err: fmt.Errorf("the store %s is not there yet: the first `sluice run` makes it", a.Config.Store)}
	}
	s, err := a.openFile(ctx, path, readOnly)
	if err != nil {
		return nil, err
	}
	a.store = s
	return s, nil
}

// openFile opens a database file, whatever the configuration says.
func (a *App) openFile(ctx context.Context, path string, readOnly bool) (store.Store, error) {
	db, err := sqlite.Open(ctx, path, sqlite.Options{
		Clock: a.opt.Now, Logger: a.Log, ReadOnly: readOnly, AppVersion: a.opt.Version,
	})
	if err != nil {
		return nil, err
	}
	a.atClose(db.Close)
	if a.opt.WrapStore != nil {
		return a.opt.WrapStore(db), nil
	}
	return db, nil
}

// clock is the program's clock as the GitHub client wants it.
type clock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func (c clock) Now() time.Time                                   { return c.now() }
func (c clock) Sleep(ctx context.Context, d time.Duration) error { return c.sleep(ctx, d) }

func (a *App) clock() clock { return clock{a.opt.Now, a.opt.Sleep} }
