package authorize_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/authorize"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

const bearer = "aaaa.bbbb.cccc" // the token of the fixture

// verifier accepts one token.
type verifier struct {
	claims token.Claims
	seen   []string
}

func (v *verifier) Verify(_ context.Context, bearer string) (token.Claims, error) {
	v.seen = append(v.seen, bearer)
	if bearer == "panic" {
		panic("text that must not be logged")
	}
	if bearer != "aaaa.bbbb.cccc" {
		return token.Claims{}, fmt.Errorf("wrapped: %w", token.BadSignature)
	}
	return v.claims, nil
}

func request(t *testing.T) gateway.AuthorizerRequest {
	t.Helper()
	data, err := os.ReadFile("../gateway/testdata/authorizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var r gateway.AuthorizerRequest
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// secretDigest is the SHA-256 of "hunter2".
const secretDigest = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7"

func variables() env {
	return env{
		"TOKEN_ISSUER":         "https://issuer.example",
		"TOKEN_JWKS_URI":       "https://issuer.example/jwks.json",
		"TOKEN_AUDIENCES":      "client-1",
		"TOKEN_TYPE_CHECK":     "token_use",
		"ALLOWED_ORIGINS":      "https://app.example.com",
		"ALLOW_MISSING_ORIGIN": "false",
		"ORIGIN_SECRET_SHA256": "",
	}
}

func handler(t *testing.T, change env) (*authorize.Handler, *verifier, *bytes.Buffer) {
	t.Helper()
	e := variables()
	for name, value := range change {
		e[name] = value
	}
	settings, err := authorize.Read(e.lookup)
	if err != nil {
		t.Fatal(err)
	}
	v := &verifier{claims: token.Claims{Subject: "u1", Names: []string{"", "Ann", "u1"}, Expires: 1700000000, TokenID: "j1"}}
	log := &bytes.Buffer{}
	return &authorize.Handler{Verifier: v, Origins: settings.Origins, Secrets: settings.Secrets, Rooms: settings.Rooms, Log: logging.New(log, "")}, v, log
}

func TestAValidCallerGetsTheRoomAndNothingElse(t *testing.T) {
	h, v, log := handler(t, nil)
	r := request(t)
	got, err := h.Handle(context.Background(), r)
	want := gateway.Allow(r.MethodArn, gateway.Identity{Sub: "u1", Name: "Ann", Room: "general", Access: "write", Exp: 1700000000, Jti: "j1"})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if !slices.Equal(v.seen, []string{bearer}) {
		t.Errorf("verified %q", v.seen)
	}
	if !strings.Contains(log.String(), `"subject":"`+logging.Subject("u1").Value.String()) {
		t.Errorf("the log has no subject: %s", log)
	}
	if !strings.Contains(log.String(), logging.LoginSuccess) || !strings.Contains(log.String(), `"requestId":"ABCD1234abcd123="`) {
		t.Errorf("the log is %s", log)
	}
}

// A refusal is either the error for 401 or a policy for 403.
func TestRefusals(t *testing.T) {
	type change = func(*gateway.AuthorizerRequest)
	header := func(name string, values ...string) change {
		return func(r *gateway.AuthorizerRequest) { r.Headers[name] = values }
	}
	without := func(name string) change {
		return func(r *gateway.AuthorizerRequest) { delete(r.Headers, name) }
	}
	query := func(name string, values ...string) change {
		return func(r *gateway.AuthorizerRequest) { r.Query[name] = values }
	}
	const unauthorized, forbidden = 401, 403
	for name, c := range map[string]struct {
		change change
		status int
		reason string
	}{
		"no token":                        {without("Sec-WebSocket-Protocol"), unauthorized, "no_token"},
		"no token among the subprotocols": {header("Sec-WebSocket-Protocol", "chat.v1"), unauthorized, "no_token"},
		"a prefix in another case":        {header("Sec-WebSocket-Protocol", "chat.v1, Bearer."+bearer), unauthorized, "no_token"},
		"a bad token":                     {header("Sec-WebSocket-Protocol", "chat.v1, bearer.x.y.z"), unauthorized, "token_signature"},
		"an empty token":                  {header("Sec-WebSocket-Protocol", "chat.v1, bearer."), unauthorized, "token_signature"},
		"a token without the subprotocol": {header("Sec-WebSocket-Protocol", "bearer."+bearer), unauthorized, "no_subprotocol"},
		"the subprotocol in another case": {header("Sec-WebSocket-Protocol", "CHAT.V1, bearer."+bearer), unauthorized, "no_subprotocol"},
		"two tokens in one header":        {header("Sec-WebSocket-Protocol", "bearer."+bearer+", bearer."+bearer), unauthorized, "two_tokens"},
		"two tokens in two headers":       {header("Sec-WebSocket-Protocol", "bearer."+bearer, "bearer."+bearer), unauthorized, "two_tokens"},
		"two headers of other case":       {header("sec-websocket-protocol", "bearer."+bearer), unauthorized, "two_tokens"},
		"a token in both places":          {header("authorization", "Bearer "+bearer), unauthorized, "two_tokens"},
		"two Authorization headers": {func(r *gateway.AuthorizerRequest) {
			delete(r.Headers, "Sec-WebSocket-Protocol")
			r.Headers["Authorization"] = []string{"Bearer " + bearer, "Bearer " + bearer}
		}, unauthorized, "two_tokens"},
		"another scheme beside the token": {header("Authorization", "Basic dTpw"), unauthorized, "no_token"},
		"a cookie alone": {func(r *gateway.AuthorizerRequest) {
			delete(r.Headers, "Sec-WebSocket-Protocol")
			r.Headers["Cookie"] = []string{"token=" + bearer}
		}, unauthorized, "no_token"},
		"?token=":                            {query("token", bearer), unauthorized, "query_parameters"},
		"?access_token=":                     {query("access_token", bearer), unauthorized, "query_parameters"},
		"?id_token=":                         {query("id_token", ""), unauthorized, "query_parameters"},
		"?jwt=":                              {query("jwt", "x"), unauthorized, "query_parameters"},
		"?authorization=":                    {query("authorization", "Bearer x"), unauthorized, "query_parameters"},
		"?bearer=":                           {query("bearer", "x"), unauthorized, "query_parameters"},
		"?Room=":                             {query("Room", "general"), unauthorized, "query_parameters"},
		"?userId=":                           {query("userId", "root"), unauthorized, "query_parameters"},
		"two rooms":                          {query("room", "general", "general"), unauthorized, "query_parameters"},
		"a token as room":                    {query("room", bearer), unauthorized, "query_parameters"},
		"a parameter in the single map only": {func(r *gateway.AuthorizerRequest) { r.SingleQuery["token"] = "x" }, unauthorized, "query_parameters"},

		"another route":      {func(r *gateway.AuthorizerRequest) { r.RequestContext.RouteKey = "sendMessage" }, unauthorized, "not_a_handshake"},
		"another event":      {func(r *gateway.AuthorizerRequest) { r.RequestContext.EventType = "MESSAGE" }, unauthorized, "not_a_handshake"},
		"another authorizer": {func(r *gateway.AuthorizerRequest) { r.Type = "TOKEN" }, unauthorized, "not_a_handshake"},
		"no method":          {func(r *gateway.AuthorizerRequest) { r.MethodArn = "" }, unauthorized, "not_a_handshake"},
		"an empty event":     {func(r *gateway.AuthorizerRequest) { *r = gateway.AuthorizerRequest{} }, unauthorized, "not_a_handshake"},
		"a crash":            {header("Sec-WebSocket-Protocol", "chat.v1, bearer.panic"), unauthorized, ""},

		"no room":             {func(r *gateway.AuthorizerRequest) { r.Query, r.SingleQuery = nil, nil }, forbidden, "room"},
		"an empty room":       {query("room", ""), forbidden, "room"},
		"a room in capitals":  {query("room", "General"), forbidden, "room"},
		"a room with a key":   {query("room", "a#b"), forbidden, "room"},
		"a room with NUL":     {query("room", "a\x00"), forbidden, "room"},
		"a room with newline": {query("room", "a\n"), forbidden, "room"},
		"a long room":         {query("room", strings.Repeat("a", 65)), forbidden, "room"},
		"an evil origin":      {header("Origin", "https://evil.example"), forbidden, ""},
		"the origin null":     {header("Origin", "null"), forbidden, ""},
		"two origins":         {header("origin", "https://app.example.com"), forbidden, ""},
		"no origin":           {without("Origin"), forbidden, ""},
	} {
		h, _, log := handler(t, nil)
		r := request(t)
		arn := r.MethodArn
		c.change(&r)
		got, err := h.Handle(context.Background(), r)
		switch c.status {
		case unauthorized:
			if !errors.Is(err, gateway.ErrUnauthorized) || err.Error() != "Unauthorized" || !reflect.DeepEqual(got, gateway.AuthorizerResponse{}) {
				t.Errorf("%s: got %+v, %v, want 401", name, got, err)
			}
		case forbidden:
			if err != nil || !reflect.DeepEqual(got, gateway.Deny(arn, "u1")) {
				t.Errorf("%s: got %+v, %v, want 403", name, got, err)
			}
		}
		if c.reason != "" && !strings.Contains(log.String(), `"reason":"`+c.reason+`"`) {
			t.Errorf("%s: the log is %s", name, log)
		}
		if strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: not one line in %s", name, log)
		}
		for _, secret := range []string{bearer, "bbbb", "must not be logged", "arn:aws", "evil.example", "dTpw"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s: %q is in the log %s", name, secret, log)
			}
		}
	}
}

func TestAClaimMayOpenRooms(t *testing.T) {
	for name, c := range map[string]struct {
		prefix, claim string
		want, reason  string
	}{
		"the room":            {"", `["general"]`, "write", ""},
		"a pattern":           {"", `["gen*"]`, "write", ""},
		"the room to read":    {"", `["general:read","lobby"]`, "read", ""},
		"with the prefix":     {"room:", `["admins","room:general"]`, "write", ""},
		"without the prefix":  {"room:", `["general"]`, "", "room_not_granted"},
		"another room":        {"", `["lobby"]`, "", "room_not_granted"},
		"no room":             {"", `[]`, "", "room_not_granted"},
		"no claim":            {"", ``, "", "rooms_claim"},
		"a claim of one type": {"", `{"general":true}`, "", "rooms_claim"},
	} {
		h, v, log := handler(t, env{"ROOMS_CLAIM": "rooms", "ROOMS_PREFIX": c.prefix})
		v.claims.Rooms = jsontext.Value(c.claim)
		r := request(t)
		got, err := h.Handle(context.Background(), r)
		if c.want == "" {
			if err != nil || !reflect.DeepEqual(got, gateway.Deny(r.MethodArn, "u1")) || !strings.Contains(log.String(), `"reason":"`+c.reason+`"`) {
				t.Errorf("%s: got %+v, %v, want 403; the log is %s", name, got, err, log)
			}
			continue
		}
		if err != nil || got.Context == nil || got.Context.Access != c.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestANativeClientUsesAuthorization(t *testing.T) {
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
		h, _, _ := handler(t, env{"ALLOW_MISSING_ORIGIN": "true"})
		r := request(t)
		delete(r.Headers, "Sec-WebSocket-Protocol")
		delete(r.Headers, "Origin")
		r.Headers["AUTHORIZATION"] = []string{scheme + bearer}
		if got, err := h.Handle(context.Background(), r); err != nil || got.Context == nil {
			t.Errorf("%q: got %+v, %v", scheme, got, err)
		}
	}
}

func TestTheSecretOfTheCDNIsCheckedBeforeTheToken(t *testing.T) {
	for header, want := range map[string]bool{"hunter2": true, "hunter3": false, "": false} {
		h, v, log := handler(t, env{"ORIGIN_SECRET_SHA256": secretDigest})
		r := request(t)
		if header != "" {
			r.Headers["X-Origin-Verify"] = []string{header}
		}
		got, err := h.Handle(context.Background(), r)
		if (err == nil && got.Context != nil) != want || (!want && !errors.Is(err, gateway.ErrUnauthorized)) {
			t.Errorf("%q: got %+v, %v", header, got, err)
		}
		if !want && (len(v.seen) != 0 || !strings.Contains(log.String(), "origin_secret")) {
			t.Errorf("%q: verified %q; the log is %s", header, v.seen, log)
		}
	}
}

func TestANameIsNeverEmptyAndNeverDangerous(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"Ann", "ann", "u1"}, "Ann"},
		{[]string{"", "\u200B", "a\u202Enn", "u1"}, "ann"},
		{[]string{"", "", "u1"}, "u1"},
		{[]string{"", "\u0301"}, "user"},
		{nil, "user"},
	} {
		h, v, _ := handler(t, nil)
		v.claims.Names = c.names
		if got, err := h.Handle(context.Background(), request(t)); err != nil || got.Context.Name != c.want {
			t.Errorf("%q: got %+v, %v", c.names, got, err)
		}
	}
}

func TestEverySettingIsChecked(t *testing.T) {
	if _, err := authorize.Read(variables().lookup); err != nil {
		t.Fatal(err)
	}
	for name := range variables() {
		e := variables()
		delete(e, name)
		if _, err := authorize.Read(e.lookup); err == nil || !strings.Contains(err.Error(), name+": want") {
			t.Errorf("without %s: got %v", name, err)
		}
	}
	for _, c := range []struct{ name, value string }{
		{"TOKEN_ISSUER", ""},
		{"TOKEN_ISSUER", "a b"},
		{"TOKEN_JWKS_URI", ""},
		{"TOKEN_JWKS_URI", "http://issuer.example/jwks.json"},
		{"TOKEN_AUDIENCES", ""},
		{"TOKEN_AUDIENCES", "a,,b"},
		{"TOKEN_TYPE_CHECK", ""},
		{"TOKEN_TYPE_CHECK", "Token_use"},
		{"ALLOWED_ORIGINS", ""},
		{"ALLOWED_ORIGINS", "*"},
		{"ALLOWED_ORIGINS", "https://*.example.com"},
		{"ALLOWED_ORIGINS", "https://app.example.com/"},
		{"ALLOWED_ORIGINS", "https://app.example.com,null"},
		{"ALLOWED_ORIGINS", "app.example.com"},
		{"ALLOW_MISSING_ORIGIN", "yes"},
		{"ALLOW_MISSING_ORIGIN", ""},
		{"TOKEN_JWKS", "x"},
		{"TOKEN_JWKS", `{"keys":[]}`},
		{"TOKEN_JWKS", `{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}`},
		{"ROOMS_CLAIM", "a b"},
		{"ROOMS_CLAIM", strings.Repeat("a", 129)},
		{"ROOMS_CLAIM", "raum\u00A0"},
		{"ROOMS_PREFIX", "room: "},
		{"ROOMS_PREFIX", strings.Repeat("a", 65)},
		{"ORIGIN_SECRET_SHA256", "hunter2"},
		{"ORIGIN_SECRET_SHA256", strings.ToUpper(secretDigest)},
		{"ORIGIN_SECRET_SHA256", secretDigest + "," + secretDigest + "," + secretDigest},
	} {
		e := variables()
		e[c.name] = c.value
		if _, err := authorize.Read(e.lookup); err == nil || !strings.Contains(err.Error(), c.name+": want") {
			t.Errorf("%s=%q: got %v", c.name, c.value, err)
		}
	}
	e := variables()
	e["TOKEN_JWKS"] = `{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]}`
	if s, err := authorize.Read(e.lookup); err != nil || s.Keys["k"].Algorithm != "ES256" {
		t.Errorf("with a key set: got %v, %v", s.Keys, err)
	}
	e = variables()
	e["ROOMS_PREFIX"] = "room:"
	if _, err := authorize.Read(e.lookup); err == nil || !strings.Contains(err.Error(), "ROOMS_CLAIM: want") {
		t.Errorf("a prefix without a claim: got %v", err)
	}
	e = variables()
	e["ORIGIN_SECRET_SHA256"] = secretDigest + "," + secretDigest
	if got, err := authorize.Read(e.lookup); err != nil || len(got.Secrets) != 2 {
		t.Errorf("a secret and its successor: got %+v, %v", got.Secrets, err)
	}
	e = variables()
	e["ALLOWED_ORIGINS"], e["ALLOW_MISSING_ORIGIN"] = "", "true"
	if _, err := authorize.Read(e.lookup); err != nil {
		t.Errorf("native clients only: got %v", err)
	}
}

// A browser adds cookies, a client certificate and saved passwords by itself,
// whatever page asks it to open the connection.
// aws-samples/websocket-chat-application takes its token from a cookie.
func TestThreat03NoAmbientCredentialOpensAConnection(t *testing.T) {
	for _, credential := range []struct{ name, value string }{
		{"Cookie", "token=" + bearer},
		{"Cookie", "bearer." + bearer},
		{"Cookie", "Authorization=Bearer " + bearer},
		{"Authorization", "Basic dTpw"},
		{"Authorization", "Basic " + bearer},
		{"Authorization", `Digest username="ann"`},
		{"Authorization", "Negotiate YII="},
		{"Proxy-Authorization", "Bearer " + bearer},
		{"X-Api-Key", bearer},
		{"X-Auth-Token", bearer},
		{"X-Amzn-Oidc-Data", bearer},
		{"X-Amzn-Mtls-Clientcert", "x"},
	} {
		h, v, _ := handler(t, nil)
		r := request(t)
		r.Headers["Sec-WebSocket-Protocol"] = []string{"chat.v1"}
		r.Headers[credential.name] = []string{credential.value}
		if got, err := h.Handle(context.Background(), r); !errors.Is(err, gateway.ErrUnauthorized) || len(v.seen) != 0 {
			t.Errorf("%s: got %+v, %v after %q", credential, got, err, v.seen)
		}
	}
}

// What somebody writes into a header decides nothing and is not passed on.
func TestThreat20HeadersThatNameSomebodyAreIgnored(t *testing.T) {
	h, _, log := handler(t, nil)
	want, err := h.Handle(context.Background(), request(t))
	if err != nil {
		t.Fatal(err)
	}
	r := request(t)
	for _, name := range []string{
		"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "CloudFront-Viewer-Address", "X-Forwarded-User",
		"X-User-Id", "X-Remote-User", "X-Amzn-Oidc-Identity", "X-Room", "X-Original-URL", "X-HTTP-Method-Override", "Via", "X-Forwarded-Host",
	} {
		r.Headers[name] = []string{"for=203.0.113.99;admin"}
	}
	got, err := h.Handle(context.Background(), r)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if strings.Contains(log.String(), "203.0.113.99") {
		t.Errorf("the log is %s", log)
	}
}
