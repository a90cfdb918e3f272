package app

import (
	"context"
	"io/fs"
	"slices"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter"
)

const (
	openTexts  = 4        // repositories whose readers are kept at a time: each may hold a git process
	textMemory = 32 << 20 // bytes remembered of one repository
)

// texts are the readers in use, the newest last. A run goes repository by
// repository, so few are enough.
type texts struct{ readers []text }

type text struct {
	source, repository string
	reader             sourcetext.Reader
	git                *sourcetext.GitReader // nil without a source_dir
}

// text reads a repository's source: from the source's own folder first, then
// through the platform.
func (a *App) text(client *githubapi.Client) func(connectors.Config, promoter.Repository) sourcetext.Reader {
	return func(source connectors.Config, repo promoter.Repository) sourcetext.Reader {
		same := func(t text) bool { return t.source == source.Name && t.repository == repo.FullName() }
		if i := slices.IndexFunc(a.texts.readers, same); i >= 0 {
			return a.texts.readers[i].reader
		}
		if len(a.texts.readers) == openTexts {
			a.texts.readers[0].close(a.Log)
			a.texts.readers = slices.Delete(a.texts.readers, 0, 1)
		}
		t := a.openText(client, source, repo)
		a.texts.readers = append(a.texts.readers, t)
		return t.reader
	}
}

func (a *App) openText(client *githubapi.Client, source connectors.Config, repo promoter.Repository) text {
	t := text{source: source.Name, repository: repo.FullName()}
	var readers []sourcetext.Reader
	dir, err := source.SourceFolder(connectors.Context{Owner: repo.Owner, Name: repo.Name})
	if err != nil {
		a.Log.Warn("source text is read from elsewhere", zap.Error(err))
	}
	if dir != "" && err == nil {
		t.git = sourcetext.Git(dir)
		readers = append(readers, t.git)
	}
	if client != nil {
		readers = append(readers, sourcetext.Func(contents(client, repo)))
	}
	t.reader = sourcetext.Cached(sourcetext.First(readers...), textMemory)
	return t
}

// contents asks the platform for a file.
func contents(client *githubapi.Client, repo promoter.Repository) func(context.Context, string, string) ([]byte, error) {
	return func(ctx context.Context, commit, path string) ([]byte, error) {
		body, err := client.Contents(ctx, repo.Owner, repo.Name, commit, path)
		if githubapi.IsNotFound(err) {
			return nil, fs.ErrNotExist
		}
		return body, err
	}
}

func (t text) close(log *zap.Logger) {
	if t.git == nil {
		return
	}
	if err := t.git.Close(); err != nil {
		log.Debug("git ended badly", zap.Error(err))
	}
}

// closeTexts ends the git processes.
func (a *App) closeTexts() {
	for _, t := range a.texts.readers {
		t.close(a.Log)
	}
	a.texts.readers = nil
}
