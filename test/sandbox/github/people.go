package github

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// ErrUnknown says that a repository, pull request, comment or person does not exist.
var ErrUnknown = errors.New("unknown")

var names = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// AddPerson makes an account of kind User, or Bot where the login ends in [bot]. An account that exists is kept.
func (s *Server) AddPerson(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addPerson(login)
}

func (s *Server) addPerson(login string) {
	if s.person(login) != nil {
		return
	}
	kind := "User"
	if len(login) > 5 && login[len(login)-5:] == "[bot]" {
		kind = "Bot"
	}
	s.world.People = append(s.world.People, &Person{ID: s.nextID(), Login: login, Type: kind})
}

// AddApp registers a GitHub App with one installation and its bot. Ids that are zero are given; the App as it is now
// is returned.
func (s *Server) AddApp(a App) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ID == 0 {
		a.ID = s.nextID()
	}
	if a.Installation == 0 {
		a.Installation = s.nextID()
	}
	s.addPerson(a.Slug)
	s.addPerson(a.Slug + "[bot]")
	a.Permissions, a.Repositories = maps.Clone(a.Permissions), slices.Clone(a.Repositories)
	s.world.Apps = append(s.world.Apps, &a)
	return a
}

// AddToken makes a credential valid, and its person an account.
func (s *Server) AddToken(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addPerson(t.Login)
	t.Permissions, t.Repositories = maps.Clone(t.Permissions), slices.Clone(t.Repositories)
	s.world.Tokens = append(s.world.Tokens, &t)
}

// RevokeToken makes a credential invalid.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.Tokens = slices.DeleteFunc(s.world.Tokens, func(t *Token) bool { return t.Value == value })
}

// CreateRepository makes an empty repository whose default branch is main, and returns the path of the bare git
// repository behind it: push there with git.
func (s *Server) CreateRepository(owner, name string, private bool) (gitPath string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !names.MatchString(owner) || !names.MatchString(name) || name == "." || name == ".." || owner == "." || owner == ".." {
		return "", fmt.Errorf("create repository %q: letters, digits, '.', '_' and '-' only", owner+"/"+name)
	}
	if s.world.Repository(owner+"/"+name) != nil {
		return "", fmt.Errorf("create repository %s/%s: it exists", owner, name)
	}
	id := s.nextID()
	git, err := gitrepo.Create(filepath.Join(s.dir, "git", fmt.Sprintf("%s-%s-%d.git", owner, name, id)), "main")
	if err != nil {
		return "", err
	}
	s.addPerson(owner)
	s.git[id] = git
	s.world.Repositories = append(s.world.Repositories, &Repository{ID: id, Owner: owner, Name: name, Private: private,
		DefaultBranch: "main", Git: git.Dir(), Collaborators: map[string]Level{}, Created: s.now()})
	return git.Dir(), nil
}

// change runs f on a repository.
func (s *Server) change(repository string, f func(*Repository) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.world.Repository(repository)
	if r == nil {
		return fmt.Errorf("repository %s: %w", repository, ErrUnknown)
	}
	return f(r)
}

// changePull runs f on a pull request as git has it now.
func (s *Server) changePull(repository string, number int, f func(*Repository, *PullRequest) error) error {
	return s.change(repository, func(r *Repository) error {
		p := r.PullRequest(number)
		if p == nil {
			return fmt.Errorf("pull request %s#%d: %w", repository, number, ErrUnknown)
		}
		if err := s.refresh(r, p); err != nil {
			return err
		}
		return f(r, p)
	})
}

// RenameRepository gives a repository a new name (without owner). The old name answers with a redirect.
func (s *Server) RenameRepository(repository, name string) error {
	return s.change(repository, func(r *Repository) error {
		if !names.MatchString(name) {
			return fmt.Errorf("rename repository: %q is no name", name)
		}
		r.Former, r.Name = append(r.Former, r.FullName()), name
		return nil
	})
}

// DeleteRepository makes a repository vanish from the interface; its git repository stays on disk.
func (s *Server) DeleteRepository(repository string) error {
	return s.change(repository, func(r *Repository) error {
		s.world.Repositories = slices.DeleteFunc(s.world.Repositories, func(o *Repository) bool { return o == r })
		return nil
	})
}

// Grant sets a person's level in a repository, and makes them an account.
func (s *Server) Grant(repository, login string, level Level) error {
	return s.change(repository, func(r *Repository) error {
		if levelRank(level) < 0 {
			return fmt.Errorf("grant %s in %s: unknown level %q", login, repository, level)
		}
		s.addPerson(login)
		r.Collaborators[login] = level
		return nil
	})
}

// Commit makes a commit on a branch and returns its hash, the same for the same change on the same parent. Everything
// else can be pushed with git itself.
func (s *Server) Commit(repository string, c gitrepo.Change) (hash string, err error) {
	err = s.change(repository, func(r *Repository) error {
		hash, err = s.repo(r).Apply(c)
		return err
	})
	return hash, err
}

// NewPullRequest is a pull request to be opened. Number 0 takes the next one.
type NewPullRequest struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	Head   string `json:"head"`
	Base   string `json:"base"` // empty: the default branch
	Author string `json:"author"`
	Draft  bool   `json:"draft"`
}

// OpenPullRequest opens a pull request between two branches that exist and returns its number.
func (s *Server) OpenPullRequest(repository string, n NewPullRequest) (number int, err error) {
	err = s.change(repository, func(r *Repository) error {
		if n.Base == "" {
			n.Base = r.DefaultBranch
		}
		for _, branch := range []string{n.Head, n.Base} {
			if _, err := s.repo(r).Ref("refs/heads/" + branch); err != nil {
				return fmt.Errorf("open pull request: branch %q: %w", branch, ErrUnknown)
			}
		}
		if n.Number == 0 {
			n.Number = 1
			for _, p := range r.PullRequests {
				n.Number = max(n.Number, p.Number+1)
			}
		} else if r.PullRequest(n.Number) != nil {
			return fmt.Errorf("open pull request: %s#%d exists", repository, n.Number)
		}
		if n.Author == "" {
			n.Author = r.Owner
		}
		s.addPerson(n.Author)
		p := &PullRequest{ID: s.nextID(), Number: n.Number, Title: n.Title, Body: n.Body, Author: n.Author, State: "open", Draft: n.Draft,
			Head: n.Head, Base: n.Base, Created: s.now(), Updated: s.now()}
		if err := s.refresh(r, p); err != nil {
			return fmt.Errorf("open pull request: %w", err)
		}
		r.PullRequests = append(r.PullRequests, p)
		number = n.Number
		return nil
	})
	return number, err
}

// ClosePullRequest closes a pull request without merging it. GitHub goes on showing and taking comments on it.
func (s *Server) ClosePullRequest(repository string, number int) error {
	return s.changePull(repository, number, func(_ *Repository, p *PullRequest) error {
		p.State, p.ClosedAt, p.Updated = "closed", s.now(), s.now()
		return nil
	})
}

// BarLine lets the pull request's head take no comment on a line that its diff has, as GitHub does where the diff that it
// computes for comments is not the one it lists.
func (s *Server) BarLine(repository string, number int, path string, line int) error {
	return s.changePull(repository, number, func(_ *Repository, p *PullRequest) error {
		p.Barred = append(p.Barred, barred(p.HeadSHA, path, line))
		return nil
	})
}

func barred(commit, path string, line int) string { return fmt.Sprintf("%s:%s:%d", commit, path, line) }

// ReopenPullRequest opens a closed pull request again.
func (s *Server) ReopenPullRequest(repository string, number int) error {
	return s.changePull(repository, number, func(r *Repository, p *PullRequest) error {
		if p.MergedBy != "" {
			return fmt.Errorf("reopen %s#%d: it is merged", repository, number)
		}
		p.State, p.ClosedAt, p.Updated = "open", p.MergedAt, s.now()
		return s.refresh(r, p)
	})
}

// DeletePullRequest makes a pull request vanish, as when a repository is made anew.
func (s *Server) DeletePullRequest(repository string, number int) error {
	return s.changePull(repository, number, func(r *Repository, p *PullRequest) error {
		r.PullRequests = slices.DeleteFunc(r.PullRequests, func(o *PullRequest) bool { return o == p })
		return nil
	})
}

// SetDraft turns a pull request into a draft, or makes it ready for review.
func (s *Server) SetDraft(repository string, number int, draft bool) error {
	return s.changePull(repository, number, func(_ *Repository, p *PullRequest) error {
		p.Draft, p.Updated = draft, s.now()
		return nil
	})
}

// MergePullRequest merges with a merge commit, which moves the base branch.
func (s *Server) MergePullRequest(repository string, number int, login string) error {
	return s.changePull(repository, number, func(r *Repository, p *PullRequest) error {
		if p.State != "open" || p.MergeCommit == "" {
			return fmt.Errorf("merge %s#%d: it is closed or has conflicts", repository, number)
		}
		message := fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", number, r.Owner, p.Head, p.Title)
		hash, _, err := s.repo(r).Merge(p.BaseSHA, p.HeadSHA, message, webFlow)
		if err != nil {
			return fmt.Errorf("merge %s#%d: %w", repository, number, err)
		}
		p.State, p.MergeCommit, p.MergedBy = "closed", hash, login
		p.MergedAt, p.ClosedAt, p.Updated = s.now(), s.now(), s.now()
		return s.repo(r).SetRef("refs/heads/"+p.Base, hash)
	})
}
