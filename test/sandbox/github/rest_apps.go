package github

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// theApp is the App whose JSON Web Token came with the request
// (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
func (c *call) theApp() (*App, error) {
	_, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	unauthorized := func(message string) error { return &refusal{status: http.StatusUnauthorized, message: message} }
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return nil, unauthorized("A JSON web token could not be decoded")
	}
	var claims struct {
		Issuer  any   `json:"iss"`
		Issued  int64 `json:"iat"`
		Expires int64 `json:"exp"`
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &claims) != nil {
		return nil, unauthorized("A JSON web token could not be decoded")
	}
	now := c.s.now().Unix()
	switch {
	case claims.Issued > now+60:
		return nil, unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case claims.Expires <= now:
		return nil, unauthorized("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.Expires > now+660:
		return nil, unauthorized("'Expiration time' claim ('exp') is too far in the future")
	}
	issuer := fmt.Sprint(claims.Issuer)
	if f, ok := claims.Issuer.(float64); ok {
		issuer = fmt.Sprintf("%.0f", f)
	}
	for _, a := range c.s.world.Apps {
		if fmt.Sprint(a.ID) != issuer {
			continue
		}
		if a.verify(parts) != nil {
			return nil, unauthorized("A JSON web token could not be decoded")
		}
		return a, nil
	}
	return nil, unauthorized("Integration not found")
}

// verify checks an RS256 signature.
func (a *App) verify(parts []string) error {
	block, _ := pem.Decode([]byte(a.PublicKey))
	if block == nil {
		return errors.New("the App has no public key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return errors.New("the App's key is not RSA")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
}

func getApp(c *call) (any, error) {
	a, err := c.theApp()
	if err != nil {
		return nil, err
	}
	u := c.host + "/ui/apps/" + a.Slug
	return object{"id": a.ID, "node_id": nodeID("A", a.ID), "slug": a.Slug, "name": a.Slug, "owner": c.user(a.Slug), "description": nil,
		"external_url": u, "html_url": u, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
		"permissions": a.Permissions, "events": []string{}}, nil
}

// theInstallation is the App's installation the route names.
func (c *call) theInstallation() (*App, error) {
	a, err := c.theApp()
	if err == nil && a.Installation != c.id("installation_id") {
		err = notFound()
	}
	return a, err
}

func getInstallation(c *call) (any, error) {
	a, err := c.theInstallation()
	if err != nil {
		return nil, err
	}
	u := fmt.Sprintf("%s/app/installations/%d", c.root, a.Installation)
	return object{"id": a.Installation, "account": c.user(a.Slug), "repository_selection": a.selection(), "access_tokens_url": u + "/access_tokens",
		"repositories_url": c.root + "/installation/repositories", "html_url": c.host + "/ui/apps/" + a.Slug, "app_id": a.ID, "app_slug": a.Slug,
		"target_id": a.ID, "target_type": "Organization", "permissions": a.Permissions, "events": []string{}, "single_file_name": nil,
		"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "suspended_by": nil, "suspended_at": nil}, nil
}

func (a *App) selection() string {
	if len(a.Repositories) > 0 {
		return "selected"
	}
	return "all"
}

// createInstallationToken gives a token for an hour, with no more than the App's permissions.
func createInstallationToken(c *call) (any, error) {
	a, err := c.theInstallation()
	if err != nil {
		return nil, err
	}
	var in struct {
		Permissions map[string]string `json:"permissions"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	permissions := a.Permissions
	if in.Permissions != nil {
		permissions = in.Permissions
	}
	for name, level := range permissions {
		if have := a.Permissions[name]; have == "" || have == "read" && level != "read" {
			return nil, &refusal{status: http.StatusUnprocessableEntity, message: "The permissions requested are not granted to this installation."}
		}
	}
	secret := make([]byte, 18)
	_, _ = rand.Read(secret) // never fails
	t := &Token{Value: "ghs_" + hex.EncodeToString(secret), Login: a.Slug + "[bot]", App: true, Permissions: permissions,
		Repositories: a.Repositories, Expires: c.s.now().Add(time.Hour)}
	c.s.world.Tokens = append(c.s.world.Tokens, t)
	return answer{status: http.StatusCreated, body: object{"token": t.Value, "expires_at": stamp(t.Expires), "permissions": permissions,
		"repository_selection": a.selection()}}, nil
}
