package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// KeySize is the length of a key in bytes. A key file holds one key as
// hexadecimal digits on a line.
const KeySize = 32

// WriteKey makes a new key file, readable by its owner only. It never replaces
// one: fs.ErrExist.
func WriteKey(path string) error {
	key := make([]byte, KeySize)
	if _, err := io.ReadFull(rand.Reader, key); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// ReadKey reads a key file. Its errors say nothing of its content.
func ReadKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("%s: a key file holds %d hexadecimal digits and nothing else", path, 2*KeySize)
	}
	return key, nil
}

// key reads one of the configured keys. need is the key in sluice.yaml.
func (a *App) key(path, need string) ([]byte, error) {
	if path == "" {
		return nil, &UsageError{Err: fmt.Errorf("%s: keys.%s is missing: `sluice init` makes keys, or name an existing file", a.Config.File, need)}
	}
	key, err := ReadKey(a.Config.Absolute(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{Err: fmt.Errorf("keys.%s: there is no file %s: restore it from where you keep it, or make one with `sluice init` if there never was one", need, path)}
	}
	if err != nil {
		return nil, &UsageError{Err: fmt.Errorf("keys.%s: %w", need, err)}
	}
	return key, nil
}

// keyUse is one of the configured keys, and what becomes of a database that is
// gone on with by another one.
type keyUse struct{ kind, need, path, otherwise string }

func (a *App) keyUses() []keyUse {
	return []keyUse{
		{store.DocumentMarkersKey, "markers_file", a.Config.Keys.MarkersFile, "Sluice does not recognise its own comments, should the database ever have to be restored"},
		{store.DocumentSecretsKey, "secrets_file", a.Config.Keys.SecretsFile, "every secret that is known is found anew, without what people said of it"},
	}
}

// fingerprint tells a key from others and gives nothing of it away.
func fingerprint(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("sluice key fingerprint"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// newKey tells whether a key is another one than that by which the database was
// written last; "" where there is nothing to compare. mark is the key's.
func (a *App) newKey(ctx context.Context, docs store.Documents, u keyUse) (mark string, isNew bool, err error) {
	if u.path == "" {
		return "", false, nil
	}
	key, err := a.key(u.path, u.need)
	if err != nil {
		return "", false, err
	}
	known, _, err := docs.NewestDocument(ctx, u.kind)
	mark = fingerprint(key)
	return mark, known != "" && known != mark, err
}

// keepKeys remembers by which keys the database is written, and refuses others
// unless a person says that they are meant.
func (a *App) keepKeys(ctx context.Context, docs store.Documents, accept bool) error {
	for _, u := range a.keyUses() {
		mark, isNew, err := a.newKey(ctx, docs, u)
		switch {
		case err != nil:
			return err
		case isNew && !accept:
			return &UsageError{Err: fmt.Errorf("keys.%s: %s is not the key this database was written with: restore that one. If it is lost for good, `sluice run --new-keys` goes on with this one, and %s", u.need, u.path, u.otherwise)}
		case mark != "":
			if err := docs.KeepDocument(ctx, u.kind, mark, nil, a.opt.Now()); err != nil {
				return fmt.Errorf("keep the fingerprint of keys.%s: %w", u.need, err)
			}
		}
	}
	return nil
}

// Hasher returns a keyed hash for secrets: 128 bits of HMAC-SHA-256 in hex.
func Hasher(key []byte) func(secret string) string {
	return func(secret string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(secret))
		return hex.EncodeToString(mac.Sum(nil)[:16])
	}
}

// coin tosses audit coins with a key.
func coin(key []byte, share float64) func(item string) bool {
	return func(item string) bool { return evidence.Coin(key, "coin "+item, share) }
}

// SecretHash is the configured keyed hash for secrets, or nil where no key is
// configured.
func (a *App) SecretHash() (func(secret string) string, error) {
	if a.Config.Keys.SecretsFile == "" {
		return nil, nil
	}
	key, err := a.key(a.Config.Keys.SecretsFile, "secrets_file")
	if err != nil {
		return nil, err
	}
	return Hasher(key), nil
}
