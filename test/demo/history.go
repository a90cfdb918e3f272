package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// The repository of the demo.
const (
	owner      = "acme"
	name       = "parcels"
	repository = owner + "/" + name
)

// service holds the states of the service: base as a whole, the others as the files that a commit changes. Its go.mod
// has another name, because a folder with a go.mod of its own cannot be embedded.
//
//go:embed testdata/service
var service embed.FS

// fakeToken has the form of a GitHub token and is none. It stands here in two halves, so that a scan of this repository
// does not find what only a scan of the demo's should.
const fakeToken = "ghp_" + "SluiceDemoT0kenNotARealOne4711abcdef"

// files reads one state of the service: its contents by path.
func files(state string) (map[string]string, error) {
	dir := "testdata/service/" + state
	list, err := fs.ReadDir(service, dir)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, entry := range list {
		text, err := fs.ReadFile(service, dir+"/"+entry.Name())
		if err != nil {
			return nil, err
		}
		path := strings.TrimSuffix(entry.Name(), ".txt")
		out[path] = strings.ReplaceAll(string(text), "@FAKE_TOKEN@", fakeToken)
	}
	return out, nil
}

// proposal is a pull request of the story.
type proposal struct {
	number              int
	title, author, body string
	state               string // of testdata/service
}

var proposals = []proposal{
	{1, "Search parcels, print labels", "alice", "Support wants to search by recipient, the depots want to print.", "search"},
	{2, "Archive invoices", "bob", "At the end of the month, invoices go to the archive.", "invoices"},
	{3, "Tidy ids before they are used", "carol", "Blanks come along when people paste.", "trim"},
	{4, "Say how to run it", "dave", "", "readme"},
}

func (p proposal) branch() string { return p.author + "/" + p.state }

// plant makes the repository, its people, their pull requests, and the GitHub App that Sluice runs as.
func (s *story) plant() error {
	git, err := s.sandbox.CreateRepository(owner, name, true)
	if err != nil {
		return err
	}
	s.git = git
	if _, err := s.commit("main", "", "base", "erin", "The parcels service"); err != nil {
		return err
	}
	for _, p := range proposals {
		if err := s.sandbox.Grant(repository, p.author, github.Write); err != nil {
			return err
		}
		if _, err := s.commit(p.branch(), "main", p.state, p.author, p.title); err != nil {
			return err
		}
		open := github.NewPullRequest{Number: p.number, Title: p.title, Body: p.body, Head: p.branch(), Author: p.author}
		if _, err := s.sandbox.OpenPullRequest(repository, open); err != nil {
			return err
		}
	}
	return s.registerApp()
}

// commit writes one state on a branch; from is where the branch starts over, or empty.
func (s *story) commit(branch, from, state, author, message string) (string, error) {
	write, err := files(state)
	if err != nil {
		return "", err
	}
	return s.sandbox.Commit(repository, gitrepo.Change{Branch: branch, From: from, Message: message, Write: write,
		Author: gitrepo.Identity{Name: author, Mail: author + "@example.com"}})
}

// registerApp leaves the App's private key where sluice.yaml names it.
func (s *story) registerApp() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	s.app = s.sandbox.AddApp(github.App{
		Slug:         "sluice",
		PublicKey:    string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		Permissions:  map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write"},
		Repositories: []string{repository},
	})
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(filepath.Join(s.dir, "app.pem"), private, 0o600); err != nil {
		return fmt.Errorf("keep the App's key: %w", err)
	}
	return nil
}
