package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// MiniStack does not look at the session of a challenge: whoever names a user
// may set that user's password by answering NEW_PASSWORD_REQUIRED, or gets
// tokens for MFA_SETUP. And where MFA is required it gives tokens to users who
// have set up none. So each challenge is known here, and answered once, by who
// was asked.

// sessionValidity is how long a challenge can be answered: the default of
// AuthSessionValidity.
const sessionValidity = 3 * time.Minute

// authSession is a challenge that somebody has to answer.
type authSession struct {
	client, challenge, username string
	ends                        time.Time
	// held is what the user gets for setting up MFA, and the access token in it
	// the right to do so. verified says that it was done.
	held        json.RawMessage
	accessToken string
	verified    bool
}

// authSessions are kept in memory only: they end within minutes.
type authSessions struct {
	mu   sync.Mutex
	open map[string]authSession
}

// add keeps a challenge and forgets those that have ended.
func (s *authSessions) add(id string, session authSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for id, other := range s.open {
		if now.After(other.ends) {
			delete(s.open, id)
		}
	}
	session.ends = now.Add(sessionValidity)
	s.open[id] = session
}

// take returns a challenge, which cannot be taken again.
func (s *authSessions) take(id string) (authSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.open[id]
	delete(s.open, id)
	return session, ok && time.Now().Before(session.ends)
}

// authInput is what is looked at of the requests of a sign-in.
type authInput struct {
	ClientID           string `json:"ClientId"`
	AuthFlow           string
	AuthParameters     map[string]string
	ChallengeName      string
	ChallengeResponses map[string]string
	Session            string
	UserCode           string
}

// authOutput is what is looked at of the answers.
type authOutput struct {
	AuthenticationResult json.RawMessage   `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	ChallengeParameters  map[string]string `json:",omitempty"`
	Session              string            `json:",omitempty"`
}

func (a *Adapter) initiateAuth(c *call) (*answer, error) {
	var in authInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.forward(), nil // which refuses it
	}
	if in.AuthFlow == "REFRESH_TOKEN_AUTH" || in.AuthFlow == "REFRESH_TOKEN" {
		return a.refreshByAuth(c, in)
	}
	return a.signedIn(c, in.ClientID, in.AuthParameters["USERNAME"], c.forward(), true)
}

// signedIn keeps the challenge in an answer. With mayHold it holds tokens back
// that AWS would not give to a user without MFA.
func (a *Adapter) signedIn(c *call, client, username string, given *answer, mayHold bool) (*answer, error) {
	if !given.ok() {
		return given, nil
	}
	var out authOutput
	if err := json.Unmarshal(given.body.Bytes(), &out); err != nil {
		return nil, err
	}
	ctx := c.request.Context()
	if out.Session != "" && out.ChallengeName != "PASSWORD_VERIFIER" {
		name, err := a.userName(ctx, client, username)
		if err != nil {
			return nil, err
		}
		a.sessions.add(out.Session, authSession{client: client, challenge: out.ChallengeName, username: name})
		return given, nil
	}
	var tokens struct{ AccessToken string }
	if !mayHold || len(out.AuthenticationResult) == 0 {
		return given, nil
	}
	if err := json.Unmarshal(out.AuthenticationResult, &tokens); err != nil {
		return nil, err
	}
	required, err := a.mfaRequired(ctx, client)
	if err != nil || !required {
		return given, err
	}
	name, err := a.userName(ctx, client, username)
	if err != nil {
		return nil, err
	}
	setup := authOutput{ChallengeName: "MFA_SETUP", Session: newRequestID(), ChallengeParameters: map[string]string{
		"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA"]`, "USER_ID_FOR_SRP": name,
	}}
	a.sessions.add(setup.Session, authSession{client: client, challenge: setup.ChallengeName, username: name, held: out.AuthenticationResult, accessToken: tokens.AccessToken})
	return jsonAnswer(setup), nil
}

// mfaRequired tells whether the pool of an app client demands MFA.
func (a *Adapter) mfaRequired(ctx context.Context, client string) (bool, error) {
	var kept keptClient
	if found, err := a.kept.get(userPoolClient, client, &kept); err != nil || !found {
		return false, err
	}
	pool, err := a.userPool(ctx, kept.Pool)
	return pool.UserPool.MfaConfiguration == "ON", err
}

// user is what is looked at of a user.
type user struct {
	Username           string
	UserMFASettingList []string
}

// user finds a user of an app client's pool by a name or an alias.
func (a *Adapter) user(ctx context.Context, client, name string) (user, error) {
	var kept keptClient
	var found user
	if known, err := a.kept.get(userPoolClient, client, &kept); err != nil || !known {
		return user{Username: name}, err
	}
	err := a.askCognito(ctx, kept.Pool, "AdminGetUser", map[string]string{"UserPoolId": kept.Pool, "Username": name}, &found)
	return found, err
}

// userName is the name of a user in the pool, who may have given an alias.
func (a *Adapter) userName(ctx context.Context, client, name string) (string, error) {
	found, err := a.user(ctx, client, name)
	return found.Username, err
}

func (a *Adapter) respondToAuthChallenge(c *call) (*answer, error) {
	var in authInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.forward(), nil // which refuses it
	}
	username := in.ChallengeResponses["USERNAME"]
	switch in.ChallengeName {
	case "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE":
		// The proof, or the session, is MiniStack's to check.
		return a.signedIn(c, in.ClientID, username, c.forward(), in.ChallengeName == "PASSWORD_VERIFIER")
	}
	if in.Session == "" {
		return c.refuse("InvalidParameterException", "Missing required parameter Session"), nil
	}
	session, ok := a.sessions.take(in.Session)
	if !ok || session.client != in.ClientID || session.challenge != in.ChallengeName {
		return c.refuse("NotAuthorizedException", "Invalid session for the user."), nil
	}
	if name, err := a.userName(c.request.Context(), in.ClientID, username); err != nil || name != session.username {
		return c.refuse("NotAuthorizedException", "Invalid session for the user."), nil //nolint:nilerr // a user who does not exist is not the one who was asked
	}
	if in.ChallengeName == "MFA_SETUP" {
		if !session.verified {
			return c.refuse("InvalidParameterException", "User has not set up a software token"), nil
		}
		return jsonAnswer(authOutput{AuthenticationResult: session.held, ChallengeParameters: map[string]string{}}), nil
	}
	given := c.forward()
	if code, _ := errorOf(given); code == "CodeMismatchException" || code == "InvalidPasswordException" {
		a.sessions.add(in.Session, session) // may be answered again
	}
	return a.signedIn(c, in.ClientID, username, given, in.ChallengeName == "NEW_PASSWORD_REQUIRED")
}

// setUpMFA makes or checks the secret of a user who has no tokens yet, with
// those that are held back.
func (a *Adapter) setUpMFA(c *call) (*answer, error) {
	var in authInput
	if err := json.Unmarshal(c.body, &in); err != nil || in.Session == "" {
		return c.forward(), nil
	}
	session, ok := a.sessions.take(in.Session)
	if !ok || session.challenge != "MFA_SETUP" {
		return c.refuse("NotAuthorizedException", "Invalid session for the user."), nil
	}
	request := map[string]string{"AccessToken": session.accessToken}
	if c.Operation == "VerifySoftwareToken" {
		request["UserCode"] = in.UserCode
	}
	given := c.resend(mustJSON(request))
	if !given.ok() {
		a.sessions.add(in.Session, session) // may be tried again
		return given, nil
	}
	session.verified = c.Operation == "VerifySoftwareToken"
	next := newRequestID()
	a.sessions.add(next, session)
	var out fields
	if err := json.Unmarshal(given.body.Bytes(), &out); err != nil {
		return nil, err
	}
	out["Session"] = mustJSON(next)
	given.replace(mustJSON(out))
	return given, nil
}

// managedLogin refuses a sign-in on MiniStack's pages that would need a second
// factor, since they ask for none.
func (a *Adapter) managedLogin(c *call) (*answer, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return c.forward(), nil //nolint:nilerr // MiniStack refuses it
	}
	ctx, client := c.request.Context(), form.Get("client_id")
	needed, err := a.mfaRequired(ctx, client)
	if err != nil {
		return nil, err
	}
	if name := form.Get("username"); name != "" && !needed {
		found, err := a.user(ctx, client, name)
		var refused *apiError
		if err != nil && !errors.As(err, &refused) {
			return nil, err
		}
		needed = len(found.UserMFASettingList) > 0
	}
	if needed {
		return newAnswer(http.StatusNotImplemented, "text/plain; charset=utf-8", []byte("not served by the local stack: MFA on the pages of managed login\n")), nil
	}
	return c.forward(), nil
}

// resend makes the call with another body. It is for operations of users, of
// which IAM judges none.
func (c *call) resend(body []byte) *answer {
	r := c.request.Clone(c.request.Context())
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
		r.Header.Del("Authorization") // of the body that was
	}
	r.Header.Del("Content-Length")
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	given := &answer{header: http.Header{}}
	c.next.ServeHTTP(given, r)
	return given
}
