package conformance_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// certificate asks the local stack's ACM for a certificate, which it has at once.
func (t *T) certificate(name string) string {
	t.Helper()
	body := encode(map[string]string{"DomainName": name})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL")+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "CertificateManager.RequestCertificate")
	signer, err := t.cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), signer, req, hex.EncodeToString(sum[:]), "acm", region, time.Now()); err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var made struct{ CertificateArn string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.CertificateArn == "" {
		t.Fatalf("no certificate: %s %v", res.Status, err)
	}
	return made.CertificateArn
}

// newDomain makes a custom domain name with mappings from keys to stages of an
// API. It returns the API as it is reached by the name.
func (t *T) newDomain(a *api, mappings map[string]string) *api {
	t.Helper()
	name := strings.ToLower(rand.Text()[:10]) + ".example.com"
	certificate := t.certificate(name)
	if _, err := t.control.CreateDomainName(t.Context(), &apigatewayv2.CreateDomainNameInput{
		DomainName: &name, DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: &certificate, EndpointType: types.EndpointTypeRegional, SecurityPolicy: types.SecurityPolicyTls12}},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := t.control.DeleteDomainName(context.WithoutCancel(t.Context()), &apigatewayv2.DeleteDomainNameInput{DomainName: &name}); err != nil {
			t.Error(err)
		}
	})
	for key, stage := range mappings {
		in := &apigatewayv2.CreateApiMappingInput{DomainName: &name, ApiId: &a.ID, Stage: &stage}
		if key != "" {
			in.ApiMappingKey = &key
		}
		made, err := t.control.CreateApiMapping(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := t.control.DeleteApiMapping(context.WithoutCancel(t.Context()), &apigatewayv2.DeleteApiMappingInput{DomainName: &name, ApiMappingId: made.ApiMappingId}); err != nil {
				t.Error(err)
			}
		})
	}
	return &api{ID: a.ID, Endpoint: "ws://" + name, url: mustParse("ws://" + name)}
}

// tryDomain makes a handshake with a path of a custom domain name, which the
// stack serves at its own address.
func (t *T) tryDomain(domain, stack *api, path string) *conn {
	t.Helper()
	caseID := rand.Text()
	c := t.connectTCP(stack)
	c.write([]byte(strings.Join(handshake(domain, path+"?"+script.Case+"="+caseID), "\r\n") + "\r\n\r\n"))
	c.readAnswer(http.MethodGet)
	c.caseID = caseID
	return c
}

func domainCases() []testCase {
	names, mappings := docs("websocket-api-custom-domain-names"), docs("websocket-api-mappings")
	const own = "needs a domain name of one's own, and a certificate for it"
	whole := spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: []stage{{name: "live"}, {name: "next"}}}
	// leads is the case of paths and the stages that they lead to; none is 403.
	leads := func(keys map[string]string, paths map[string]string) func(*T) {
		return func(t *T) {
			a := t.newAPI(whole)
			domain := t.newDomain(a, keys)
			for path, want := range paths {
				c := t.tryDomain(domain, a, path)
				if want == "" {
					equal(t, "status of "+path, c.answer.status, http.StatusForbidden)
					continue
				}
				if c.answer.status != http.StatusSwitchingProtocols {
					t.Fatalf("%s is refused: %d", path, c.answer.status)
				}
				ev := c.connected()
				equal(t, "stage of "+path, ev.context("stage"), want)
				equal(t, "apiId", ev.context("apiId"), a.ID)
				equal(t, "domainName", ev.context("domainName"), domain.url.Host)
			}
		}
	}
	const bad, missing = "BadRequestException", "NotFoundException"
	refused := func(name string, source source, kind string, change func(*apigatewayv2.CreateDomainNameInput)) testCase {
		return testCase{section: "8", name: name, source: source, notOnAWS: own, run: func(t *T) {
			domain := strings.ToLower(rand.Text()[:10]) + ".example.com"
			in := &apigatewayv2.CreateDomainNameInput{DomainName: &domain, DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: aws.String(t.certificate(domain))}}}
			change(in)
			_, err := t.control.CreateDomainName(t.Context(), in)
			wantRefusal(t, err, kind, "")
		}}
	}
	return []testCase{
		{section: "8", name: "a mapping's key leads to its stage, other paths are 403; events name the domain", source: mappings, notOnAWS: own, run: leads(
			map[string]string{"chat": "live"}, map[string]string{"/chat": "live", "/": "", "/live": "", "/chats": "", "/other": ""})},
		{section: "8", name: "a mapping without a key leads to its stage from the root", source: mappings, notOnAWS: own, run: leads(
			map[string]string{"": "live"}, map[string]string{"/": "live"})},
		{section: "8", name: "the longest mapping wins", source: mappings, notOnAWS: own, run: leads(
			map[string]string{"chat": "live", "chat/v2": "next"}, map[string]string{"/chat": "live", "/chat/v2": "next"})},
		{section: "8", name: "behind a mapping of several levels names of headers are in lower case", source: mappings, notOnAWS: own, run: func(t *T) {
			a := t.newAPI(whole)
			domain := t.newDomain(a, map[string]string{"chat": "live", "chat/v2": "next"})
			equal(t, "several levels", t.tryDomain(domain, a, "/chat/v2").connected().keys("headers"),
				"host sec-websocket-key sec-websocket-version x-amzn-trace-id x-forwarded-for x-forwarded-port x-forwarded-proto")
			equal(t, "one level", t.tryDomain(domain, a, "/chat").connected().string("headers", "Host"), domain.url.Host)
		}},
		{section: "8", name: "@connections by the name has the mapping's key in the stage's place", source: docs("apigateway-how-to-call-websocket-api-connections").and(seen("aws-samples/simple-websockets-chat-app#40")), notOnAWS: own, run: func(t *T) {
			a := t.newAPI(whole)
			domain := t.newDomain(a, map[string]string{"chat": "live"})
			c := t.tryDomain(domain, a, "/chat")
			post := func(path string) int {
				return t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: "http://" + a.url.Host + path, host: domain.url.Host, path: connectionPath(c.connectionID()), data: "by name"}).status
			}
			equal(t, "by key", post("/chat"), http.StatusOK)
			c.hears("by name")
			equal(t, "by stage", post("/live"), http.StatusForbidden)
		}},
		{section: "8", name: "with the default endpoint disabled the name still serves handshakes and @connections", source: docs("websocket-api-disable-default-endpoint"), notOnAWS: own, run: func(t *T) {
			a := t.newAPI(whole)
			domain := t.newDomain(a, map[string]string{"chat": "live"})
			if _, err := t.control.UpdateApi(t.Context(), &apigatewayv2.UpdateApiInput{ApiId: &a.ID, DisableExecuteApiEndpoint: aws.Bool(true)}); err != nil {
				t.Fatal(err)
			}
			t.redeploy(a)
			t.refused(a, offer{}, http.StatusForbidden)
			c := t.tryDomain(domain, a, "/chat")
			equal(t, "status", c.answer.status, http.StatusSwitchingProtocols)
			equal(t, "POST", t.call(call{cfg: t.cfg, method: http.MethodPost, endpoint: "http://" + a.url.Host + "/chat", host: domain.url.Host, path: connectionPath(c.connectionID()), data: "x"}).status, http.StatusOK)
			c.hears("x")
		}},
		refused("an edge-optimized domain name is refused", names, bad, func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].EndpointType = types.EndpointTypeEdge
		}),
		refused("TLS 1.0 of a domain name is refused", docs("apigateway-custom-domain-tls-version"), bad, func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].SecurityPolicy = types.SecurityPolicyTls10
		}),
		refused("a domain name without a certificate is refused", names, bad, func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = nil
		}),
		{section: "8", name: "a mapping to a stage that does not exist is refused", source: reference("CreateApiMapping"), notOnAWS: own, run: func(t *T) {
			a := t.newAPI(whole)
			domain := t.newDomain(a, nil)
			_, err := t.control.CreateApiMapping(t.Context(), &apigatewayv2.CreateApiMappingInput{DomainName: aws.String(domain.url.Host), ApiId: &a.ID, Stage: aws.String("none")})
			wantRefusal(t, err, bad, "")
		}},
		{section: "8", name: "a mapping of a domain name that does not exist is refused", source: reference("CreateApiMapping"), run: func(t *T) {
			_, err := t.control.CreateApiMapping(t.Context(), &apigatewayv2.CreateApiMappingInput{DomainName: aws.String("none.example.com"), ApiId: &t.Open.ID, Stage: aws.String("live")})
			wantRefusal(t, err, missing, "")
		}},
	}
}
