package adapter

import (
	"crypto/hmac"
	"crypto/sha1" // RFC 6238
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// userPoolOf is a user pool with an app client and a user.
type userPoolOf struct {
	*world
	client         *cognito.Client
	pool           *string
	app, secret    *string
	user, password string
}

func newUserPool(t *testing.T, pool *cognito.CreateUserPoolInput, app *cognito.CreateUserPoolClientInput) *userPoolOf {
	t.Helper()
	p := &userPoolOf{world: newWorld(t), user: "ann", password: "Aa1!Aa1!Aa1!"}
	p.client = cognito.NewFromConfig(p.config(testRegion))
	if pool == nil {
		pool = &cognito.CreateUserPoolInput{}
	}
	pool.PoolName = aws.String("p-" + newRequestID()[:8])
	p.pool = must(p.client.CreateUserPool(t.Context(), pool)).UserPool.Id
	p.app, p.secret = p.newClient(app)
	p.newUser(p.user)
	return p
}

func (p *userPoolOf) newClient(app *cognito.CreateUserPoolClientInput) (id, secret *string) {
	p.Helper()
	if app == nil {
		app = &cognito.CreateUserPoolClientInput{}
	}
	app.UserPoolId, app.ClientName = p.pool, aws.String("app")
	if app.ExplicitAuthFlows == nil {
		app.ExplicitAuthFlows = []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth}
	}
	made := must(p.client.CreateUserPoolClient(p.Context(), app)).UserPoolClient
	return made.ClientId, made.ClientSecret
}

func (p *userPoolOf) newUser(name string) {
	p.Helper()
	must(p.client.AdminCreateUser(p.Context(), &cognito.AdminCreateUserInput{UserPoolId: p.pool, Username: &name, TemporaryPassword: aws.String("Tt1!Tt1!Tt1!")}))
	must(p.client.AdminSetUserPassword(p.Context(), &cognito.AdminSetUserPasswordInput{UserPoolId: p.pool, Username: &name, Password: &p.password, Permanent: true}))
}

func (p *userPoolOf) initiate(user, password string) *cognito.InitiateAuthOutput {
	p.Helper()
	return must(p.client.InitiateAuth(p.Context(), &cognito.InitiateAuthInput{
		ClientId: p.app, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": user, "PASSWORD": password},
	}))
}

// signIn returns a refresh token of an app client without a secret.
func (p *userPoolOf) signIn() string {
	p.Helper()
	return *p.initiate(p.user, p.password).AuthenticationResult.RefreshToken
}

// form posts to one of the pool's endpoints. A basic header is sent with a user.
func (p *userPoolOf) form(path string, values url.Values, user, password string) (int, string) {
	p.Helper()
	r := must(http.NewRequestWithContext(p.Context(), http.MethodPost, p.url+path, strings.NewReader(values.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	res := must(http.DefaultClient.Do(r))
	defer res.Body.Close()
	return res.StatusCode, string(must(io.ReadAll(res.Body)))
}

func TestNobodySignsUpWhereOnlyAdministratorsMay(t *testing.T) {
	p := newUserPool(t, &cognito.CreateUserPoolInput{AdminCreateUserConfig: &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}}, nil)
	signUp := func(name string) error {
		_, err := p.client.SignUp(t.Context(), &cognito.SignUpInput{ClientId: p.app, Username: &name, Password: &p.password})
		return err
	}
	wantRefusal(t, signUp("bob"), "NotAuthorizedException", "SignUp is not permitted for this user pool")
	p.open()
	wantRefusal(t, signUp("bob"), "NotAuthorizedException", "SignUp is not permitted for this user pool")
	if users := must(p.client.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: p.pool})).Users; len(users) != 1 {
		t.Errorf("%d users", len(users))
	}
	must(p.client.UpdateUserPool(t.Context(), &cognito.UpdateUserPoolInput{UserPoolId: p.pool, AdminCreateUserConfig: &types.AdminCreateUserConfigType{}}))
	if err := signUp("bob"); err != nil {
		t.Errorf("where everybody may: %v", err)
	}
	unknown := aws.String("unknownclient")
	_, err := p.client.SignUp(t.Context(), &cognito.SignUpInput{ClientId: unknown, Username: aws.String("x"), Password: &p.password})
	wantRefusal(t, err, "ResourceNotFoundException", "")
}

func TestAProtectedUserPoolIsNotDeleted(t *testing.T) {
	p := newUserPool(t, &cognito.CreateUserPoolInput{DeletionProtection: types.DeletionProtectionTypeActive}, nil)
	remove := func(client *cognito.Client) error {
		_, err := client.DeleteUserPool(t.Context(), &cognito.DeleteUserPoolInput{UserPoolId: p.pool})
		return err
	}
	id, secret := p.newUserOfIAM("cognito-idp:DescribeUserPool")
	wantRefusal(t, remove(cognito.NewFromConfig(p.as(testRegion, id, secret))), "AccessDeniedException", "cognito-idp:DeleteUserPool")
	wantRefusal(t, remove(cognito.NewFromConfig(p.as(testRegion, id, "forged"))), "InvalidSignatureException", "")
	wantRefusal(t, remove(p.client), "InvalidParameterException", "deletion protection is activated")
	id, secret = p.newUserOfIAM("cognito-idp:DeleteUserPool")
	wantRefusal(t, remove(cognito.NewFromConfig(p.as(testRegion, id, secret))), "InvalidParameterException", "deletion protection is activated")
	must(p.client.DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: p.pool}))

	must(p.client.UpdateUserPool(t.Context(), &cognito.UpdateUserPoolInput{UserPoolId: p.pool, DeletionProtection: types.DeletionProtectionTypeInactive}))
	if err := remove(p.client); err != nil {
		t.Fatal(err)
	}
	if left := p.adapter.kept.list(userPoolClient); len(left) != 0 {
		t.Errorf("left: %s", left)
	}
	wantRefusal(t, remove(p.client), "ResourceNotFoundException", "")
}

// newUserOfIAM may do one thing.
func (p *userPoolOf) newUserOfIAM(action string) (id, secret string) {
	p.Helper()
	return p.world.user(allow(action, "*"))
}

func TestAnAppClientIsRefusedWhen(t *testing.T) {
	p := newUserPool(t, nil, nil)
	units := func(access, id, refresh types.TimeUnitsType) *types.TokenValidityUnitsType {
		return &types.TokenValidityUnitsType{AccessToken: access, IdToken: id, RefreshToken: refresh}
	}
	const s, m, h, d = types.TimeUnitsTypeSeconds, types.TimeUnitsTypeMinutes, types.TimeUnitsTypeHours, types.TimeUnitsTypeDays
	invalid := "Invalid range for token validity"
	for name, c := range map[string]struct {
		in     cognito.CreateUserPoolClientInput
		reason string // empty for good ones
	}{
		"its access tokens last for 2 s":           {cognito.CreateUserPoolClientInput{AccessTokenValidity: aws.Int32(2), TokenValidityUnits: units(s, h, d)}, invalid},
		"its access tokens last for 299 s":         {cognito.CreateUserPoolClientInput{AccessTokenValidity: aws.Int32(299), TokenValidityUnits: units(s, h, d)}, invalid},
		"not: its access tokens last for 300 s":    {cognito.CreateUserPoolClientInput{AccessTokenValidity: aws.Int32(300), TokenValidityUnits: units(s, h, d)}, ""},
		"not: its access tokens last for a day":    {cognito.CreateUserPoolClientInput{AccessTokenValidity: aws.Int32(1), TokenValidityUnits: units(d, h, d)}, ""},
		"its access tokens last for 25 hours":      {cognito.CreateUserPoolClientInput{AccessTokenValidity: aws.Int32(25)}, invalid},
		"its ID tokens last for 4 minutes":         {cognito.CreateUserPoolClientInput{IdTokenValidity: aws.Int32(4), TokenValidityUnits: units(h, m, d)}, invalid},
		"not: its ID tokens last for 5 minutes":    {cognito.CreateUserPoolClientInput{IdTokenValidity: aws.Int32(5), TokenValidityUnits: units(h, m, d)}, ""},
		"its refresh tokens last for 59 minutes":   {cognito.CreateUserPoolClientInput{RefreshTokenValidity: 59, TokenValidityUnits: units(h, h, m)}, invalid},
		"not: its refresh tokens last for an hour": {cognito.CreateUserPoolClientInput{RefreshTokenValidity: 60, TokenValidityUnits: units(h, h, m)}, ""},
		"its refresh tokens last for 3,651 days":   {cognito.CreateUserPoolClientInput{RefreshTokenValidity: 3651}, invalid},
		"its grace is 61 s": {cognito.CreateUserPoolClientInput{
			RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: types.FeatureTypeEnabled, RetryGracePeriodSeconds: aws.Int32(61)},
		}, "RetryGracePeriodSeconds"},
		"it rotates and refreshes": {cognito.CreateUserPoolClientInput{
			RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: types.FeatureTypeEnabled},
			ExplicitAuthFlows:    []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
		}, "ALLOW_REFRESH_TOKEN_AUTH"},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			in.UserPoolId, in.ClientName = p.pool, aws.String("app")
			_, err := p.client.CreateUserPoolClient(t.Context(), &in)
			_, updated := p.client.UpdateUserPoolClient(t.Context(), &cognito.UpdateUserPoolClientInput{
				UserPoolId: p.pool, ClientId: p.app, AccessTokenValidity: in.AccessTokenValidity, IdTokenValidity: in.IdTokenValidity,
				RefreshTokenValidity: in.RefreshTokenValidity, TokenValidityUnits: in.TokenValidityUnits,
				RefreshTokenRotation: in.RefreshTokenRotation, ExplicitAuthFlows: in.ExplicitAuthFlows,
			})
			for _, err := range []error{err, updated} {
				if c.reason != "" {
					wantRefusal(t, err, "InvalidParameterException", c.reason)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	id, secret := p.newUserOfIAM("cognito-idp:DescribeUserPool")
	stranger := cognito.NewFromConfig(p.as(testRegion, id, secret))
	_, err := stranger.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{UserPoolId: p.pool, ClientName: aws.String("x"), AccessTokenValidity: aws.Int32(99)})
	wantRefusal(t, err, "AccessDeniedException", "cognito-idp:CreateUserPoolClient")
}

func TestRefreshTokensAreRotated(t *testing.T) {
	p := newUserPool(t, nil, &cognito.CreateUserPoolClientInput{
		RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: types.FeatureTypeEnabled, RetryGracePeriodSeconds: aws.Int32(0)},
	})
	p.open()
	found := must(p.client.DescribeUserPoolClient(t.Context(), &cognito.DescribeUserPoolClientInput{UserPoolId: p.pool, ClientId: p.app})).UserPoolClient
	if r := found.RefreshTokenRotation; r == nil || r.Feature != types.FeatureTypeEnabled || *r.RetryGracePeriodSeconds != 0 {
		t.Errorf("rotation %+v", r)
	}
	refresh := func(token string) (string, error) {
		out, err := p.client.GetTokensFromRefreshToken(t.Context(), &cognito.GetTokensFromRefreshTokenInput{ClientId: p.app, RefreshToken: &token})
		if err != nil {
			return "", err
		}
		if out.AuthenticationResult.AccessToken == nil || out.AuthenticationResult.RefreshToken == nil {
			t.Fatalf("got %+v", out.AuthenticationResult)
		}
		return *out.AuthenticationResult.RefreshToken, nil
	}
	first := p.signIn()
	second := must(refresh(first))
	_, err := refresh(first)
	wantRefusal(t, err, "RefreshTokenReuseException", "")
	p.open()
	third := must(refresh(second))
	_, err = refresh(second)
	wantRefusal(t, err, "RefreshTokenReuseException", "")
	_, err = refresh(third + "0")
	wantRefusal(t, err, "RefreshTokenReuseException", "")

	status, body := p.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {third}, "client_id": {*p.app}}, "", "")
	if status != http.StatusOK || !strings.Contains(body, `"refresh_token":"`) {
		t.Fatalf("the token endpoint: %d %s", status, body)
	}
	status, body = p.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {third}, "client_id": {*p.app}}, "", "")
	if status != http.StatusBadRequest || body != `{"error":"invalid_grant"}` {
		t.Errorf("the token endpoint again: %d %s", status, body)
	}
	_, err = p.client.InitiateAuth(t.Context(), &cognito.InitiateAuthInput{
		ClientId: p.app, AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": p.signIn()},
	})
	wantRefusal(t, err, "InvalidParameterException", "REFRESH_TOKEN_AUTH")

	must(p.client.UpdateUserPoolClient(t.Context(), &cognito.UpdateUserPoolClientInput{
		UserPoolId: p.pool, ClientId: p.app, RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: types.FeatureTypeEnabled, RetryGracePeriodSeconds: aws.Int32(60)},
	}))
	first = p.signIn()
	second = must(refresh(first))
	if _, err := refresh(first); err != nil {
		t.Errorf("within the grace: %v", err)
	}
	if _, err := refresh(second); err == nil {
		t.Error("a token that was replaced before the last is good")
	}
}

func TestWithoutRotationARefreshTokenStays(t *testing.T) {
	p := newUserPool(t, nil, nil)
	token := p.signIn()
	for range 2 {
		out := must(p.client.GetTokensFromRefreshToken(t.Context(), &cognito.GetTokensFromRefreshTokenInput{ClientId: p.app, RefreshToken: &token}))
		if out.AuthenticationResult.RefreshToken != nil {
			t.Error("there is a new refresh token")
		}
		status, body := p.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {*p.app}}, "", "")
		if status != http.StatusOK || strings.Contains(body, "refresh_token") {
			t.Errorf("%d %s", status, body)
		}
		if _, err := p.client.InitiateAuth(t.Context(), &cognito.InitiateAuthInput{
			ClientId: p.app, AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": token},
		}); err != nil {
			t.Error(err)
		}
	}
}

// signInOnPages returns a refresh token of managed login, which MiniStack gives
// anybody tokens for who names another client.
func (p *userPoolOf) signInOnPages() string {
	p.Helper()
	const back = "https://app.example.com/back"
	values := url.Values{"client_id": {*p.app}, "redirect_uri": {back}, "scope": {"openid"}, "response_type": {"code"}, "username": {p.user}, "password": {p.password}}
	r := must(http.NewRequestWithContext(p.Context(), http.MethodPost, p.url+"/login", strings.NewReader(values.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res := must(http.DefaultTransport.RoundTrip(r))
	defer res.Body.Close()
	location := must(url.Parse(res.Header.Get("Location")))
	status, body := p.form("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {back}, "client_id": {*p.app},
	}, "", "")
	var out struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(body), &out); status != http.StatusOK || err != nil || out.RefreshToken == "" {
		p.Fatalf("login: %d %s; tokens: %d %s", res.StatusCode, location, status, body)
	}
	return out.RefreshToken
}

func TestTheTokenEndpointRefusesARefreshWhen(t *testing.T) {
	p := newUserPool(t, nil, &cognito.CreateUserPoolClientInput{
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid"},
		CallbackURLs: []string{"https://app.example.com/back"}, SupportedIdentityProviders: []string{"COGNITO"},
	})
	token := p.signInOnPages()
	other, _ := p.newClient(nil)
	confidential, secret := p.newClient(&cognito.CreateUserPoolClientInput{GenerateSecret: true})
	for name, c := range map[string]struct {
		token, client, basic string
		want                 string
	}{
		"the token is another client's":      {token, *other, "", "invalid_grant"},
		"the client is confidential":         {token, *confidential, "", "invalid_client"},
		"it has another secret":              {token, *confidential, "wrong", "invalid_client"},
		"it has its secret, and a foreign's": {token, *confidential, *secret, "invalid_grant"},
		"the client does not exist":          {token, "nobody", "", "invalid_client"},
		"there is no client":                 {token, "", "", "invalid_client"},
		"the token is none":                  {"x.y.z", *p.app, "", "invalid_grant"},
		"the token is an access token":       {*p.initiate(p.user, p.password).AuthenticationResult.AccessToken, *p.app, "", "invalid_grant"},
		"the token's signature is broken":    {token[:len(token)-8] + "AAAAAAAA", *p.app, "", "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			values, user := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.token}, "client_id": {c.client}}, ""
			if c.basic != "" {
				user = c.client
				values.Del("client_id")
			}
			status, body := p.form("/oauth2/token", values, user, c.basic)
			if status != http.StatusBadRequest || !strings.Contains(body, `"error":`) || !strings.Contains(body, `"`+c.want+`"`) {
				t.Errorf("%d %s, want %s", status, body, c.want)
			}
		})
	}
	if status, body := p.form("/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {*p.app}}, "", ""); status != http.StatusBadRequest || !strings.Contains(body, "invalid_grant") {
		t.Errorf("a code that is none: %d %s", status, body)
	}
}

func TestTheRevocationEndpoint(t *testing.T) {
	p := newUserPool(t, nil, nil)
	other, _ := p.newClient(nil)
	off, _ := p.newClient(&cognito.CreateUserPoolClientInput{EnableTokenRevocation: aws.Bool(false)})
	token := p.signIn()
	access := *p.initiate(p.user, p.password).AuthenticationResult.AccessToken
	revoke := func(values url.Values) (int, string) { return p.form("/oauth2/revoke", values, "", "") }
	for name, c := range map[string]struct {
		values url.Values
		status int
		want   string
	}{
		"no token":                  {url.Values{"client_id": {*p.app}}, 400, `{"error":"invalid_request"}`},
		"an access token":           {url.Values{"client_id": {*p.app}, "token": {access}}, 400, `{"error":"unsupported_token_type"}`},
		"no token at all":           {url.Values{"client_id": {*p.app}, "token": {"x"}}, 400, `{"error":"unsupported_token_type"}`},
		"no client":                 {url.Values{"token": {token}}, 401, `{"error":"invalid_client"}`},
		"another client":            {url.Values{"client_id": {*other}, "token": {token}}, 400, `{"error":"unauthorized_client"}`},
		"a client that may not":     {url.Values{"client_id": {*off}, "token": {token}}, 400, `{"error":"unauthorized_client"}`},
		"a client that does not is": {url.Values{"client_id": {"nobody"}, "token": {token}}, 401, `{"error":"invalid_client"}`},
	} {
		if status, body := revoke(c.values); status != c.status || body != c.want {
			t.Errorf("%s: %d %s, want %d %s", name, status, body, c.status, c.want)
		}
	}
	mine := p.app
	p.app = off
	kept := p.signIn()
	if status, body := revoke(url.Values{"client_id": {*off}, "token": {kept}}); status != 400 || body != `{"error":"invalid_request"}` {
		t.Errorf("revocation is switched off: %d %s", status, body)
	}
	p.app = mine

	refresh := func() int {
		status, _ := p.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {*p.app}}, "", "")
		return status
	}
	if status := refresh(); status != http.StatusOK {
		t.Fatalf("status %d before it is revoked", status)
	}
	if status, body := revoke(url.Values{"client_id": {*p.app}, "token": {token}}); status != http.StatusOK || body != "" {
		t.Errorf("%d %q", status, body)
	}
	if status := refresh(); status != http.StatusBadRequest {
		t.Errorf("status %d after it was revoked", status)
	}
}

func TestADiscoveryDocumentLeadsToTheStack(t *testing.T) {
	p := newUserPool(t, nil, nil)
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/"+*p.pool+"/.well-known/openid-configuration", nil))
	r.Header.Set("X-Forwarded-Proto", "https") // as the stack's door does
	res := must(http.DefaultClient.Do(r))
	defer res.Body.Close()
	var document map[string]any
	if err := json.NewDecoder(res.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"authorization_endpoint": "/oauth2/authorize", "token_endpoint": "/oauth2/token", "revocation_endpoint": "/oauth2/revoke",
		"end_session_endpoint": "/logout", "jwks_uri": "/" + *p.pool + "/.well-known/jwks.json",
	} {
		if document[name] != p.url+path {
			t.Errorf("%s is %v", name, document[name])
		}
	}
	if issuer := fmt.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", testRegion, *p.pool); document["issuer"] != issuer {
		t.Errorf("issuer is %v, want %s", document["issuer"], issuer)
	}
	if res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("pages may not read it")
	}
}

// Pages of other sites ask these.
func TestTheEndpointsForBrowsersMayBeRead(t *testing.T) {
	p := newUserPool(t, nil, nil)
	token := p.signIn()
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
		for name, values := range map[string]url.Values{
			"a success": {"grant_type": {"refresh_token"}, "refresh_token": {token}, "token": {token}, "client_id": {*p.app}},
			"a refusal": {"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}, "client_id": {*p.app}},
			"a code":    {"grant_type": {"authorization_code"}, "code": {"x"}, "token": {""}, "client_id": {*p.app}},
		} {
			res := must(http.PostForm(p.url+path, values))
			_ = res.Body.Close()
			if got := res.Header.Values("Access-Control-Allow-Origin"); len(got) != 1 || got[0] != "*" {
				t.Errorf("%s, %s: allowed origins %q", path, name, got)
			}
		}
	}
}

func TestThePagesAskEachTime(t *testing.T) {
	home := "http://127.0.0.1:4321/"
	p := newUserPool(t, nil, &cognito.CreateUserPoolClientInput{
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{home},
	})
	jar := must(cookiejar.New(nil))
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	query := url.Values{"client_id": {*p.app}, "redirect_uri": {home}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}}
	ask := func() string {
		res := must(client.Get(p.url + "/oauth2/authorize?" + query.Encode()))
		defer res.Body.Close()
		return fmt.Sprint(res.StatusCode, " ", strings.Contains(string(must(io.ReadAll(res.Body))), `name="password"`))
	}
	if got := ask(); got != "200 true" {
		t.Fatal(got)
	}
	form := maps.Clone(query)
	form.Set("username", p.user)
	form.Set("password", p.password)
	res := must(client.PostForm(p.url+"/login", form))
	_ = res.Body.Close()
	if res.StatusCode != http.StatusFound || !strings.HasPrefix(res.Header.Get("Location"), home+"?code=") {
		t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if got := ask(); got != "200 true" {
		t.Error(got)
	}
}

func TestASignOutLeadsToWhereTheClientSays(t *testing.T) {
	p := newUserPool(t, nil, nil)
	home := "http://127.0.0.1:4321/"
	listed, _ := p.newClient(&cognito.CreateUserPoolClientInput{LogoutURLs: []string{home}})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for name, c := range map[string]struct {
		client, target string
		status         int
	}{
		"a listed address":             {*listed, home, http.StatusFound},
		"another address":              {*listed, home + "x", http.StatusBadRequest},
		"a client that lists none":     {*p.app, home, http.StatusBadRequest},
		"a client that does not exist": {"nobody", home, http.StatusBadRequest},
		"no address":                   {*listed, "", http.StatusBadRequest},
	} {
		res := must(client.Get(p.url + "/logout?" + url.Values{"client_id": {c.client}, "logout_uri": {c.target}}.Encode()))
		_ = res.Body.Close()
		if res.StatusCode != c.status || c.status == http.StatusFound && res.Header.Get("Location") != home {
			t.Errorf("%s: %d to %q", name, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

func TestRevokeTokenOfTheAPI(t *testing.T) {
	p := newUserPool(t, nil, nil)
	other, _ := p.newClient(nil)
	token := p.signIn()
	revoke := func(client *string, token string) error {
		_, err := p.client.RevokeToken(t.Context(), &cognito.RevokeTokenInput{ClientId: client, Token: &token})
		return err
	}
	wantRefusal(t, revoke(p.app, "x.y.z"), "UnsupportedTokenTypeException", "")
	wantRefusal(t, revoke(aws.String("nobody"), token), "UnauthorizedException", "")
	wantRefusal(t, revoke(other, token), "InvalidParameterException", "")
	if err := revoke(p.app, token); err != nil {
		t.Fatal(err)
	}
	_, err := p.client.GetTokensFromRefreshToken(t.Context(), &cognito.GetTokensFromRefreshTokenInput{ClientId: p.app, RefreshToken: &token})
	wantRefusal(t, err, "NotAuthorizedException", "revoked")
}

// respond answers a challenge.
func (p *userPoolOf) respond(challenge types.ChallengeNameType, session *string, answers map[string]string) (*cognito.RespondToAuthChallengeOutput, error) {
	return p.client.RespondToAuthChallenge(p.Context(), &cognito.RespondToAuthChallengeInput{
		ClientId: p.app, ChallengeName: challenge, Session: session, ChallengeResponses: answers,
	})
}

// TestAChallengeIsAnsweredByWhoWasAsked: MiniStack alone lets whoever names a
// user set the user's password.
func TestAChallengeIsAnsweredByWhoWasAsked(t *testing.T) {
	p := newUserPool(t, nil, nil)
	const temporary, chosen = "Tt1!Tt1!Tt1!", "Nn1!Nn1!Nn1!"
	fresh := aws.String("fresh")
	must(p.client.AdminCreateUser(t.Context(), &cognito.AdminCreateUserInput{UserPoolId: p.pool, Username: fresh, TemporaryPassword: aws.String(temporary)}))
	answers := func(user string) map[string]string {
		return map[string]string{"USERNAME": user, "NEW_PASSWORD": chosen}
	}
	asked := func() *string {
		t.Helper()
		out := p.initiate(*fresh, temporary)
		if out.ChallengeName != types.ChallengeNameTypeNewPasswordRequired || out.Session == nil {
			t.Fatalf("got %+v", out)
		}
		return out.Session
	}
	const required = types.ChallengeNameTypeNewPasswordRequired
	for name, c := range map[string]struct {
		challenge types.ChallengeNameType
		session   *string
		user      string
		code      string
	}{
		"nobody was asked":              {required, nil, p.user, "InvalidParameterException"},
		"the session is made up":        {required, aws.String("made-up-session-0123456789"), p.user, "NotAuthorizedException"},
		"somebody else was asked":       {required, asked(), p.user, "NotAuthorizedException"},
		"the user does not exist":       {required, asked(), "nobody", "NotAuthorizedException"},
		"something else was asked":      {types.ChallengeNameTypeSoftwareTokenMfa, asked(), *fresh, "NotAuthorizedException"},
		"MFA was never set up":          {types.ChallengeNameTypeMfaSetup, asked(), *fresh, "NotAuthorizedException"},
		"nobody was asked to set it up": {types.ChallengeNameTypeMfaSetup, nil, p.user, "InvalidParameterException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.respond(c.challenge, c.session, answers(c.user))
			wantRefusal(t, err, c.code, "")
		})
	}
	if p.initiate(p.user, p.password).AuthenticationResult == nil {
		t.Error("a stranger changed the user's password")
	}

	session := asked()
	mine := p.app
	p.app, _ = p.newClient(nil)
	_, err := p.respond(required, session, answers(*fresh))
	wantRefusal(t, err, "NotAuthorizedException", "")
	p.app = mine

	session = asked()
	p.adapter.sessions.mu.Lock()
	late := p.adapter.sessions.open[*session]
	late.ends = time.Now().Add(-time.Second)
	p.adapter.sessions.open[*session] = late
	p.adapter.sessions.mu.Unlock()
	_, err = p.respond(required, session, answers(*fresh))
	wantRefusal(t, err, "NotAuthorizedException", "Invalid session")

	session = asked()
	if out := must(p.respond(required, session, answers(*fresh))); out.AuthenticationResult == nil {
		t.Fatalf("got %+v", out)
	}
	_, err = p.respond(required, session, answers(*fresh))
	wantRefusal(t, err, "NotAuthorizedException", "Invalid session")
	p.initiate(*fresh, chosen)
}

// code is that of an authenticator (RFC 6238).
func code(t *testing.T, secret *string, step int64) *string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(*secret, "="))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+step)
	hash := mac.Sum(nil)
	number := binary.BigEndian.Uint32(hash[hash[len(hash)-1]&15:]) & (1<<31 - 1)
	return aws.String(fmt.Sprintf("%06d", number%1_000_000))
}

func TestARequiredSecondFactorIsAskedFor(t *testing.T) {
	p := newUserPool(t, nil, nil)
	must(p.client.SetUserPoolMfaConfig(t.Context(), &cognito.SetUserPoolMfaConfigInput{
		UserPoolId: p.pool, MfaConfiguration: types.UserPoolMfaTypeOn, SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
	}))
	user := map[string]string{"USERNAME": p.user}
	asked := p.initiate(p.user, p.password)
	if asked.AuthenticationResult != nil || asked.ChallengeName != types.ChallengeNameTypeMfaSetup || !strings.Contains(asked.ChallengeParameters["MFAS_CAN_SETUP"], "SOFTWARE_TOKEN_MFA") {
		t.Fatalf("got %+v", asked)
	}
	_, err := p.respond(asked.ChallengeName, asked.Session, user)
	wantRefusal(t, err, "InvalidParameterException", "software token")

	asked = p.initiate(p.user, p.password)
	secret := must(p.client.AssociateSoftwareToken(t.Context(), &cognito.AssociateSoftwareTokenInput{Session: asked.Session}))
	_, err = p.client.VerifySoftwareToken(t.Context(), &cognito.VerifySoftwareTokenInput{Session: secret.Session, UserCode: code(t, secret.SecretCode, -99)})
	wantRefusal(t, err, "EnableSoftwareTokenMFAException", "")
	verified := must(p.client.VerifySoftwareToken(t.Context(), &cognito.VerifySoftwareTokenInput{Session: secret.Session, UserCode: code(t, secret.SecretCode, 0)}))
	if out := must(p.respond(types.ChallengeNameTypeMfaSetup, verified.Session, user)); out.AuthenticationResult == nil || out.AuthenticationResult.AccessToken == nil {
		t.Fatalf("got %+v", out)
	}
	_, err = p.client.AssociateSoftwareToken(t.Context(), &cognito.AssociateSoftwareTokenInput{Session: verified.Session})
	wantRefusal(t, err, "NotAuthorizedException", "Invalid session")

	asked = p.initiate(p.user, p.password)
	if asked.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa {
		t.Fatalf("got %+v", asked)
	}
	_, err = p.respond(asked.ChallengeName, asked.Session, map[string]string{"USERNAME": p.user, "SOFTWARE_TOKEN_MFA_CODE": *code(t, secret.SecretCode, -99)})
	wantRefusal(t, err, "CodeMismatchException", "")
	if out := must(p.respond(asked.ChallengeName, asked.Session, map[string]string{"USERNAME": p.user, "SOFTWARE_TOKEN_MFA_CODE": *code(t, secret.SecretCode, 0)})); out.AuthenticationResult == nil {
		t.Fatalf("got %+v", out)
	}

	// The pages know of no second factor.
	status, body := p.form("/login", url.Values{"client_id": {*p.app}, "username": {p.user}, "password": {p.password}}, "", "")
	if status != http.StatusNotImplemented || !strings.Contains(body, "not served by the local stack: MFA") {
		t.Errorf("managed login: %d %s", status, body)
	}
	must(p.client.SetUserPoolMfaConfig(t.Context(), &cognito.SetUserPoolMfaConfigInput{UserPoolId: p.pool, MfaConfiguration: types.UserPoolMfaTypeOptional, SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}}))
	p.newUser("bob")
	for name, want := range map[string]bool{p.user: true, "bob": false, "nobody": false} {
		status, _ := p.form("/login", url.Values{"client_id": {*p.app}, "username": {name}, "password": {p.password}}, "", "")
		if (status == http.StatusNotImplemented) != want {
			t.Errorf("managed login of %s: %d", name, status)
		}
	}
	if p.initiate("bob", p.password).AuthenticationResult == nil {
		t.Error("where MFA is optional it is demanded")
	}
}
