package web_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

// provider is an OpenID Connect issuer whose pages ask nothing: they send the
// browser back as the user that the test has named.
type provider struct {
	*issuer.Issuer
	server *httptest.Server

	mu      sync.Mutex
	user    string
	valid   time.Duration // of access tokens
	nonce   string        // instead of the one that was asked for
	refuses bool          // refreshes
	answers url.Values    // to the next sign-in, besides the state, instead of a code
	also    url.Values    // to the next sign-in, besides a code
	codes   map[string]grant
	tokens  map[string]grant // by refresh token
	// asked are the forms and queries that came, by path.
	asked map[string][]url.Values
	// given are all tokens that were given.
	given []string
}

type grant struct{ user, nonce, challenge, redirect string }

func newProvider(t testing.TB, serve serve) *provider {
	t.Helper()
	i, err := issuer.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	p := &provider{Issuer: i, user: "alice", valid: time.Hour, codes: map[string]grant{}, tokens: map[string]grant{}, asked: map[string][]url.Values{}}
	p.server = serve(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) discovery() string { return p.server.URL + "/.well-known/openid-configuration" }

// set changes what the provider does next.
func (p *provider) set(change func(p *provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// times is how often a path was asked for.
func (p *provider) times(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked[path])
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	p.asked[r.URL.Path] = append(p.asked[r.URL.Path], r.Form)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.answer(w, http.StatusOK, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"revocation_endpoint": p.server.URL + "/revoke", "end_session_endpoint": p.server.URL + "/logout",
		})
	case "/authorize":
		code := rand.Text()
		p.codes[code] = grant{user: p.user, nonce: r.Form.Get("nonce"), challenge: r.Form.Get("code_challenge"), redirect: r.Form.Get("redirect_uri")}
		answer := url.Values{"code": {code}}
		if p.answers != nil {
			answer = p.answers
		}
		maps.Copy(answer, p.also)
		p.answers, p.also = nil, nil
		if answer.Get("state") == "" {
			answer.Set("state", r.Form.Get("state"))
		}
		http.Redirect(w, r, p.codes[code].redirect+"?"+answer.Encode(), http.StatusFound)
	case "/token":
		p.token(w, r.Form)
	case "/revoke":
		delete(p.tokens, r.Form.Get("token"))
	case "/logout":
		http.Redirect(w, r, r.Form.Get("post_logout_redirect_uri"), http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

func (p *provider) token(w http.ResponseWriter, form url.Values) {
	var g grant
	switch form.Get("grant_type") {
	case "authorization_code":
		g = p.codes[form.Get("code")]
		delete(p.codes, form.Get("code"))
		proof := sha256.Sum256([]byte(form.Get("code_verifier")))
		if g.user == "" || g.challenge != base64.RawURLEncoding.EncodeToString(proof[:]) || g.redirect != form.Get("redirect_uri") {
			p.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
			return
		}
	case "refresh_token":
		g = p.tokens[form.Get("refresh_token")]
		if g.user == "" || p.refuses {
			p.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
			return
		}
	}
	if p.nonce != "" {
		g.nonce = p.nonce
	}
	access, err := p.Token(g.user, p.valid, nil)
	if err != nil {
		panic(err)
	}
	id, err := p.Token(g.user, time.Hour, map[string]any{"nonce": g.nonce})
	if err != nil {
		panic(err)
	}
	refresh := rand.Text()
	p.tokens[refresh] = g
	p.given = append(p.given, access, id, refresh)
	p.answer(w, http.StatusOK, map[string]any{"access_token": access, "id_token": id, "refresh_token": refresh, "token_type": "Bearer"})
}

func (p *provider) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// room is a server of the chat that does what a test wants.
type room struct {
	*httptest.Server
	key any

	mu       sync.Mutex
	sockets  []*socket
	opened   int // in all
	messages []protocol.Message
	// answer, if set, is asked about each message first: whether it was answered.
	answer func(s *socket, m protocol.SendMessage) bool
	// quiet stores messages and passes none on.
	quiet bool
	// asked are the addresses that were asked for.
	asked []string
}

type socket struct {
	conn *websocket.Conn
	user string
	room string
}

func newRoom(t testing.TB, p *provider, serve serve) *room {
	t.Helper()
	r := &room{key: &p.Key.PublicKey}
	r.Server = serve(http.HandlerFunc(r.serve))
	t.Cleanup(func() {
		r.cut()
		r.Close()
	})
	return r
}

func (r *room) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.asked = append(r.asked, req.URL.String())
	r.mu.Unlock()
	var token string
	for _, offered := range strings.Split(req.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(offered), protocol.BearerPrefix); ok {
			token = rest
		}
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return r.key, nil }, jwt.WithExpirationRequired()); err != nil {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	conn, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	user, _ := claims.GetSubject()
	expires, _ := claims.GetExpirationTime()
	s := &socket{conn: conn, user: user, room: req.URL.Query().Get(protocol.RoomParameter)}
	r.mu.Lock()
	r.sockets = append(r.sockets, s)
	r.opened++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.sockets = slices.DeleteFunc(r.sockets, func(other *socket) bool { return other == s })
		r.mu.Unlock()
	}()
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		r.frame(s, data, expires.Time)
	}
}

func (r *room) frame(s *socket, data []byte, expires time.Time) {
	var in struct {
		protocol.SendMessage
		Before string `json:"before"`
		Limit  int    `json:"limit"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().After(expires) && in.Action != protocol.ActionPing {
		s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeTokenExpired})
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
		return
	}
	switch in.Action {
	case protocol.ActionPing:
		s.send(protocol.Pong{Type: protocol.TypePong})
	case protocol.ActionMembers:
		var members []protocol.User
		for _, other := range r.sockets {
			members = append(members, protocol.User{ID: other.user, Name: other.user})
		}
		s.send(protocol.Members{Type: protocol.TypeMembers, Members: members})
	case protocol.ActionHistory:
		s.send(r.history(in.Before, in.Limit))
	case protocol.ActionSendMessage:
		if r.answer != nil && r.answer(s, in.SendMessage) {
			return
		}
		m := r.store(s.user, s.room, in.ClientID, escape(in.Text))
		s.send(protocol.Ack{Type: protocol.TypeAck, ClientID: m.ClientID, ID: m.ID, SentAt: m.SentAt, HTML: m.HTML})
		if r.quiet {
			return
		}
		for _, other := range r.sockets {
			if other != s {
				other.send(m)
			}
		}
	}
}

// escape is what the server does to a text (markup.Text).
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(text)
}

// store stores a message at the present time.
func (r *room) store(user, room, clientID, html string) protocol.Message {
	return r.storeAt(time.Now(), user, room, clientID, html)
}

func (r *room) storeAt(at time.Time, user, room, clientID, html string) protocol.Message {
	m := protocol.Message{
		Type: protocol.TypeMessage, ID: ulid.MustNew(ulid.Timestamp(at), rand.Reader).String(), ClientID: clientID, Room: room,
		User: protocol.User{ID: user, Name: user}, HTML: html, SentAt: at.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	r.messages = append(r.messages, m)
	slices.SortFunc(r.messages, func(a, b protocol.Message) int { return strings.Compare(a.ID, b.ID) })
	return m
}

func (r *room) history(before string, limit int) protocol.History {
	all := r.messages
	if before != "" {
		at, _ := slices.BinarySearchFunc(all, before, func(m protocol.Message, id string) int { return strings.Compare(m.ID, id) })
		all = all[:at]
	}
	page := protocol.History{Type: protocol.TypeHistory, Messages: all}
	if len(all) > limit {
		page.Messages = all[len(all)-limit:]
		page.Next = page.Messages[0].ID
	}
	return page
}

// with changes the room.
func (r *room) with(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// cut breaks all connections without a word.
func (r *room) cut() {
	r.with(func() {
		for _, s := range r.sockets {
			_ = s.conn.CloseNow()
		}
	})
}

// state tells how many sockets are open, and how many were.
func (r *room) state() (open, opened int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sockets), r.opened
}

func (s *socket) send(frame any) {
	data, err := json.Marshal(frame)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = s.conn.Write(ctx, websocket.MessageText, data)
}

// world is a site with its provider and its room.
type world struct {
	site     *site
	provider *provider
	room     *room
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldBy(t, httptest.NewServer)
}

func newWorldBy(t testing.TB, serve serve) *world {
	t.Helper()
	w := &world{site: newSite(t, serve), provider: newProvider(t, serve)}
	w.room = newRoom(t, w.provider, serve)
	w.site.configure(t, w.config())
	return w
}

func (w *world) config() configuration {
	return configuration{
		URL: "ws" + strings.TrimPrefix(w.room.URL, "http") + "/live", Issuer: w.provider.URL, Discovery: w.provider.discovery(), ClientID: issuer.Audience,
		Scopes: []string{"openid"}, MessageFormat: "text", MaxTextBytes: protocol.MaxText, MaxFrameBytes: protocol.MaxFrame,
	}
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}
