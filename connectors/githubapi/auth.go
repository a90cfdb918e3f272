package githubapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
)

// auth supplies the token of each request.
type auth struct {
	id     string // names the credentials in the cache without giving them away
	secret string // of a plain token
	app    *ghinstallation.Transport
	appID  int64
	jwt    *ghinstallation.AppsTransport
}

func newAuth(c Config, root *url.URL) (auth, error) {
	switch {
	case (c.Token == "") == (c.App == nil):
		return auth{}, errors.New("give either a token or an App, with its id, installation and private key")
	case c.Token != "":
		if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return auth{}, errors.New("the token holds blanks or control characters: was it read with its line end?")
		}
		sum := sha256.Sum256([]byte("github token\n" + c.Token))
		return auth{id: hex.EncodeToString(sum[:8]), secret: c.Token}, nil
	}
	jwt, err := ghinstallation.NewAppsTransport(c.Transport, c.App.ID, c.App.PrivateKey)
	if err != nil {
		return auth{}, errors.New("the App's private key cannot be read: want a PEM file with an RSA key")
	}
	jwt.BaseURL = strings.TrimSuffix(root.String(), "/")
	return auth{
		id:  fmt.Sprintf("app-%d-%d", c.App.ID, c.App.InstallationID),
		app: ghinstallation.NewFromAppsTransport(jwt, c.App.InstallationID), appID: c.App.ID, jwt: jwt,
	}, nil
}

// token is the plain token, or the installation's, asked for when the last
// one is about to end.
func (a auth) token(ctx context.Context) (string, error) {
	if a.app == nil {
		return a.secret, nil
	}
	token, err := a.app.Token(ctx)
	if err == nil {
		return token, nil
	}
	var failed *ghinstallation.HTTPError
	if errors.As(err, &failed) && failed.Response != nil {
		failed.Response.Body.Close()
		if status := failed.Response.StatusCode; status >= 400 && status < 500 && status != http.StatusTooManyRequests {
			return "", &RefusedError{
				Status: status, Method: http.MethodPost, Path: fmt.Sprintf("/app/installations/%d/access_tokens", a.app.InstallationID()),
				Message: fmt.Sprintf("App %d gets no token for installation %d: check both ids and the private key", a.appID, a.app.InstallationID()),
			}
		}
	}
	return "", fmt.Errorf("get a token for App %d: %w", a.appID, err)
}

// scrub removes the token from foreign text, should a server ever echo it.
func (a auth) scrub(text string) string {
	if a.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, a.secret, "[token]")
}
