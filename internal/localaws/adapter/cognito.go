package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// MiniStack lets everybody sign up, deletes protected pools, loses the rotation
// of refresh tokens, and takes any lifetime of tokens. What it leaves open at
// sign-in is in cognitosessions.go, and of tokens in cognitotokens.go.
var cognitoEntries = map[string]entry{
	"CreateUserPoolClient":   (*Adapter).putUserPoolClient,
	"UpdateUserPoolClient":   (*Adapter).putUserPoolClient,
	"DescribeUserPoolClient": (*Adapter).describeUserPoolClient,
	"DeleteUserPoolClient":   (*Adapter).deleteUserPoolClient,
	"DeleteUserPool":         (*Adapter).deleteUserPool,
	"SignUp":                 (*Adapter).signUp,

	"InitiateAuth":                (*Adapter).initiateAuth,
	"AdminInitiateAuth":           (*Adapter).initiateAuth,
	"RespondToAuthChallenge":      (*Adapter).respondToAuthChallenge,
	"AdminRespondToAuthChallenge": (*Adapter).respondToAuthChallenge,
	"AssociateSoftwareToken":      (*Adapter).setUpMFA,
	"VerifySoftwareToken":         (*Adapter).setUpMFA,

	"GetTokensFromRefreshToken": (*Adapter).tokensFromRefreshToken,
	"RevokeToken":               (*Adapter).revokeToken,
}

const cognitoTarget = "AWSCognitoIdentityProviderService."

// userPoolClient is the kind in the store: what is known of an app client, by
// its id. Requests of users name nothing else.
const userPoolClient = "cognito app client"

type keptClient struct {
	Pool string `json:"pool"`
	// Fields are those that MiniStack loses.
	Fields fields `json:"fields"`
}

// regionOf is the Region of a user pool, with which its id begins.
func regionOf(pool string) string {
	region, _, _ := strings.Cut(pool, "_")
	return region
}

// askCognito calls an operation on a user pool as root.
func (a *Adapter) askCognito(ctx context.Context, pool, operation string, input, output any) error {
	return a.emulator.ask(ctx, "cognito-idp", regionOf(pool), cognitoTarget+operation, input, output)
}

// rotation is how an app client's refresh tokens are replaced at each use.
type rotation struct {
	Feature                 string
	RetryGracePeriodSeconds int
}

// maxGrace is the longest time, in seconds, for which a replaced refresh token
// stays good (API_RefreshTokenRotationType).
const maxGrace = 60

// userPoolClientInput is what is looked at of an app client.
type userPoolClientInput struct {
	UserPoolID           string `json:"UserPoolId"`
	ClientID             string `json:"ClientId"`
	AccessTokenValidity  *int64
	IDTokenValidity      *int64 `json:"IdTokenValidity"`
	RefreshTokenValidity *int64
	TokenValidityUnits   struct{ AccessToken, IDToken, RefreshToken string }
	ExplicitAuthFlows    []string
	RefreshTokenRotation *rotation
}

func (a *Adapter) putUserPoolClient(c *call) (*answer, error) {
	var in userPoolClientInput
	var sent fields
	if err := errors.Join(json.Unmarshal(c.body, &in), json.Unmarshal(c.body, &sent)); err != nil {
		return c.forward(), nil // which refuses it
	}
	if reason := in.check(); reason != "" {
		// MiniStack looks at an access token before anything else, but after IAM.
		denied, err := a.emulator.judge(c, map[string]string{"UserPoolId": in.UserPoolID, "AccessToken": "x"}, func(code string) bool { return code == "NotAuthorizedException" })
		if denied != nil || err != nil {
			return denied, err
		}
		return c.refuse("InvalidParameterException", reason), nil
	}
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var made struct {
		UserPoolClient struct {
			ClientID string `json:"ClientId"`
		}
	}
	if err := json.Unmarshal(given.body.Bytes(), &made); err != nil {
		return nil, err
	}
	kept := keptClient{in.UserPoolID, sent.only([]string{"RefreshTokenRotation"})}
	if err := a.kept.put(userPoolClient, made.UserPoolClient.ClientID, kept); err != nil {
		return nil, err
	}
	return given, addClientFields(given, kept.Fields)
}

// check says what AWS refuses of an app client (API_CreateUserPoolClient).
func (in *userPoolClientInput) check() string {
	for _, v := range []struct {
		validity       *int64
		unit           string
		shortest, most time.Duration
	}{
		{in.AccessTokenValidity, or(in.TokenValidityUnits.AccessToken, "hours"), 5 * time.Minute, 24 * time.Hour},
		{in.IDTokenValidity, or(in.TokenValidityUnits.IDToken, "hours"), 5 * time.Minute, 24 * time.Hour},
		{in.RefreshTokenValidity, or(in.TokenValidityUnits.RefreshToken, "days"), time.Hour, 3650 * 24 * time.Hour},
	} {
		if v.validity == nil || *v.validity == 0 { // the default
			continue
		}
		unit, ok := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}[v.unit]
		if !ok || *v.validity < int64(v.shortest/unit) || *v.validity > int64(v.most/unit) || time.Duration(*v.validity)*unit < v.shortest {
			return "Invalid range for token validity."
		}
	}
	switch r := in.RefreshTokenRotation; {
	case r == nil:
	case r.Feature != "ENABLED" && r.Feature != "DISABLED":
		return "RefreshTokenRotation.Feature must be ENABLED or DISABLED"
	case r.RetryGracePeriodSeconds < 0 || r.RetryGracePeriodSeconds > maxGrace:
		return "RefreshTokenRotation.RetryGracePeriodSeconds must be from 0 to 60"
	case r.Feature == "ENABLED" && slices.Contains(in.ExplicitAuthFlows, "ALLOW_REFRESH_TOKEN_AUTH"):
		return "ALLOW_REFRESH_TOKEN_AUTH is not compatible with refresh token rotation"
	}
	return ""
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// addClientFields puts what MiniStack loses into its description of an app
// client.
func addClientFields(given *answer, lost fields) error {
	var found struct{ UserPoolClient fields }
	if err := json.Unmarshal(given.body.Bytes(), &found); err != nil {
		return err
	}
	maps.Copy(found.UserPoolClient, lost)
	given.replace(mustJSON(found))
	return nil
}

func (a *Adapter) describeUserPoolClient(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in userPoolClientInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	var kept keptClient
	if _, err := a.kept.get(userPoolClient, in.ClientID, &kept); err != nil {
		return nil, err
	}
	return given, addClientFields(given, kept.Fields)
}

func (a *Adapter) deleteUserPoolClient(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in userPoolClientInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	return given, a.kept.drop(userPoolClient, in.ClientID)
}

// userPool is what is looked at of a user pool.
type userPool struct {
	UserPool struct {
		DeletionProtection    string
		MfaConfiguration      string
		AdminCreateUserConfig struct{ AllowAdminCreateUserOnly bool }
	}
}

func (a *Adapter) userPool(ctx context.Context, pool string) (userPool, error) {
	var found userPool
	err := a.askCognito(ctx, pool, "DescribeUserPool", map[string]string{"UserPoolId": pool}, &found)
	return found, err
}

func (a *Adapter) deleteUserPool(c *call) (*answer, error) {
	var in struct {
		UserPoolID string `json:"UserPoolId"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.UserPoolID == "" {
		return c.forward(), nil // which refuses it
	}
	pool, err := a.userPool(c.request.Context(), in.UserPoolID)
	var refused *apiError
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	if pool.UserPool.DeletionProtection == "ACTIVE" {
		// The request leaves no room for more, so a pool is named that does not
		// exist: its id is the same but for the last character.
		other := in.UserPoolID[:len(in.UserPoolID)-1] + "-"
		denied, err := a.emulator.judge(c, map[string]string{"UserPoolId": other}, func(code string) bool { return code == "ResourceNotFoundException" })
		if denied != nil || err != nil {
			return denied, err
		}
		return c.refuse("InvalidParameterException", "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."), nil
	}
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	for id, document := range a.kept.list(userPoolClient) {
		var kept keptClient
		if err := json.Unmarshal(document, &kept); err != nil {
			return nil, err
		}
		if kept.Pool == in.UserPoolID {
			if err := a.kept.drop(userPoolClient, id); err != nil {
				return nil, err
			}
		}
	}
	return given, nil
}

func (a *Adapter) signUp(c *call) (*answer, error) {
	var in struct {
		ClientID string `json:"ClientId"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.forward(), nil // which refuses it
	}
	var kept keptClient
	if found, err := a.kept.get(userPoolClient, in.ClientID, &kept); err != nil || !found {
		return c.forward(), err
	}
	pool, err := a.userPool(c.request.Context(), kept.Pool)
	if err != nil {
		return nil, err
	}
	if pool.UserPool.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return c.refuse("NotAuthorizedException", "SignUp is not permitted for this user pool"), nil
	}
	return c.forward(), nil
}
