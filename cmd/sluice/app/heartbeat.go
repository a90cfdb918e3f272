package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"
)

// heartbeatWait bounds the request: whoever listens must not keep a run from
// ending.
const heartbeatWait = 5 * time.Second

// Beat requests the address in the environment variable that heartbeat.url_env
// names, with /fail after its path if the run failed, so that somebody else
// notices when runs fail or stop. It reads the configuration for itself and
// asks nothing else of it (and needs opt.Logger): what is wrong there is one of the things that it has
// to tell of. No error of its own is more than a line in the log, and the
// address, which is a secret, is in none.
func Beat(ctx context.Context, opt Options, failed bool) {
	opt.fillIn()
	log := opt.Logger
	address := heartbeatAddress(opt, log)
	if address == nil {
		return
	}
	if failed {
		address = address.JoinPath("fail")
	}
	// A run that was told to stop says so.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeatWait)
	defer cancel()
	if err := request(ctx, opt, address); err != nil {
		log.Warn("heartbeat not delivered", zap.Bool("failed", failed), zap.String("because", discreet(err, address)))
		return
	}
	log.Info("heartbeat", zap.Bool("failed", failed))
}

// heartbeatAddress is nil where none is configured.
func heartbeatAddress(opt Options, log *zap.Logger) *url.URL {
	var c struct {
		Heartbeat Heartbeat `yaml:"heartbeat"`
	}
	file, err := filepath.Abs(opt.ConfigFile)
	if err != nil || trusted(file, opt.Getenv) != nil {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) > maxConfig || yaml.Unmarshal(text, &c) != nil || !envName.MatchString(c.Heartbeat.URLEnv) {
		return nil
	}
	address, err := parseAddress(c.Heartbeat.URLEnv, opt.Getenv)
	if err != nil {
		log.Warn("heartbeat not delivered", zap.String("because", err.Error()))
		return nil
	}
	return address
}

// parseAddress reads the variable. Its errors do not repeat it.
func parseAddress(env string, getenv func(string) string) (*url.URL, error) {
	text := getenv(env)
	if text == "" {
		return nil, fmt.Errorf("the environment variable %s is not set", env)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("the environment variable %s holds no address written https://HOST/PATH", env)
	}
	return u, nil
}

// request fails where the answer is no success. A redirection is none: the
// address is for whom it was given.
func request(ctx context.Context, opt Options, address *url.URL) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "sluice/"+opt.Version)
	client := http.Client{Transport: opt.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it was answered with %d", resp.StatusCode)
	}
	return nil
}

// discreet is an error without the address: its host may be named, the rest is
// the secret.
func discreet(err error, address *url.URL) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer in %s", heartbeatWait)
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	text := err.Error()
	parts := []string{address.Path, address.EscapedPath(), address.RawQuery}
	if address.User != nil {
		parts = append(parts, address.User.String())
	}
	for _, part := range parts {
		if len(part) > 1 {
			text = strings.ReplaceAll(text, part, "...")
		}
	}
	return text
}
