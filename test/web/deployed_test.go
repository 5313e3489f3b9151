package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

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
		Issuer      string `json:"issuer"`
		Discovery   string `json:"discovery"`
		ClientID    string `json:"client_id"`
		UserPoolID  string `json:"user_pool_id"`
		Connections string `json:"connections"`
	} `json:"pool"`
	Own struct {
		URL string `json:"url"`
	} `json:"own"`

	aws      aws.Config
	site     *site
	provider *provider
	browser  context.Context
}

// deploy starts a stack and applies the fixture, which goes with the stack.
func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{site: newSite(t), provider: newProvider(t), browser: chromium.Start(t)}
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
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := fixture.Init(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := fixture.Apply(ctx, d); err != nil {
		t.Fatal(err)
	}
	if d.aws, err = config.LoadDefaultConfig(ctx, config.WithRegion(region)); err != nil {
		t.Fatal(err)
	}
	return d
}

// usePool lets the site be that of the chat with the user pool.
func (d *deployment) usePool(t *testing.T) {
	t.Helper()
	d.site.configure(t, configuration{
		URL: d.Pool.URL, Issuer: d.Pool.Issuer, Discovery: d.Pool.Discovery, ClientID: d.Pool.ClientID, Scopes: []string{"openid"},
		MessageFormat: "text", MaxTextBytes: protocol.MaxText, MaxFrameBytes: protocol.MaxFrame,
	})
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
	p := chromium.Open(t, d.browser, d.site.URL+"/#"+room)
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

func TestDeployed(t *testing.T) {
	d := deploy(t)
	stack := faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))
	t.Run("with a user pool", func(t *testing.T) {
		d.usePool(t)
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

		t.Run("a page of another site does not get in", func(t *testing.T) {
			foreign := newSite(t)
			foreign.instead["/"] = "<!doctype html><title>foreign</title>"
			p := chromium.Open(t, d.browser, foreign.URL+"/icon.svg")
			for _, offer := range []string{`['chat.v1']`, fmt.Sprintf(`['chat.v1', 'bearer.%s']`, ann.Access)} {
				code := chromium.Eval[int](p, fmt.Sprintf(`new Promise((done) => {
					const socket = new WebSocket(%q, %s);
					socket.onopen = () => done(0);
					socket.onclose = (e) => done(e.code);
				})`, d.Pool.URL+"?room=talk", offer))
				if code != 1006 {
					t.Errorf("it is told %d", code)
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

	t.Run("with hostile texts and names", func(t *testing.T) { d.hostile(t) })
}

const (
	// senders is how many say hostile things at once.
	senders = 8
	// each is how many one of them says before somebody else does.
	each = 10
	// pageful is how many messages go to one room, a multiple of each.
	pageful = 1000
)

// hostile has each input said, by people of whom each has an input for a name, and
// looks at the rooms in the client, and in one that believes the server.
func (d *deployment) hostile(t *testing.T) {
	inputs := hostile(t)
	var rooms []string
	for i := range (len(inputs) + pageful - 1) / pageful {
		rooms = append(rooms, fmt.Sprintf("hostile-%d", i))
	}
	begin := time.Now()
	work := make(chan int)
	accepted := make([]int, len(rooms))
	var mu sync.Mutex
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for first := range work {
				n, err := d.sayAll(t.Context(), inputs[first:min(first+each, len(inputs))], rooms[first/pageful])
				if err != nil {
					t.Errorf("inputs from %d on: %v", first, err)
				}
				mu.Lock()
				accepted[first/pageful] += n
				mu.Unlock()
			}
		})
	}
	for first := 0; first < len(inputs) && !t.Failed(); first += each {
		work <- first
	}
	close(work)
	group.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d inputs said in %v; accepted in each room: %v", len(inputs), time.Since(begin).Round(time.Second), accepted)

	for name, prepare := range map[string]func(){
		"the client and the server": func() {},
		"the server alone, with a client that believes it": func() {
			d.site.instead["/fragment.js"] = careless(t)
			d.site.policy = ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := d.useOwn(t)
			prepare()
			defer delete(d.site.instead, "/fragment.js")
			p := w.enter(t, d.browser, "reader")
			for i, room := range rooms {
				move(p, room)
				p.Do(watch)
				readAll(p)
				if n := chromium.Eval[int](p, texts+".length"); n != accepted[i] {
					t.Errorf("%s: %d messages are shown of %d", room, n, accepted[i])
				}
				unhurt(p, d.site.URL, d.provider.server.URL, d.Own.URL)
			}
		})
	}
}

// sayAll says texts as somebody who is called like the first of them, and returns
// how many the server took.
func (d *deployment) sayAll(ctx context.Context, said []string, room string) (accepted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	token, err := d.provider.Token("mallory-"+rand.Text(), time.Hour, map[string]any{"name": said[0]})
	if err != nil {
		return 0, err
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	conn, _, err := websocket.Dial(ctx, d.Own.URL+"?"+url.Values{protocol.RoomParameter: {room}}.Encode(), &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(websocket.StatusNormalClosure, "") }()
	conn.SetReadLimit(protocol.LargestFrame)
	for i, text := range said {
		clientID := fmt.Sprint(i)
		if err := wsjson.Write(ctx, conn, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: clientID, Text: text}); err != nil {
			return accepted, err
		}
		var answer protocol.Error // or an ack, which has the first members too
		for answer.ClientID != clientID || answer.Type == protocol.TypeMessage {
			if err := wsjson.Read(ctx, conn, &answer); err != nil {
				return accepted, fmt.Errorf("answer to %q: %w", text, err)
			}
		}
		switch {
		case answer.Type == protocol.TypeAck:
			accepted++
		case answer.Code != protocol.CodeEmptyMessage && answer.Code != protocol.CodeTooLarge && answer.Code != protocol.CodeBadRequest:
			return accepted, fmt.Errorf("%s: %s", answer.Code, answer.Message)
		}
	}
	return accepted, nil
}
