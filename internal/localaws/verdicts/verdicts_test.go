package verdicts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
)

var (
	function = aws.Credentials{AccessKeyID: "ASIAFUNCTION", SecretAccessKey: "secret", SessionToken: "token"}
	stranger = aws.Credentials{AccessKeyID: "AKIASTRANGER", SecretAccessKey: "unknown here"}
)

// gateway is a server that asks verdicts, and IAM when these do not know.
type gateway struct {
	*testing.T
	*httptest.Server
	verdicts *Verdicts
	time     time.Time
	allows   bool // what IAM says
	asked    int  // how often IAM was asked
	during   func()
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{T: t, time: time.Now(), allows: true, during: func() {}}
	g.verdicts = New(func(key string) (aws.Credentials, bool) { return function, key == function.AccessKeyID }, func() time.Time { return g.time })
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if g.verdicts.Allowed(r, body) {
			return
		}
		changes := g.verdicts.Changes()
		g.asked++
		g.during()
		if !g.allows {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		g.verdicts.Remember(r, changes)
	}))
	t.Cleanup(g.Close)
	return g
}

// post makes the SDK's own call and says how often IAM was asked for it.
func (g *gateway) post(as aws.Credentials, id, data string) (asked int, allowed bool) {
	g.Helper()
	before := g.asked
	client := apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(g.URL + "/_aws/execute-api/abc/live"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return as, nil }), Retryer: aws.NopRetryer{},
	})
	_, err := client.PostToConnection(g.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(data)})
	return g.asked - before, err == nil
}

// want posts and checks both.
func (g *gateway) want(as aws.Credentials, id string, asked int, allowed bool) {
	g.Helper()
	gotAsked, gotAllowed := g.post(as, id, "hello")
	if gotAsked != asked || gotAllowed != allowed {
		g.Errorf("IAM was asked %d times and the call allowed: %v; want %d and %v", gotAsked, gotAllowed, asked, allowed)
	}
}

func TestWhatIAMHasAllowedIsNotAskedAgain(t *testing.T) {
	g := newGateway(t)
	g.want(function, "AAAA+/AAAAAAAAA=", 1, true)
	g.want(function, "AAAA+/AAAAAAAAA=", 0, true)
	g.want(function, "BBBB+/AAAAAAAAA=", 1, true) // a policy may name connections
	g.allows = false
	g.want(function, "AAAA+/AAAAAAAAA=", 0, true)
	g.want(function, "CCCC+/AAAAAAAAA=", 1, false)
	g.want(function, "CCCC+/AAAAAAAAA=", 1, false) // no refusal is remembered
}

func TestWhoseSecretIsNotKnownIsAskedForEachTime(t *testing.T) {
	g := newGateway(t)
	g.want(stranger, "AAAAAAAAAAAAAAA=", 1, true)
	g.want(stranger, "AAAAAAAAAAAAAAA=", 1, true)
}

func TestAVerdictEndsWithTime(t *testing.T) {
	g := newGateway(t)
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
	g.time = g.time.Add(maxAge)
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
}

func TestAVerdictEndsWhenIAMChanges(t *testing.T) {
	for name, c := range map[string]struct {
		service, operation string
		forgets            bool
	}{
		"a policy":            {"iam", "PutRolePolicy", true},
		"a role":              {"iam", "DeleteRole", true},
		"nobody knows what":   {"iam", "", true},
		"nothing, it reads":   {"iam", "GetRole", false},
		"nothing, it lists":   {"iam", "ListRoles", false},
		"another service":     {"dynamodb", "PutItem", false},
		"a role's new tokens": {"sts", "AssumeRole", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"Action": {c.operation}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.service == "dynamodb" {
				r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+c.operation)
			}
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260209/us-east-1/"+c.service+"/aws4_request, SignedHeaders=host, Signature=00")
			served := false
			g.verdicts.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				served = true
				// While it changes, nobody knows what holds.
				asked := 0
				if c.forgets {
					asked = 1
				}
				g.want(function, "AAAAAAAAAAAAAAA=", asked, true)
			})).ServeHTTP(httptest.NewRecorder(), r)
			if !served {
				t.Fatal("the request was not passed on")
			}
			asked := 0
			if c.forgets {
				asked = 1
			}
			g.want(function, "AAAAAAAAAAAAAAA=", asked, true)
		})
	}
}

// IAM answers, and changes before the answer is here.
func TestAnAnswerThatMayBeOldIsNotRemembered(t *testing.T) {
	g := newGateway(t)
	change := httptest.NewRequest(http.MethodPost, "/?Action=DeleteRolePolicy", nil)
	change.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260209/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00")
	g.during = func() {
		g.verdicts.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), change)
	}
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
}

// Each of these has another signature than the one IAM has seen, or none that
// is right.
func TestARequestThatTheCallerHasNotSignedIsAskedFor(t *testing.T) {
	const path = "/_aws/execute-api/abc/live/@connections/AAAAAAAAAAAAAAA="
	for name, change := range map[string]func(r *http.Request){
		"another body":           func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("jello")), 5 },
		"another signature":      func(r *http.Request) { r.Header.Set("Authorization", flip(r.Header.Get("Authorization"))) },
		"another token":          func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") },
		"no token":               func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") },
		"another date":           func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260209T000000Z") },
		"a header that is other": func(r *http.Request) { r.Header.Set("X-Signed", "other") },
		"two signatures":         func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			send := func(change func(*http.Request)) int {
				t.Helper()
				r, err := http.NewRequest(http.MethodPost, g.URL+path, strings.NewReader("hello"))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("X-Signed", "this")
				sum := sha256.Sum256([]byte("hello"))
				if err := signer.NewSigner().SignHTTP(t.Context(), function, r, hex.EncodeToString(sum[:]), "execute-api", "eu-west-1", g.time); err != nil {
					t.Fatal(err)
				}
				change(r)
				before := g.asked
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				return g.asked - before
			}
			nothing := func(*http.Request) {}
			if first, second := send(nothing), send(nothing); first != 1 || second != 0 {
				t.Fatalf("IAM was asked %d and %d times", first, second)
			}
			if asked := send(change); asked != 1 {
				t.Errorf("IAM was asked %d times", asked)
			}
		})
	}
}

// flip changes the last digit of a signature.
func flip(signature string) string {
	last := "0"
	if strings.HasSuffix(signature, last) {
		last = "1"
	}
	return signature[:len(signature)-1] + last
}

func TestAnOldSignatureIsAskedFor(t *testing.T) {
	g := newGateway(t)
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
	g.verdicts.mu.Lock()
	for k := range g.verdicts.known {
		g.verdicts.known[k] = g.time.Add(2 * maxSkew) // the verdict itself still holds
	}
	g.verdicts.mu.Unlock()
	g.time = g.time.Add(maxSkew + time.Minute)
	g.want(function, "AAAAAAAAAAAAAAA=", 1, true)
}

func TestTheMemoryIsBounded(t *testing.T) {
	v := New(nil, time.Now)
	for i := range maxKnown + 10 {
		r := httptest.NewRequest(http.MethodPost, "/"+strings.Repeat("x", i%7)+hex.EncodeToString([]byte{byte(i), byte(i >> 8)}), bytes.NewReader(nil))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260209/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
		v.Remember(r, 0)
		if len(v.known) > maxKnown {
			t.Fatalf("%d verdicts", len(v.known))
		}
	}
}
