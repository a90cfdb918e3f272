package app

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/rules"
)

// Law is a policy with the settings it was loaded with.
type Law struct {
	Engine   *policy.Engine
	Settings *settings.Settings
	// Warnings say that something else is in force than the files hold, and
	// what is wrong with the files.
	Warnings []string

	library, document draft
}

// draft is one half of a law as text, good or not.
type draft struct {
	name   string // for messages
	body   []byte // a ZIP archive of the policy's files, or the YAML
	proven bool   // was in force before, so its tests have passed
	err    error  // why there is no body
}

// Candidate loads a policy folder and a settings file, "" meaning what the
// configuration says. What is wrong with either is a *UsageError.
func (a *App) Candidate(ctx context.Context, policyDir, settingsFile string) (*Law, error) {
	policyDir = cmp.Or(policyDir, a.Config.Near(a.Config.Policy))
	settingsFile = cmp.Or(settingsFile, a.Config.Near(a.Config.Settings))
	law, err := a.build(ctx, readLibrary(policyDir), readDocument(settingsFile))
	if err != nil {
		return nil, badLaw(ctx, err)
	}
	return law, nil
}

// TestPolicy runs a library's own tests, "" meaning what the configuration
// says. A library that does not load is a *UsageError; failing tests are not.
func (a *App) TestPolicy(ctx context.Context, policyDir, settingsFile string) (policy.TestReport, error) {
	library := readLibrary(cmp.Or(policyDir, a.Config.Near(a.Config.Policy)))
	library.proven = true // so that it loads although a test fails
	law, err := a.build(ctx, library, readDocument(cmp.Or(settingsFile, a.Config.Near(a.Config.Settings))))
	if err != nil {
		return policy.TestReport{}, badLaw(ctx, err)
	}
	return law.Engine.Test(ctx)
}

func badLaw(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UsageError{Err: err}
}

// Settings are those in force: the configured ones, or, where they are refused,
// the last good ones.
func (a *App) Settings(ctx context.Context, docs store.Documents) (*settings.Settings, error) {
	document := readDocument(a.Config.Near(a.Config.Settings))
	s, err := settings.Parse(document.name, document.body)
	if err = errors.Join(document.err, err); err == nil {
		return s, nil
	}
	if old := kept(ctx, docs, store.DocumentSettings); old.err == nil {
		if s, bad := settings.Parse(old.name, old.body); bad == nil {
			return s, nil
		}
	}
	return nil, &UsageError{Err: err}
}

// Law loads what the configuration names. If that is refused, the last good
// one stays in force, and Warnings say so; without one it is a *UsageError.
func (a *App) Law(ctx context.Context, docs store.Documents) (*Law, error) {
	library, document := readLibrary(a.Config.Near(a.Config.Policy)), readDocument(a.Config.Near(a.Config.Settings))
	oldLibrary, oldDocument := kept(ctx, docs, store.DocumentPolicy), kept(ctx, docs, store.DocumentSettings)
	if bytes.Equal(library.body, oldLibrary.body) {
		library.proven = oldLibrary.proven
	}
	law, first := a.build(ctx, library, document)
	if first == nil {
		return law, nil
	}
	for _, try := range []struct {
		library, document draft
		instead           string
	}{
		{oldLibrary, document, "the last good policy stays"},
		{library, oldDocument, "the last good settings stay"},
		{oldLibrary, oldDocument, "the last good policy and settings stay"},
	} {
		if law, err := a.build(ctx, try.library, try.document); err == nil {
			law.Warnings = []string{fmt.Sprintf("%s in force, because what the files hold is refused:\n%v", try.instead, first)}
			return law, nil
		}
	}
	return nil, badLaw(ctx, first)
}

// build makes a law of its two halves.
func (a *App) build(ctx context.Context, library, document draft) (*Law, error) {
	if err := errors.Join(document.err, library.err); err != nil {
		return nil, err
	}
	set, err := settings.Parse(document.name, document.body)
	if err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(library.body), int64(len(library.body)))
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", library.name, err)
	}
	engine, err := policy.Load(ctx, policy.Source{FS: files, Name: library.name}, set, policy.Options{
		Logger: a.Log, SkipTests: library.proven,
	})
	if err != nil {
		return nil, err
	}
	return &Law{Engine: engine, Settings: set, library: library, document: document}, nil
}

// keep remembers a law as the last good one.
func (a *App) keep(ctx context.Context, docs store.Documents, law *Law) error {
	at := a.Now().UTC()
	return errors.Join(
		docs.KeepDocument(ctx, store.DocumentPolicy, law.Engine.Revision(), law.library.body, at),
		docs.KeepDocument(ctx, store.DocumentSettings, law.Settings.Revision(), law.document.body, at),
	)
}

func kept(ctx context.Context, docs store.Documents, kind string) draft {
	revision, body, err := docs.NewestDocument(ctx, kind)
	if err == nil && revision == "" {
		err = fmt.Errorf("there is no last good %s", kind)
	}
	return draft{name: "last good " + kind, body: body, proven: err == nil, err: err}
}

func readDocument(file string) draft {
	if file == "" {
		return draft{name: "default settings"}
	}
	body, err := os.ReadFile(file)
	if err != nil {
		err = fmt.Errorf("read the settings: %w", err)
	}
	return draft{name: file, body: body, err: err}
}

// readLibrary reads a folder of policies once, so that what is checked, what
// decides and what is kept are the same bytes. "" is the built-in library.
func readLibrary(dir string) draft {
	d := draft{name: dir}
	files := fs.FS(rules.FS)
	if dir == "" {
		d.name = "built-in policy"
	} else {
		root, err := os.OpenRoot(dir)
		if err != nil {
			d.err = fmt.Errorf("read the policy: %w", err)
			return d
		}
		defer root.Close()
		files = root.FS()
	}
	d.body, d.err = pack(files)
	if d.err != nil {
		d.err = fmt.Errorf("read the policy %s: %w", d.name, d.err)
	}
	return d
}

// maxLibrary bounds a policy folder; the engine has finer limits of its own.
const maxLibrary = 16 << 20

// pack makes an archive of the files that policies consist of. The same files
// make the same bytes.
func pack(files fs.FS) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	size := int64(0)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir(), !ofPolicy(name):
			return nil
		}
		info, err := fs.Stat(files, name)
		if err != nil {
			return err
		}
		if size += info.Size(); size > maxLibrary {
			return fmt.Errorf("more than %d bytes of policies; is this the right folder?", maxLibrary)
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write(body)
		}
		return err
	})
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

func ofPolicy(name string) bool {
	switch path.Base(name) {
	case "data.json", "data.yaml", "data.yml":
		return true
	}
	return path.Ext(name) == ".rego"
}
