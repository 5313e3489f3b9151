package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
	"github.com/portcullis-chat/portcullis/internal/localaws/proxy"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// viewer is an HTTP client at one of the machine's own addresses, so that a test
// has several viewers.
func viewer(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
}

// distribution is what the stack serves of one.
func distribution(t *testing.T, id string) edge.Status {
	t.Helper()
	res, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + proxy.StatusPath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var status localaws.Status
	if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(status.Distributions, func(d edge.Status) bool { return d.ID == id })
	if i < 0 {
		t.Fatalf("distribution %s is not served: %+v", id, status.Distributions)
	}
	return status.Distributions[i]
}

// front is the chat by the way through its distribution, as the stack serves it.
func (d *deployment) front(t *testing.T) (*deployment, edge.Status) {
	t.Helper()
	served, front := distribution(t, d.Edge.Distribution.ID), *d
	front.URL = strings.Replace(served.URL, "http:", "ws:", 1) + "/" + d.StageName
	return &front, served
}

// TestEdge deploys a chat with its edge and attacks it.
func TestEdge(t *testing.T) {
	localOnly(t, "its viewers have loopback addresses")
	old, next := randomHex(24), randomHex(24)
	vars := cognitoEndpoint()
	maps.Copy(vars, map[string]any{"origin_secrets": []string{old}})
	d := deploy(t, "test/e2e/fixtures/edge", vars)

	front, served := d.front(t)
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")
	straight := func(secret, room string) offer {
		o := browser(room, alice.Access)
		o.header.Set("X-Origin-Verify", secret)
		return o
	}

	t.Run("status names the rules that are not evaluated", func(t *testing.T) {
		rules := []string{}
		for _, rule := range served.NotEvaluated {
			rules = append(rules, rule.Rule)
		}
		slices.Sort(rules)
		if want := []string{"anonymous_ip", "common", "ip_reputation", "known_bad_inputs", "sql_injection"}; !slices.Equal(rules, want) {
			t.Errorf("%v, want %v", rules, want)
		}
	})

	t.Run("nobody goes round the edge", func(t *testing.T) {
		refused(t, d, browser(room(t), alice.Access), http.StatusUnauthorized)
		refused(t, d, straight(next, room(t)), http.StatusUnauthorized)
	})

	t.Run("people talk through the edge", func(t *testing.T) {
		room := room(t)
		a, b := join(t, front, browser(room, alice.Access)), join(t, front, browser(room, bob.Access))
		defer a.leave()
		defer b.leave()
		ack := a.say(t, "through the gate")
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("heard %s", heard.raw)
		}
		o := browser(room, alice.Access)
		o.header.Set("Origin", "https://evil.example.com")
		refused(t, front, o, http.StatusForbidden)
		refused(t, front, offer{query: "?room=" + room, subprotocols: []string{protocol.Subprotocol}}, http.StatusUnauthorized)
	})

	t.Run("what a viewer sends in the edge's place counts for nothing", func(t *testing.T) {
		for name, lines := range map[string][]string{
			"a secret":                      {"x-origin-verify: guessed"},
			"two secrets":                   {"x-origin-verify: guessed", "X-Origin-Verify: again"},
			"the secret as a hop's own":     {"x-origin-verify: guessed", "Connection: x-origin-verify"},
			"addresses and hop-by-hop ones": {"X-Forwarded-For: 203.0.113.7", "X-Real-IP: 203.0.113.7", "Proxy-Connection: keep-alive", "Keep-Alive: 5", "TE: trailers"},
		} {
			if status, head := handshake(t, served.URL, "", d.StageName, room(t), alice.Access, lines...); status != http.StatusSwitchingProtocols {
				t.Errorf("%s: status %d\n%s", name, status, head)
			}
		}
		// A Host is that of the distribution or nobody's: the API's own does not lead
		// round, and no other name leads here.
		endpoint, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{endpoint.Host, "evil.example.com"} {
			if status, _ := handshake(t, served.URL, host, d.StageName, room(t), alice.Access); status != http.StatusForbidden {
				t.Errorf("Host %s: status %d", host, status)
			}
		}
	})

	t.Run("the web client is served with its headers, and only by the edge", func(t *testing.T) {
		get := func(address string) (*http.Response, string) {
			t.Helper()
			res, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			body, err := readAll(res)
			if err != nil {
				t.Fatal(err)
			}
			return res, string(body)
		}
		res, body := get(served.URL + "/")
		if res.StatusCode != http.StatusOK || !strings.Contains(body, "<title>Portcullis</title>") {
			t.Fatalf("status %d, %s", res.StatusCode, body)
		}
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": d.Edge.ContentSecurityPolicy, "X-Content-Type-Options": "nosniff",
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Cross-Origin-Opener-Policy": "same-origin", "X-Amz-Server-Side-Encryption": "",
			"Access-Control-Allow-Origin": "",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "connect-src 'self' " + os.Getenv("AWS_ENDPOINT_URL") + ";"} {
			if !strings.Contains(d.Edge.ContentSecurityPolicy, want) {
				t.Errorf("the policy %s lacks %s", d.Edge.ContentSecurityPolicy, want)
			}
		}
		var config struct {
			URL      string
			Issuer   string
			ClientID string `json:"client_id"`
		}
		res, body = get(served.URL + "/config.json")
		if err := json.Unmarshal([]byte(body), &config); err != nil || config.URL != d.EdgeURL || config.Issuer != d.Issuer || config.ClientID != d.UserPoolClientID {
			t.Errorf("%s, %v", body, err)
		}
		if cached := res.Header.Get("Cache-Control"); cached != "no-cache" {
			t.Errorf("config.json is kept: %q", cached)
		}
		for address, want := range map[string]int{
			os.Getenv("AWS_ENDPOINT_URL") + "/" + d.Edge.Bucket + "/index.html": http.StatusForbidden,
			served.URL + "/missing": http.StatusNotFound,
		} {
			if res, _ := get(address); res.StatusCode != want {
				t.Errorf("%s: status %d, want %d", address, res.StatusCode, want)
			}
		}
	})

	t.Run("a token that is too long is refused at the edge", func(t *testing.T) {
		refused(t, front, browser(room(t), strings.Repeat("a", 8192)), http.StatusRequestEntityTooLarge)
		refused(t, front, browser(room(t), strings.Repeat("a", 7000)), http.StatusUnauthorized) // by the authorizer
	})

	t.Run("an address on the list of those to be refused does not get in", func(t *testing.T) {
		listed, beside := *front, *front
		listed.client, beside.client = viewer("127.0.0.66"), viewer("127.0.0.67")
		refused(t, &listed, browser(room(t), alice.Access), http.StatusForbidden)
		o := browser(room(t), alice.Access)
		o.header.Set("X-Forwarded-For", "127.0.0.66") // which only says so
		join(t, &beside, o).leave()
	})

	t.Run("the 101st handshake is refused", func(t *testing.T) {
		many, other := *front, *front
		many.client, other.client = viewer("127.0.0.3"), viewer("127.0.0.4")
		// A hundred that ask for no upgrade count for the rule and not for the API's
		// own throttle, which would answer 429 as well.
		for i := range 100 {
			res, err := many.client.Get(served.URL + "/" + d.StageName)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusUpgradeRequired {
				t.Fatalf("request %d: status %d", i+1, res.StatusCode)
			}
		}
		_, res, err := dial(t, &many, browser(room(t), alice.Access))
		if err == nil || statusOf(res) != http.StatusTooManyRequests {
			t.Fatalf("status %d, %v", statusOf(res), err)
		}
		join(t, &other, browser(room(t), bob.Access)).leave()
	})

	t.Run("the web ACL's log has what was blocked, and no token", func(t *testing.T) {
		cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
		if err != nil {
			t.Fatal(err)
		}
		logs, all := cloudwatchlogs.NewFromConfig(cfg), ""
		eventually(t, "the rules in the log", func() bool {
			found, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(d.Edge.LogGroupNames["web_acl"])})
			if err != nil {
				t.Fatal(err)
			}
			all = ""
			for _, event := range found.Events {
				all += *event.Message + "\n"
			}
			return strings.Contains(all, `"terminatingRuleId":"oversized-headers"`) && strings.Contains(all, `"terminatingRuleId":"rate-handshakes"`) && strings.Contains(all, `"terminatingRuleId":"addresses-denied"`)
		})
		if !strings.Contains(all, "REDACTED") || strings.Contains(all, alice.Access) || strings.Contains(all, "aaaaaaaa") || strings.Contains(all, `"action":"ALLOW"`) {
			t.Errorf("the log is %.2000s", all)
		}
	})

	// The steps of a rotation (docs/edge.md), one apply each.
	apply := func(t *testing.T, secrets ...string) {
		t.Helper()
		d.options.Vars["origin_secrets"] = secrets
		terraform.ApplyContext(t, t.Context(), d.options)
	}
	in := func(t *testing.T, by *deployment, o offer) {
		t.Helper()
		join(t, by, o).leave()
	}
	t.Run("the secret is rotated while people come in", func(t *testing.T) {
		apply(t, old, next) // the API knows both
		in(t, front, browser(room(t), alice.Access))
		in(t, d, straight(next, room(t)))
		apply(t, next, old) // the edge sends the new one
		in(t, front, browser(room(t), alice.Access))
		in(t, d, straight(old, room(t))) // another place of the edge may still send yesterday's
		apply(t, next)                   // yesterday's is over
		in(t, front, browser(room(t), alice.Access))
		refused(t, d, straight(old, room(t)), http.StatusUnauthorized)
	})
}

// handshake opens a WebSocket byte by byte, with header lines that a client
// library would not send, and returns the status and the rest of the answer's
// head. An empty host is the distribution's own.
func handshake(t *testing.T, address, host, path, room, token string, lines ...string) (int, string) {
	t.Helper()
	own := strings.TrimPrefix(address, "http://")
	conn, err := (&net.Dialer{Timeout: wait}).DialContext(t.Context(), "tcp", own)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if host == "" {
		host = own
	}
	head := append([]string{
		fmt.Sprintf("GET /%s?%s=%s HTTP/1.1", path, protocol.RoomParameter, room), "Host: " + host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: " + allowedOrigin,
		"Sec-WebSocket-Protocol: " + protocol.Subprotocol + ", " + protocol.BearerPrefix + token,
	}, lines...)
	if _, err := io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode, fmt.Sprint(res.Header)
}
