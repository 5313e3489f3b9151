package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
	"github.com/portcullis-chat/portcullis/test/internal/chromium"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const (
	root   = "../.."
	region = "eu-west-1"
)

// deployment is what the fixture makes.
type deployment struct {
	Pool struct {
		URL         string `json:"url"`
		Site        string `json:"site_url"`
		Policy      string `json:"content_security_policy"`
		ClientID    string `json:"client_id"`
		UserPoolID  string `json:"user_pool_id"`
		Connections string `json:"connections"`
	} `json:"pool"`
	Own struct {
		URL      string `json:"url"`
		Function string `json:"message_function"`
	} `json:"own"`

	aws aws.Config
	// site is the web client for the chat of one's own; the other has it at its edge.
	site     *site
	provider *provider
	browser  context.Context
}

// deploy starts a stack and applies the fixture, which goes with the stack.
func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{site: newSite(t, httptest.NewServer), provider: newProvider(t, httptest.NewServer), browser: chromium.Start(t)}
	ctx, work := t.Context(), t.TempDir()
	stop, err := localstack.Start(ctx, root, work)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	host, err := packaging.Host()
	if err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	packages := filepath.Join(work, "packages")
	if _, err := packaging.Build(ctx, module, packages, host, packaging.Functions()); err != nil {
		t.Fatal(err)
	}
	fixture, err := tfroot.Copy(module, filepath.Join(work, "terraform"), "test/web/fixture", map[string]any{
		"name": "portcullis-web", "region": region, "package_dir": packages, "architecture": string(host), "site": d.site.URL,
		"cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL"), "issuer": d.provider.URL, "jwks_uri": d.provider.KeysURL, "audiences": []string{issuer.Audience},
		"edge": os.Getenv(localaws.EdgeURL), "origin_secret": rand.Text() + rand.Text(),
	})
	if err != nil {
		t.Fatal(err)
	}
	fixture.Set("TF_CLI_ARGS_apply=-parallelism=30") // most of it is waiting
	if err := fixture.Init(ctx); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := fixture.Apply(ctx, d); err != nil {
		t.Fatal(err)
	}
	t.Logf("applied in %v", time.Since(begin).Round(time.Second))
	if d.aws, err = config.LoadDefaultConfig(ctx, config.WithRegion(region)); err != nil {
		t.Fatal(err)
	}
	return d
}

// useOwn lets the site be that of the chat with an issuer of its own.
func (d *deployment) useOwn(t *testing.T) *world {
	t.Helper()
	w := &world{site: d.site, provider: d.provider}
	d.site.configure(t, configuration{
		URL: d.Own.URL, Issuer: d.provider.URL, Discovery: d.provider.discovery(), ClientID: issuer.Audience, Scopes: []string{"openid"},
		MessageFormat: "rich", MaxTextBytes: protocol.MaxText, MaxFrameBytes: protocol.MaxFrame,
	})
	return w
}

// newUser makes a user of the pool.
func (d *deployment) newUser(t *testing.T, name string) chat.User {
	t.Helper()
	user, err := chat.NewUser(t.Context(), d.aws, d.Pool.UserPoolID, d.Pool.ClientID, name)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// enter opens the site in a window, and signs in at the pool's pages.
func (d *deployment) enter(t *testing.T, user chat.User, room string) *chromium.Page {
	t.Helper()
	p := chromium.Open(t, d.browser, d.Pool.Site+"/#"+room)
	p.Until(`!document.querySelector('#sign-in').hidden`)
	p.Click("#sign-in")
	signIn(p, user)
	return p
}

// signIn fills in the pool's page.
func signIn(p *chromium.Page, user chat.User) {
	p.Helper()
	p.Until(`document.querySelector('input[name=password]') !== null`)
	p.Click("input[name=username]")
	p.Type(user.Name)
	p.Click("input[name=password]")
	p.Type(user.Password + "\r")
	p.Until(connected)
}

// connectionIn is the id of the one connection in a room.
func (d *deployment) connectionIn(t *testing.T, room string) string {
	t.Helper()
	found, err := dynamodb.NewFromConfig(d.aws).Query(t.Context(), &dynamodb.QueryInput{
		TableName: &d.Pool.Connections, KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: "room#" + room}},
	})
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("%d connections in the room, %v", len(found.Items), err)
	}
	return found.Items[0]["sk"].(*types.AttributeValueMemberS).Value
}

// asks tells whether a page has asked for an address.
func asks(p *chromium.Page, part string) bool {
	return slices.ContainsFunc(p.Requests(), func(address string) bool { return strings.Contains(address, part) })
}

// TestDeployed has the others run while it deploys, which is mostly waiting.
func TestDeployed(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	stack := faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))
	t.Run("at the edge", func(t *testing.T) {
		ann, ben := d.newUser(t, "ann"), d.newUser(t, "ben")

		t.Run("two users sign in at its pages, and talk", func(t *testing.T) {
			a, b := d.enter(t, ann, "talk"), d.enter(t, ben, "talk")
			say(a, "hello, <Ben> & \"co\"")
			shows(b, "hello, <Ben> & \"co\"")
			say(b, "hello, Ann")
			shows(a, "hello, Ann")
			if who := chromium.Eval[string](a, `document.querySelector('.message:not(.own) .who bdi').textContent`); who != ben.Name {
				t.Errorf("it was %q who said so, want %s", who, ben.Name)
			}
			a.Click("#members-open")
			a.Until(fmt.Sprintf(`((l) => l.length === 2 && l.includes(%q))([...document.querySelectorAll('#members-list li')].map((e) => e.textContent))`, ben.Name))
			unharmed(a)
			unharmed(b)
			for _, p := range []*chromium.Page{a, b} {
				for _, address := range p.Requests() {
					if strings.Contains(address, "eyJ") {
						t.Errorf("a token is in the address %s", address)
					}
				}
			}
		})

		t.Run("after a reload the user signs in again, and reads on", func(t *testing.T) {
			p := d.enter(t, ann, "reload")
			say(p, "still there")
			shows(p, "still there")
			p.Do(`location.reload()`)
			signIn(p, ann)
			shows(p, "still there")
		})

		t.Run("after the stack's cut it is there again", func(t *testing.T) {
			p := d.enter(t, ann, "cut")
			if _, err := stack.Add(t.Context(), faults.Fault{Type: faults.Cut, Connection: d.connectionIn(t, "cut")}); err != nil {
				t.Fatal(err)
			}
			p.Until(`!document.querySelector('#banner').hidden`)
			say(p, "while nobody listens")
			p.Until(connected)
			p.Until(`document.querySelectorAll('.message').length === 1 && !document.querySelector('.sending, .waiting, .failed')`)
		})

		t.Run("a token that may be the reason for a refusal is replaced", func(t *testing.T) {
			p := d.enter(t, ann, "refresh")
			p.Forget()
			fault, err := stack.Add(t.Context(), faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "PutItem", Kind: faults.Fail})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stack.Add(t.Context(), faults.Fault{Type: faults.Cut, Connection: d.connectionIn(t, "refresh")}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a new token", func() bool { return asks(p, "/oauth2/token") })
			if err := stack.Remove(t.Context(), fault.ID); err != nil {
				t.Fatal(err)
			}
			p.Until(connected)
			say(p, "here again")
			shows(p, "here again")
		})

		t.Run("signing out revokes, and leads to the beginning", func(t *testing.T) {
			p := d.enter(t, ann, "out")
			p.Click("#sign-out")
			p.Until(`document.querySelector('#sign-in') && !document.querySelector('#sign-in').hidden`)
			if !asks(p, "/oauth2/revoke") || !asks(p, "/logout?") {
				t.Errorf("asked: %v", p.Requests())
			}
			unharmed(p)
		})

		t.Run("a browser sees the headers that are declared, and little before the first page", func(t *testing.T) {
			p := chromium.Open(t, d.browser, d.Pool.Site+"/")
			p.Until(`!document.querySelector('#sign-in').hidden`)
			if received := p.Received(); received > limitOfFirstPaint || !asks(p, d.Pool.Site+"/main.js") {
				t.Errorf("%d bytes before the first page, of %v", received, p.Requests())
			}
			// The policy that the other tests have is the same but for what it connects to.
			for directive := range strings.SplitSeq(policy([]string{"'self'"}), "; ") {
				if !strings.Contains(d.Pool.Policy, directive) {
					t.Errorf("the policy lacks %s: %s", directive, d.Pool.Policy)
				}
			}
			want := map[string]string{"content-security-policy": d.Pool.Policy, "strict-transport-security": "max-age=63072000; includeSubDomains"}
			for name := range headers {
				if name != "Cache-Control" {
					want[strings.ToLower(name)] = headers.Get(name)
				}
			}
			delete(want, "permissions-policy") // which has more than the tests'
			for _, path := range []string{"/", "/main.js", "/config.json", "/missing"} {
				got := chromium.Eval[map[string]string](p, fmt.Sprintf(`fetch(%q).then((r) => Object.fromEntries(r.headers))`, path))
				for name, value := range want {
					if got[name] != value {
						t.Errorf("%s: %s is %q, want %q", path, name, got[name], value)
					}
				}
				if !strings.Contains(got["permissions-policy"], "camera=()") || got["x-amz-server-side-encryption"] != "" || got["x-amz-version-id"] != "" {
					t.Errorf("%s: %v", path, got)
				}
			}
		})

		t.Run("what is not there has a page of its own, at any depth", func(t *testing.T) {
			p := chromium.Open(t, d.browser, d.Pool.Site+"/rooms/old/ops?room=ops#ops")
			p.Until(`document.readyState === 'complete' && getComputedStyle(document.querySelector('.card')).borderStyle === 'solid' && document.querySelector('.mark').naturalWidth > 0`)
			if status := chromium.Eval[int](p, `performance.getEntriesByType('navigation')[0].responseStatus`); status != http.StatusNotFound {
				t.Errorf("its status is %d", status)
			}
			// That it is one is all that the browser may complain of.
			if problems := slices.DeleteFunc(p.Problems(), func(s string) bool { return strings.Contains(s, "status of 404") }); len(problems) > 0 {
				t.Errorf("the browser complains: %v", problems)
			}
			p.Click("main a")
			p.Until(`document.querySelector('#sign-in') !== null && !document.querySelector('#sign-in').hidden`)
		})

		t.Run("a frame of another site stays empty", func(t *testing.T) { staysEmpty(t, d.browser, d.Pool.Site) })

		t.Run("a page of another site does not get in", func(t *testing.T) {
			// In the browser in which the user is signed in, also with the user's token.
			foreign := newSite(t, httptest.NewServer)
			offers := []string{`['chat.v1']`, fmt.Sprintf(`['chat.v1', 'bearer.%s']`, ann.Access)}
			for at, want := range map[string][]int{foreign.URL: {1006, 1006}, d.Pool.Site: {1006, 0}} {
				p := chromium.Open(t, d.browser, at+"/icon.svg")
				for i, offer := range offers {
					code := chromium.Eval[int](p, fmt.Sprintf(`new Promise((done) => {
						const socket = new WebSocket(%q, %s);
						socket.onopen = () => done(0);
						socket.onclose = (e) => done(e.code);
					})`, d.Pool.URL+"?room=talk", offer))
					if code != want[i] {
						t.Errorf("%s with %d offers is told %d, want %d", at, i+1, code, want[i])
					}
				}
			}
		})
	})

	t.Run("with tokens that end soon", func(t *testing.T) {
		w := d.useOwn(t)
		d.provider.set(func(p *provider) { p.valid = 12 * time.Second })
		p := w.enterAt(t, d.browser, "cleo", "expiry")
		begin := len(p.Requests())
		eventually(t, "two renewals", func() bool {
			n := 0
			for _, address := range p.Requests()[begin:] {
				if strings.HasPrefix(address, "ws") {
					n++
				}
			}
			return n >= 2
		})
		d.provider.set(func(p *provider) { p.valid = time.Hour })
		say(p, "in spite of that")
		shows(p, "in spite of that")
		p.Until(`document.querySelectorAll('.message').length === 1 && !document.querySelector('.sending')`)
	})

	t.Run("with hostile texts, names and rooms", func(t *testing.T) { d.hostile(t) })
}
