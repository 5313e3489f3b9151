package adapter

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MiniStack has no revocation endpoint, gives tokens in the name of any app
// client for a refresh token of another, takes a confidential client without its
// secret, and does not rotate refresh tokens.
var cognitoPaths = map[string]entry{
	"POST /oauth2/revoke": (*Adapter).oauthRevoke,
	"POST /oauth2/token":  (*Adapter).oauthToken,
	"POST /oauth2/login":  (*Adapter).managedLogin,
	"POST /login":         (*Adapter).managedLogin,
	"GET /logout":         (*Adapter).logout,
}

// tokenFamily is the kind in the store: how often a refresh token was replaced,
// by the hash of what MiniStack made.
const tokenFamily = "cognito refresh token" //nolint:gosec // a name

// family is a refresh token of MiniStack with those that have taken its place. A
// token that has is MiniStack's with a dot and one of these ids behind it; the
// id of MiniStack's own is empty.
type family struct {
	Current  string    `json:"current"`
	Previous string    `json:"previous"`
	Rotated  time.Time `json:"rotated"`
}

// refreshToken is a refresh token, read but not verified.
type refreshToken struct {
	issued string // by MiniStack
	id     string // of the one that has taken its place
	pool   string
	client string
}

var errNoRefreshToken = errors.New("not a refresh token")

// readRefreshToken reads a token. MiniStack checks the signature.
func readRefreshToken(token string) (refreshToken, error) {
	parts := strings.SplitN(token, ".", 4)
	if len(parts) < 3 {
		return refreshToken{}, errNoRefreshToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return refreshToken{}, errNoRefreshToken
	}
	var claims struct {
		Issuer string `json:"iss"`
		Use    string `json:"token_use"`
		Client string `json:"client_id"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Use != "refresh" {
		return refreshToken{}, errNoRefreshToken
	}
	read := refreshToken{issued: strings.Join(parts[:3], "."), pool: claims.Issuer[strings.LastIndex(claims.Issuer, "/")+1:], client: claims.Client}
	if len(parts) == 4 {
		read.id = parts[3]
	}
	return read, nil
}

// appClient is what tokens depend on of an app client.
type appClient struct {
	ClientSecret          string
	EnableTokenRevocation bool
	// Rotation is nil unless it is enabled.
	Rotation *rotation
}

// appClient finds an app client; nil when there is none.
func (a *Adapter) appClient(ctx context.Context, pool, id string) (*appClient, error) {
	var found struct{ UserPoolClient appClient }
	err := a.askCognito(ctx, pool, "DescribeUserPoolClient", map[string]string{"UserPoolId": pool, "ClientId": id}, &found)
	var refused *apiError
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept keptClient
	if _, err := a.kept.get(userPoolClient, id, &kept); err != nil {
		return nil, err
	}
	if document := kept.Fields["RefreshTokenRotation"]; document != nil {
		var r rotation
		if err := json.Unmarshal(document, &r); err != nil {
			return nil, err
		}
		if r.Feature == "ENABLED" {
			found.UserPoolClient.Rotation = &r
		}
	}
	return &found.UserPoolClient, nil
}

// isSecret compares in constant time. A public client has no secret to give.
func (c *appClient) isSecret(secret string) bool {
	return c.ClientSecret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(c.ClientSecret)) == 1
}

// mayUse tells whether a refresh token has not been replaced for good.
func (a *Adapter) mayUse(token refreshToken, grace time.Duration) (bool, error) {
	var f family
	if _, err := a.kept.get(tokenFamily, sum([]byte(token.issued)), &f); err != nil {
		return false, err
	}
	return token.id == f.Current || token.id == f.Previous && !f.Rotated.IsZero() && time.Since(f.Rotated) <= grace, nil
}

// rotate replaces a refresh token that was used.
func (a *Adapter) rotate(token refreshToken) (string, error) {
	f := family{Current: newRequestID(), Previous: token.id, Rotated: time.Now()}
	return token.issued + "." + f.Current, a.kept.put(tokenFamily, sum([]byte(token.issued)), f)
}

func (r *rotation) grace() time.Duration {
	if r == nil {
		return 0
	}
	return time.Duration(r.RetryGracePeriodSeconds) * time.Second
}

// refreshByAuth is InitiateAuth with a refresh token.
func (a *Adapter) refreshByAuth(c *call, in authInput) (*answer, error) {
	token, err := readRefreshToken(in.AuthParameters["REFRESH_TOKEN"])
	if err != nil {
		return c.forward(), nil //nolint:nilerr // MiniStack refuses it
	}
	client, err := a.appClient(c.request.Context(), token.pool, in.ClientID)
	if err != nil || client == nil {
		return c.forward(), err
	}
	if client.Rotation != nil {
		return c.refuse("InvalidParameterException", "REFRESH_TOKEN_AUTH is not available with refresh token rotation; use GetTokensFromRefreshToken"), nil
	}
	return c.forward(), nil
}

func (a *Adapter) tokensFromRefreshToken(c *call) (*answer, error) {
	var in struct {
		RefreshToken string
		ClientID     string `json:"ClientId"`
		ClientSecret string
	}
	var sent fields
	if err := errors.Join(json.Unmarshal(c.body, &in), json.Unmarshal(c.body, &sent)); err != nil {
		return c.forward(), nil // which refuses it
	}
	token, err := readRefreshToken(in.RefreshToken)
	if err != nil {
		return c.forward(), nil //nolint:nilerr // MiniStack refuses it
	}
	client, err := a.appClient(c.request.Context(), token.pool, in.ClientID)
	if err != nil || client == nil {
		return c.forward(), err
	}
	if !client.isSecret(in.ClientSecret) {
		return c.refuse("NotAuthorizedException", "Unable to verify the secret of client "+in.ClientID), nil
	}
	a.rotating.Lock()
	defer a.rotating.Unlock()
	if ok, err := a.mayUse(token, client.Rotation.grace()); err != nil || !ok {
		return c.refuse("RefreshTokenReuseException", "The refresh token has been used before"), err
	}
	sent["RefreshToken"] = mustJSON(token.issued)
	given := c.resend(mustJSON(sent))
	if !given.ok() || client.Rotation == nil {
		return given, nil
	}
	var out struct{ AuthenticationResult fields }
	if err := json.Unmarshal(given.body.Bytes(), &out); err != nil {
		return nil, err
	}
	next, err := a.rotate(token)
	if err != nil {
		return nil, err
	}
	out.AuthenticationResult["RefreshToken"] = mustJSON(next)
	given.replace(mustJSON(out))
	return given, nil
}

func (a *Adapter) revokeToken(c *call) (*answer, error) {
	var in struct {
		Token        string
		ClientID     string `json:"ClientId"`
		ClientSecret string
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.forward(), nil // which refuses it
	}
	token, problem, err := a.revocable(c.request.Context(), in.Token, in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	switch problem {
	case "":
		given := c.resend(mustJSON(map[string]string{"Token": token.issued, "ClientId": in.ClientID}))
		return given, a.kept.drop(tokenFamily, sum([]byte(token.issued)))
	case "unsupported_token_type":
		return c.refuse("UnsupportedTokenTypeException", "Unsupported token type"), nil
	case "invalid_client":
		return c.refuse("UnauthorizedException", "Invalid client credentials"), nil
	case "unauthorized_client":
		return c.refuse("InvalidParameterException", "The token was not issued to this client"), nil
	default:
		return c.refuse("UnsupportedOperationException", "Token revocation is not enabled for this client"), nil
	}
}

// revocable checks that a client may revoke a token. A problem is named as by
// the revocation endpoint.
func (a *Adapter) revocable(ctx context.Context, text, clientID, secret string) (token refreshToken, problem string, err error) {
	token, err = readRefreshToken(text)
	if err != nil {
		return token, "unsupported_token_type", nil //nolint:nilerr // that is what the error says
	}
	client, err := a.appClient(ctx, token.pool, clientID)
	switch {
	case err != nil:
		return token, "", err
	case client == nil || !client.isSecret(secret):
		return token, "invalid_client", nil
	case token.client != clientID:
		return token, "unauthorized_client", nil
	case !client.EnableTokenRevocation:
		return token, "invalid_request", nil
	}
	return token, "", nil
}

// oauthError answers as the endpoints of RFC 6749 do.
func oauthError(status int, code string) *answer {
	return newAnswer(status, "application/json;charset=UTF-8", mustJSON(map[string]string{"error": code})).anyOrigin()
}

// oauthClient reads who a client says it is, in the header or in the form.
func oauthClient(r *http.Request, form url.Values) (id, secret string) {
	if id, secret, ok := r.BasicAuth(); ok {
		return id, secret
	}
	return form.Get("client_id"), form.Get("client_secret")
}

// oauthRevoke is the revocation endpoint (Cognito developer guide,
// revocation-endpoint; RFC 7009).
func (a *Adapter) oauthRevoke(c *call) (*answer, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Get("token") == "" {
		return oauthError(http.StatusBadRequest, "invalid_request"), nil //nolint:nilerr // that is what the answer says
	}
	id, secret := oauthClient(c.request, form)
	token, problem, err := a.revocable(c.request.Context(), form.Get("token"), id, secret)
	switch {
	case err != nil:
		return nil, err
	case problem == "invalid_client":
		return oauthError(http.StatusUnauthorized, problem), nil
	case problem != "":
		return oauthError(http.StatusBadRequest, problem), nil
	}
	if err := a.askCognito(c.request.Context(), token.pool, "RevokeToken", map[string]string{"Token": token.issued, "ClientId": id}, &fields{}); err != nil {
		return nil, err
	}
	return newAnswer(http.StatusOK, "application/json;charset=UTF-8", nil).anyOrigin(), a.kept.drop(tokenFamily, sum([]byte(token.issued)))
}

// oauthToken is the token endpoint. All but refreshing is MiniStack's.
func (a *Adapter) oauthToken(c *call) (*answer, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Get("grant_type") != "refresh_token" {
		return c.forward(), nil //nolint:nilerr // MiniStack refuses it
	}
	token, err := readRefreshToken(form.Get("refresh_token"))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_grant"), nil //nolint:nilerr // that is what the answer says
	}
	id, secret := oauthClient(c.request, form)
	client, err := a.appClient(c.request.Context(), token.pool, id)
	switch {
	case err != nil:
		return nil, err
	case client == nil || !client.isSecret(secret):
		return oauthError(http.StatusBadRequest, "invalid_client"), nil
	case token.client != id:
		return oauthError(http.StatusBadRequest, "invalid_grant"), nil
	}
	a.rotating.Lock()
	defer a.rotating.Unlock()
	if ok, err := a.mayUse(token, client.Rotation.grace()); err != nil || !ok {
		return oauthError(http.StatusBadRequest, "invalid_grant"), err
	}
	form.Set("refresh_token", token.issued)
	given := c.resend([]byte(form.Encode()))
	if !given.ok() || client.Rotation == nil {
		return given, nil
	}
	var out fields
	if err := json.Unmarshal(given.body.Bytes(), &out); err != nil {
		return nil, err
	}
	next, err := a.rotate(token)
	if err != nil {
		return nil, err
	}
	out["refresh_token"] = mustJSON(next)
	given.replace(mustJSON(out))
	return given, nil
}
