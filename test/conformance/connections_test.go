package conformance_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	managementtypes "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// response is an answer of the @connections API.
type response struct {
	status int
	header http.Header
	body   string
}

// kind is the error type that the SDKs look at.
func (r response) kind() string { return r.header.Get("X-Amzn-Errortype") }

// call is a request to the @connections API.
type call struct {
	cfg      aws.Config
	method   string
	endpoint string // of the stage
	host     string // when it is another than the endpoint's
	path     string // escaped, from @connections on
	data     string
	service  string // that the request is signed for; execute-api when empty
	unsigned bool
	tampered bool // another body than the one that was signed
}

func (t *T) call(c call) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, c.endpoint+"/"+c.path, strings.NewReader(c.data))
	if err != nil {
		t.Fatal(err)
	}
	if c.host != "" {
		req.Host = c.host
	}
	if !c.unsigned {
		if c.service == "" {
			c.service = "execute-api"
		}
		signer, err := c.cfg.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(c.data))
		if err := v4.NewSigner().SignHTTP(t.Context(), signer, req, hex.EncodeToString(sum[:]), c.service, cmp.Or(c.cfg.Region, region), time.Now()); err != nil {
			t.Fatal(err)
		}
		if c.tampered {
			req.Body = io.NopCloser(bytes.NewReader(bytes.Repeat([]byte("y"), len(c.data))))
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(body)}
}

// manage calls the @connections API for a connection of a stage "live".
func (c *conn) manage(cfg aws.Config, method, data string) response {
	c.t.Helper()
	return c.t.call(call{cfg: cfg, method: method, endpoint: c.endpoint(), path: connectionPath(c.connectionID()), data: data})
}

// endpoint is that of the connection's API and stage.
func (c *conn) endpoint() string {
	c.t.Helper()
	ev := c.connected()
	return c.t.managementEndpoint(&api{ID: ev.context("apiId")}, ev.context("stage"))
}

// connectionPath is the path of a connection as the SDK writes it.
func connectionPath(id string) string { return "%40connections/" + url.QueryEscape(id) }

// as returns settings of a role that may do what a policy says.
func (t *T) as(policies map[string]string) aws.Config {
	t.Helper()
	name := t.world.Name + "-" + strings.ToLower(rand.Text()[:8])
	caller, err := sts.NewFromConfig(t.cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	role, err := t.iam.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(trust(map[string]string{"AWS": "arn:aws:iam::" + aws.ToString(caller.Account) + ":root"})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := t.iam.DeleteRole(context.WithoutCancel(t.Context()), &iam.DeleteRoleInput{RoleName: &name}); err != nil {
			t.Error(err)
		}
	})
	for policy, document := range policies {
		if _, err := t.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &document}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := t.iam.DeleteRolePolicy(context.WithoutCancel(t.Context()), &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy}); err != nil {
				t.Error(err)
			}
		})
	}
	cfg := t.cfg.Copy()
	t.eventually("the role "+name+" can be assumed", func() bool {
		session, err := sts.NewFromConfig(t.cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("conformance")})
		if err != nil {
			return false
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
		return true
	})
	return cfg
}

func connectionsCases() []testCase {
	recorded := source("[O](https://github.com/brefphp/bref/tree/master/tests/Websocket/Samples)")
	calling, iamPage := docs("apigateway-how-to-call-websocket-api-connections"), docs("apigateway-websocket-control-access-iam")
	// lets is the case of a role with a policy: for each method the status.
	lets := func(policies func(arn func(string) string) map[string]string, post, get, del int) func(*T) {
		return func(t *T) {
			c := t.dial(t.Open, offer{})
			cfg := t.as(policies(func(suffix string) string { return t.arn(t.Open, suffix) }))
			// AWS takes some seconds to know a new policy: wait for what is allowed.
			if post == http.StatusOK {
				t.eventually("POST is allowed", func() bool { return c.manage(cfg, http.MethodPost, "x").status == post })
			}
			equal(t, "POST", c.manage(cfg, http.MethodPost, "x").status, post)
			equal(t, "GET", c.manage(cfg, http.MethodGet, "").status, get)
			equal(t, "DELETE", c.manage(cfg, http.MethodDelete, "").status, del)
		}
	}
	manage := func(suffixes ...string) func(func(string) string) map[string]string {
		return func(arn func(string) string) map[string]string {
			policies := make(map[string]string)
			for i, suffix := range suffixes {
				policies[fmt.Sprint("p", i)] = allow("execute-api:ManageConnections", arn(suffix))
			}
			return policies
		}
	}
	wantForbidden := func(t *T, r response) {
		t.Helper()
		equal(t, "status", r.status, http.StatusForbidden)
		if !strings.HasSuffix(r.kind(), "Exception") && !strings.Contains(r.body, `"__type"`) {
			t.Errorf("no error type: %v %s", r.header, r.body)
		}
	}
	return []testCase{
		{section: "5", name: "POST sends the data as one text message, and is 200 with an empty body", source: recorded, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			r := c.manage(t.cfg, http.MethodPost, `{"hello":"é \u0000"}`)
			equal(t, "status", r.status, http.StatusOK)
			equal(t, "body", r.body, "")
			c.hears(`{"hello":"é \u0000"}`)
		}},
		{section: "5", name: "answers have the headers x-amzn-requestid, x-amz-apigw-id, x-amzn-trace-id and content-type as AWS's", source: recorded, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			uuid := regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
			for _, request := range []struct{ method, kind string }{{http.MethodPost, "application/json"}, {http.MethodGet, "application/json"}, {http.MethodDelete, ""}, {http.MethodPost, "application/json"}} {
				r := c.manage(t.cfg, request.method, "")
				what := fmt.Sprint(request.method, " ", r.status)
				if id := r.header.Get("X-Amzn-Requestid"); !uuid.MatchString(id) {
					t.Errorf("%s: x-amzn-requestid %q", what, id)
				}
				if id := r.header.Get("X-Amz-Apigw-Id"); !idForm.MatchString(id) {
					t.Errorf("%s: x-amz-apigw-id %q", what, id)
				}
				if trace := r.header.Get("X-Amzn-Trace-Id"); !strings.HasPrefix(trace, "Root=1-") {
					t.Errorf("%s: x-amzn-trace-id %q", what, trace)
				}
				equal(t, what+": content-type", r.header.Get("Content-Type"), request.kind)
			}
		}},
		{section: "5", name: "GET is 200 with identity, connectedAt and lastActiveAt in ISO 8601", source: recorded.and(management("GetConnection")), run: func(t *T) {
			c := t.dial(t.Open, offer{headers: []string{"User-Agent: conformance/1"}})
			r := c.manage(t.cfg, http.MethodGet, "")
			equal(t, "status", r.status, http.StatusOK)
			ev := parseEvent(t, r.body)
			equal(t, "members", ev.keys(), "connectedAt identity lastActiveAt")
			equal(t, "identity", ev.keys("identity"), "sourceIp userAgent")
			equal(t, "userAgent", ev.string("identity", "userAgent"), "conformance/1")
			equal(t, "sourceIp", ev.string("identity", "sourceIp"), c.connected().string("requestContext", "identity", "sourceIp"))
			for _, name := range []string{"connectedAt", "lastActiveAt"} {
				if !regexp.MustCompile(`\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z`).MatchString(ev.string(name)) {
					t.Errorf("%s: %s", name, ev.string(name))
				}
			}
			at, err := time.Parse(time.RFC3339, ev.string("connectedAt"))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "connectedAt", fmt.Sprint(at.UnixMilli()), c.connected().context("connectedAt"))
		}},
		{section: "5", name: "lastActiveAt moves with messages in either direction", source: management("GetConnection"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			last := func() string {
				return parseEvent(t, c.manage(t.cfg, http.MethodGet, "").body).string("lastActiveAt")
			}
			at := last()
			for _, active := range []func(){
				func() { c.manage(t.cfg, http.MethodPost, "x"); c.hears("x") },
				c.hearsNothing,
			} {
				time.Sleep(20 * time.Millisecond)
				active()
				if now := last(); now <= at {
					t.Errorf("lastActiveAt was %s and is %s", at, now)
				} else {
					at = now
				}
			}
		}},
		{section: "5", name: "DELETE is 204, closes the connection, and makes it gone", source: recorded, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			r := c.manage(t.cfg, http.MethodDelete, "")
			equal(t, "status", r.status, http.StatusNoContent)
			equal(t, "body", r.body, "")
			equal(t, "afterwards", c.manage(t.cfg, http.MethodPost, "x").status, http.StatusGone)
			c.closesWith(1000)
		}},
		{section: "5", name: "AWS's SDK works: post, get, delete, GoneException", source: management("PostToConnection"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			client := apigatewaymanagementapi.NewFromConfig(t.cfg, func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = aws.String(c.endpoint()) })
			id := c.connectionID()
			if _, err := client.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte("by SDK")}); err != nil {
				t.Fatal(err)
			}
			c.hears("by SDK")
			got, err := client.GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &id})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "connectedAt", fmt.Sprint(got.ConnectedAt.UnixMilli()), c.connected().context("connectedAt"))
			if _, err := client.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id}); err != nil {
				t.Fatal(err)
			}
			_, err = client.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")})
			var gone *managementtypes.GoneException
			if !errors.As(err, &gone) {
				t.Errorf("got %v, want GoneException", err)
			}
		}},
		{section: "5", name: "a connection that has closed is 410, GoneException, with an empty body", source: seen("localstack/localstack#4694"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			c.send(closing(1000, ""))
			c.closesWith(1000)
			c.disconnected()
			for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
				r := c.manage(t.cfg, method, "")
				equal(t, method, r.status, http.StatusGone)
				equal(t, method+" type", r.kind(), "GoneException")
				equal(t, method+" body", r.body, "")
			}
		}},
		{section: "5", name: "an id that never was is 410 too", source: seen("localstack/localstack#4694"), run: func(t *T) {
			r := t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: t.managementEndpoint(t.Open, "live"), path: connectionPath("L0SM9cOFvHcCIhw="), data: "x"})
			equal(t, "status", r.status, http.StatusGone)
			equal(t, "type", r.kind(), "GoneException")
		}},
		{section: "5", name: "an id of another form is 400, BadRequestException", source: recorded, run: func(t *T) {
			r := t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: t.managementEndpoint(t.Open, "live"), path: connectionPath("X"), data: "x"})
			equal(t, "status", r.status, http.StatusBadRequest)
			equal(t, "type", r.kind(), "BadRequestException")
			equal(t, "body", strings.TrimSpace(r.body), `{"message":"Invalid connectionId: X"}`)
		}},
		{section: "5", name: "@ and = may be in the path as they are or escaped", source: calling, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			id := c.connectionID()
			for _, path := range []string{"@connections/" + id, "%40connections/" + id, "@connections/" + url.QueryEscape(id), connectionPath(id)} {
				r := t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: c.endpoint(), path: path, data: path})
				equal(t, path, r.status, http.StatusOK)
				c.hears(path)
			}
		}},
		{section: "5", name: "another stage of the API does not reach the connection: 410", source: seen("localstack/localstack#10734").and(choice), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			r := t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: t.managementEndpoint(t.Guarded, "other"), path: connectionPath(c.connectionID()), data: "x"})
			equal(t, "status", r.status, http.StatusGone)
			c.hearsNothing()
		}},
		{section: "5", name: "another API does not reach the connection: 410", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			r := t.call(call{cfg: t.cfg, method: http.MethodDelete, endpoint: t.managementEndpoint(t.Open, "live"), path: connectionPath(c.connectionID())})
			equal(t, "status", r.status, http.StatusGone)
			c.hearsNothing()
		}},
		{section: "5", name: "a stage that does not exist is 403", source: seen("aws/aws-sdk-js-v3#1830"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			wantForbidden(t, t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: t.managementEndpoint(t.Open, "none"), path: connectionPath(c.connectionID()), data: "x"}))
		}},
		{section: "5", name: "a method that it does not have is 403", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			for _, method := range []string{http.MethodPut, http.MethodPatch} {
				equal(t, method, c.manage(t.cfg, method, "x").status, http.StatusForbidden)
			}
			c.hearsNothing()
		}},
		{section: "5", name: "empty data is an empty message", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			equal(t, "status", c.manage(t.cfg, http.MethodPost, "").status, http.StatusOK)
			c.hears("")
		}},
		{section: "5", name: "data that is no UTF-8 is sent as it is, as text", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			equal(t, "status", c.manage(t.cfg, http.MethodPost, "a\xffb").status, http.StatusOK)
			f := c.next()
			equal(t, "opcode", f.op, byte(opText))
			equal(t, "payload", f.payload, "a\xffb")
		}},
		{section: "5", name: "many posts at once arrive whole", source: management("PostToConnection"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			cfg, endpoint, path := t.cfg, c.endpoint(), connectionPath(c.connectionID())
			var posts sync.WaitGroup
			for i := range 12 {
				posts.Go(func() {
					t.call(call{cfg: cfg, method: http.MethodPost, endpoint: endpoint, path: path, data: strings.Repeat(string(rune('a'+i)), 100_000)})
				})
			}
			seen := make(map[byte]bool)
			for range 12 {
				message := c.hear()
				if message == "" || message != strings.Repeat(message[:1], 100_000) || seen[message[0]] {
					t.Fatalf("got %d bytes, %.20q …", len(message), message)
				}
				seen[message[0]] = true
			}
			posts.Wait()
		}},
		{section: "5", name: "a client that does not read is 429, LimitExceededException, at last", source: management("PostToConnection"), notOnAWS: "how much AWS keeps for a client is not documented", run: func(t *T) {
			c := t.dial(t.Open, offer{})
			r := response{status: http.StatusOK}
			for i := 0; i < 500 && r.status == http.StatusOK; i++ {
				r = c.manage(t.cfg, http.MethodPost, strings.Repeat("x", messageLimit))
			}
			equal(t, "status", r.status, http.StatusTooManyRequests)
			equal(t, "type", r.kind(), "LimitExceededException")
			equal(t, "disconnectStatusCode", c.disconnected().context("disconnectStatusCode"), "1006")
			equal(t, "afterwards", c.manage(t.cfg, http.MethodPost, "x").status, http.StatusGone)
		}},
		{section: "5", name: "a request that is not signed is 403", source: calling, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			wantForbidden(t, t.call(call{method: http.MethodPost, endpoint: c.endpoint(), path: connectionPath(c.connectionID()), data: "x", unsigned: true}))
			c.hearsNothing()
		}},
		{section: "5", name: "a signature for another service is 403", source: calling, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			wantForbidden(t, t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: c.endpoint(), path: connectionPath(c.connectionID()), data: "x", service: "apigateway"}))
			c.hearsNothing()
		}},
		{section: "5", name: "a signature of another body is 403", source: calling, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			cfg := t.as(manage("live/*")(func(suffix string) string { return t.arn(t.Open, suffix) }))
			t.eventually("POST is allowed", func() bool { return c.manage(cfg, http.MethodPost, "ok").status == http.StatusOK })
			c.hears("ok")
			wantForbidden(t, t.call(call{cfg: cfg, method: http.MethodPost, endpoint: c.endpoint(), path: connectionPath(c.connectionID()), data: "x", tampered: true}))
			c.hearsNothing()
		}},
		{section: "5", name: "a wrong secret is 403", source: calling, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			cfg := t.as(manage("live/*")(func(suffix string) string { return t.arn(t.Open, suffix) }))
			signer, err := cfg.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			cfg.Credentials = credentials.NewStaticCredentialsProvider(signer.AccessKeyID, strings.Repeat("x", 40), signer.SessionToken)
			wantForbidden(t, c.manage(cfg, http.MethodPost, "x"))
			c.hearsNothing()
		}},
		{section: "5", name: "a role without a grant is 403 for every method", source: iamPage, run: lets(manage(), 403, 403, 403)},
		{section: "5", name: "a grant for the stage with * is for every method", source: iamPage, run: lets(manage("live/*"), 200, 200, 204)},
		{section: "5", name: "a grant for POST is for nothing else", source: iamPage.and(seen("aws/aws-cdk#16872")), run: lets(manage("live/POST/@connections/*"), 200, 403, 403)},
		{section: "5", name: "a grant for DELETE is for nothing else", source: iamPage, run: lets(manage("live/DELETE/@connections/*"), 403, 403, 204)},
		{section: "5", name: "grants for POST and GET are for both", source: iamPage, run: lets(manage("live/POST/@connections/*", "live/GET/@connections/*"), 200, 200, 403)},
		{section: "5", name: "a grant for another stage is none", source: iamPage, run: lets(manage("other/*"), 403, 403, 403)},
		{section: "5", name: "a grant for another API is none", source: iamPage, run: lets(func(func(string) string) map[string]string {
			return map[string]string{"p": allow("execute-api:ManageConnections", "arn:aws:execute-api:*:*:other/*")}
		}, 403, 403, 403)},
		{section: "5", name: "a grant without what follows @connections is none", source: seen("aws/aws-cdk#16872"), run: lets(manage("live/POST/@connections"), 403, 403, 403)},
		{section: "5", name: "a grant of execute-api:Invoke is none", source: iamPage, run: lets(func(arn func(string) string) map[string]string {
			return map[string]string{"p": allow("execute-api:Invoke", arn("*"))}
		}, 403, 403, 403)},
		{section: "5", name: "who may not call is not told whether the connection is there", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			cfg := t.as(nil)
			var answers []string
			for _, id := range []string{c.connectionID(), "L0SM9cOFvHcCIhw=", "X"} {
				r := t.call(call{cfg: cfg, method: http.MethodPost, endpoint: c.endpoint(), path: connectionPath(id), data: "x"})
				answers = append(answers, fmt.Sprint(r.status, " ", r.kind()))
			}
			if answers[0] != answers[1] || answers[0] != answers[2] || !strings.HasPrefix(answers[0], "403 ") {
				t.Errorf("an open connection, one that never was, and an id of another form: %q", answers)
			}
		}},
	}
}
