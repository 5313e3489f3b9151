package chatclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// pingFrame is a protocol.Ping.
var pingFrame = []byte(`{"action":"` + protocol.ActionPing + `"}`)

// loop is the state of a client. One goroutine owns it.
type loop struct {
	*Client
	ctx     context.Context
	frames  chan received
	dialed  chan opened
	stopped chan struct{} // closed when nobody receives frames any more
	failure error         // ends the loop

	current   *link // nil while there is no connection
	retired   []*link
	token     string // the one used last
	dialing   bool
	fresh     bool      // the token is not to be used again
	tries     int       // attempts since a connection last was stable
	connectAt time.Time // of the next attempt; zero while none is planned
	renewAt   time.Time // when the token is to be replaced; zero for never

	pending []*outgoing
	queries []*query
	feed    feed
}

// received is a frame, or the end of a link.
type received struct {
	from *link
	data []byte
	err  error
}

// opened is the outcome of an attempt to connect.
type opened struct {
	link *link
	err  error
}

// outgoing is a message that is not acknowledged yet.
type outgoing struct {
	clientID string
	frame    []byte
	result   chan sent // buffered

	via      *link // the link it was sent on; nil if it is to be sent
	repeated bool  // it was sent more than once, on whatever links
	sent     bool
	tries    int
	resendAt time.Time
	problem  error // what the server said about the last try
}

type sent struct {
	ack protocol.Ack
	err error
}

// query is a question. Answers do not say what they answer, so one is asked
// at a time.
type query struct {
	frame   []byte
	answers func(frame any) bool
	done    func(frame any, err error)

	via   *link // the link it was asked on; nil if it is to be asked
	tries int
	at    time.Time // when it is to be asked, or when its answer is overdue
}

func newQuery(request any, answers func(frame any) bool) *query {
	return &query{frame: encode(request), answers: answers}
}

func (c *Client) run(ctx context.Context, first *link) {
	l := &loop{
		Client:  c,
		ctx:     ctx,
		frames:  make(chan received),
		dialed:  make(chan opened, 1),
		stopped: make(chan struct{}),
	}
	defer l.finish()
	l.adopt(first)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for l.failure == nil {
		l.tick(time.Now())
		timer.Reset(time.Until(l.wake()))
		select {
		case <-ctx.Done():
			return
		case do := <-l.calls:
			do(l)
		case r := <-l.frames:
			l.receive(r)
		case o := <-l.dialed:
			l.dialing = false
			l.connected(o)
		case <-timer.C:
		}
	}
}

// finish tells everybody who waits, and closes what is open.
func (l *loop) finish() {
	close(l.stopped)
	if l.dialing {
		l.cancel()
		go func() {
			if late := <-l.dialed; late.link != nil {
				_ = late.link.conn.CloseNow()
			}
		}()
	}
	if l.feed.repair != nil {
		l.repaired(nil)
	}
	reason := l.failure
	if reason == nil {
		reason = ErrClosed
	}
	for _, out := range l.pending {
		out.result <- sent{err: reason}
	}
	for _, q := range l.queries {
		q.done(nil, reason)
	}
	var closing sync.WaitGroup
	for _, open := range append(l.retired, l.current) {
		if open == nil {
			continue
		}
		closing.Go(func() { open.leave(l.timing.closing) })
	}
	closing.Wait()
	l.err = l.failure
	close(l.ended)
	close(l.events)
}

// leave closes a link with the closing handshake, as far as there is time.
func (k *link) leave(limit time.Duration) {
	hurry := time.AfterFunc(limit, func() { _ = k.conn.CloseNow() })
	defer hurry.Stop()
	_ = k.conn.Close(websocket.StatusNormalClosure, "")
}

// emit waits for the receiver, but not when the client is being closed.
func (l *loop) emit(e Event) {
	select {
	case l.events <- e:
		return
	default:
	}
	select {
	case l.events <- e:
	case <-l.ctx.Done():
	}
}

// wake is when tick has something to do next.
func (l *loop) wake() time.Time {
	next := time.Now().Add(time.Hour)
	sooner := func(at time.Time) {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	sooner(l.connectAt)
	for _, old := range l.retired {
		sooner(old.closeAt)
	}
	if l.current == nil {
		return next
	}
	sooner(l.renewAt)
	sooner(l.current.pingAt)
	sooner(l.current.pongBy)
	for _, out := range l.pending {
		sooner(out.resendAt)
	}
	if len(l.queries) > 0 {
		sooner(l.queries[0].at)
	}
	return next
}

// tick does what is due.
func (l *loop) tick(now time.Time) {
	due := func(at time.Time) bool { return !at.IsZero() && !at.After(now) }
	if due(l.connectAt) {
		l.connectAt = time.Time{}
		l.connect()
	}
	for _, old := range l.retired {
		if due(old.closeAt) {
			old.closeAt = time.Time{}
			go old.leave(l.timing.closing)
		}
	}
	if l.current != nil && due(l.current.pongBy) {
		l.lost(l.current, errors.New("the server does not answer a ping"))
	}
	if len(l.queries) > 0 && l.queries[0].via != nil && due(l.queries[0].at) {
		l.overdue(l.queries[0])
	}
	if l.current == nil {
		return
	}
	if due(l.renewAt) && !l.dialing {
		l.renewAt = time.Time{}
		l.fresh = true
		l.connect()
	}
	if due(l.current.pingAt) {
		l.current.pingAt = now.Add(l.timing.ping)
		if l.current.pongBy.IsZero() {
			l.current.pongBy = now.Add(l.timing.pong)
		}
		l.write(l.current, pingFrame)
		l.check()
	}
	for _, out := range slices.Clone(l.pending) {
		if due(out.resendAt) {
			l.again(out)
		}
	}
	l.flush()
}

// flush sends and asks what waits for a connection.
func (l *loop) flush() {
	for _, out := range slices.Clone(l.pending) {
		if l.current == nil {
			return
		}
		// On a new connection the history may have what was sent before.
		reading := out.sent && l.feed.repair != nil && !l.feed.repair.check
		if out.via == nil && out.resendAt.IsZero() && !reading {
			l.transmit(out)
		}
	}
	if l.current == nil || len(l.queries) == 0 {
		return
	}
	q := l.queries[0]
	if q.via != nil || q.at.After(time.Now()) {
		return
	}
	q.via, q.at = l.current, time.Now().Add(l.timing.answer)
	q.tries++
	l.write(l.current, q.frame)
}

// write does not end with the client: a frame that is cut off leaves no room
// for the closing handshake.
func (l *loop) write(to *link, frame []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), l.timing.write)
	defer cancel()
	if err := to.conn.Write(ctx, websocket.MessageText, frame); err != nil {
		l.lost(to, fmt.Errorf("sending: %w", err))
	}
}

// Connections.

// connect makes a new link, with a new token if the last one is not to be used
// again.
func (l *loop) connect() {
	l.dialing = true
	token, fresh := l.token, l.fresh
	otherwise := ErrTokenExpired
	if l.current != nil {
		otherwise = errNotNewer
	}
	go func() {
		link, err := l.attempt(token, fresh, otherwise)
		l.dialed <- opened{link, err}
	}()
}

// errNotNewer is a token source that has nothing to renew a connection with.
var errNotNewer = errors.New("there is no newer token")

func (l *loop) attempt(token string, fresh bool, otherwise error) (*link, error) {
	if fresh {
		return l.attemptWithout(token, otherwise)
	}
	link, err := l.open(l.ctx, token)
	var refused *HandshakeError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return l.attemptWithout(token, err)
	}
	return link, err
}

// attemptWithout connects with another token than a stale one, and fails with
// otherwise if there is none.
func (l *loop) attemptWithout(stale string, otherwise error) (*link, error) {
	ctx, cancel := context.WithTimeout(l.ctx, l.timing.token)
	defer cancel()
	token, err := l.options.Tokens.Token(ctx, stale)
	if err != nil {
		return nil, err
	}
	if token == stale {
		return nil, &permanentError{otherwise}
	}
	return l.open(l.ctx, token)
}

func (l *loop) connected(o opened) {
	if o.err == nil {
		l.adopt(o.link)
		return
	}
	// Without a newer token the old one serves as long as it lasts.
	renewing := l.current != nil
	l.fresh = l.fresh && !renewing && !errors.Is(o.err, errNotNewer)
	switch {
	case renewing && permanent(o.err):
		l.emit(Notice{fmt.Errorf("the connection ends when the token does, at %s: %w",
			l.current.claims.expires().Local().Format(time.TimeOnly), o.err)})
	case renewing:
		l.renewAt = time.Now().Add(l.backoff())
	case permanent(o.err) && !errors.Is(o.err, errNotNewer):
		l.failure = o.err
	default:
		l.plan(o.err)
	}
}

// adopt makes a link the one that is used.
func (l *loop) adopt(fresh *link) {
	again := l.token != ""
	if l.current != nil {
		l.current.closeAt = time.Now().Add(l.timing.grace)
		l.retired = append(l.retired, l.current)
	}
	l.current, l.token, l.fresh = fresh, fresh.token, false
	l.renewAt = renewal(time.Now(), fresh.claims.expires())
	go l.read(fresh)
	l.emit(Connected{Again: again})
	l.catchUp()
}

func (l *loop) read(from *link) {
	for {
		kind, data, err := from.conn.Read(context.Background())
		if err == nil && kind != websocket.MessageText {
			continue
		}
		select {
		case l.frames <- received{from, data, err}:
		case <-l.stopped:
			// The closing handshake needs somebody who reads.
		}
		if err != nil {
			return
		}
	}
}

// lost is the end of a link.
func (l *loop) lost(ended *link, reason error) {
	if ended != l.current && !slices.Contains(l.retired, ended) {
		return
	}
	go func() { _ = ended.conn.CloseNow() }()
	for _, out := range l.pending {
		if out.via == ended {
			out.via, out.resendAt = nil, time.Time{}
			out.tries--
		}
	}
	if len(l.queries) > 0 && l.queries[0].via == ended {
		l.queries[0].via, l.queries[0].at = nil, time.Time{}
		l.queries[0].tries--
	}
	if ended != l.current {
		l.retired = slices.DeleteFunc(l.retired, func(k *link) bool { return k == ended })
		return
	}
	if time.Since(ended.opened) >= l.timing.stable {
		l.tries = 0
	}
	expires := ended.claims.expires()
	l.fresh = l.fresh || !expires.IsZero() && time.Now().After(expires)
	l.current, l.renewAt = nil, time.Time{}
	l.plan(reason)
}

// plan sets the time of the next attempt to connect, unless one runs.
func (l *loop) plan(reason error) {
	if l.dialing {
		l.emit(Lost{Reason: reason})
		return
	}
	wait := l.backoff()
	l.connectAt = time.Now().Add(wait)
	l.emit(Lost{Reason: reason, RetryIn: wait})
}

// backoff is exponential with full jitter, so that the many who lose their
// connection at once do not come back at once.
func (l *loop) backoff() time.Duration {
	limit := min(l.timing.retry<<min(l.tries, 16), l.timing.retryMax)
	l.tries++
	return rand.N(limit) + time.Millisecond
}

// renewal is when to replace a token: a tenth of its life before the end, at
// most two minutes, give or take a quarter.
func renewal(now, expires time.Time) time.Time {
	left := expires.Sub(now)
	if expires.IsZero() || left <= 0 {
		return time.Time{}
	}
	lead := min(max(left/10, 5*time.Second), 2*time.Minute, left/2)
	return expires.Add(-lead*3/4 - rand.N(lead/2+1))
}

// Frames.

func (l *loop) receive(r received) {
	if r.err != nil {
		l.lost(r.from, ending(r.err))
		return
	}
	r.from.pongBy = time.Time{}
	frame, err := decode(r.data, l.room)
	if err != nil {
		l.emit(Notice{fmt.Errorf("ignored: %w", err)})
		return
	}
	switch frame := frame.(type) {
	case protocol.Message:
		l.arrived(frame)
	case protocol.Batch:
		for _, m := range frame.Messages {
			l.arrived(m)
		}
	case protocol.Ack:
		l.acknowledged(frame)
	case protocol.History, protocol.Members:
		l.answered(frame, r.from)
	case protocol.Error:
		l.refused(frame, r.from)
	case gatewayFailure:
		l.failed(errors.New(OneLine(frame.Message)), r.from)
	}
}

// ending says in words why a socket ended.
func ending(err error) error {
	switch code := websocket.CloseStatus(err); code {
	case -1:
		return fmt.Errorf("the connection broke: %w", err)
	case websocket.StatusNormalClosure:
		return errors.New("the server closed the connection")
	case websocket.StatusGoingAway:
		return errors.New("the server ended the connection, as it does after two hours")
	default:
		return fmt.Errorf("the server closed the connection with code %d", code)
	}
}

func (l *loop) refused(e protocol.Error, from *link) {
	refusal := &Refused{
		Code: e.Code, Message: OneLine(e.Message), RequestID: OneLine(e.RequestID),
		RetryAfter: time.Duration(min(e.RetryAfterMS, time.Hour.Milliseconds())) * time.Millisecond,
	}
	if e.Code == protocol.CodeTokenExpired {
		l.expired(from)
		return
	}
	i := slices.IndexFunc(l.pending, func(out *outgoing) bool { return out.clientID == e.ClientID })
	switch {
	case i >= 0 && e.Code == protocol.CodeInternal:
		l.later(l.pending[i], refusal)
	case i >= 0 && e.Code == protocol.CodeRateLimited && l.pending[i].repeated:
		// An earlier try may have been stored, and only the same message, sent
		// once more, can tell.
		out := l.pending[i]
		out.problem = refusal
		out.resendAt = time.Now().Add(max(refusal.RetryAfter, l.timing.retry))
	case i >= 0:
		l.resolve(l.pending[i], sent{err: refusal})
	case e.ClientID == "" && len(l.queries) > 0 && l.queries[0].via == from:
		l.questionRefused(l.queries[0], refusal)
	default:
		l.emit(Notice{refusal})
	}
}

// expired is the server's word that the token of a link is. What was sent on
// it is sent again on the next.
func (l *loop) expired(from *link) {
	l.fresh = l.fresh || from == l.current
	l.lost(from, &Refused{Code: protocol.CodeTokenExpired})
}

// failed is API Gateway's word that some frame of a link met a problem. Since
// it does not say which, all that are unanswered are sent again.
func (l *loop) failed(problem error, from *link) {
	for _, out := range l.pending {
		if out.via == from {
			l.later(out, problem)
		}
	}
	if len(l.queries) > 0 && l.queries[0].via == from {
		l.questionFailed(l.queries[0], problem, 0)
	}
}

// Messages of the user.

func (l *loop) send(out *outgoing) {
	l.pending = append(l.pending, out)
}

func (l *loop) forget(out *outgoing) {
	l.pending = slices.DeleteFunc(l.pending, func(o *outgoing) bool { return o == out })
}

func (l *loop) resolve(out *outgoing, result sent) {
	l.forget(out)
	out.result <- result
}

func (l *loop) transmit(out *outgoing) {
	out.via = l.current
	out.repeated, out.sent = out.sent, true
	out.resendAt = time.Now().Add(l.timing.ack << min(out.tries, 2))
	out.tries++
	l.write(l.current, out.frame)
}

// later has a message sent again soon.
func (l *loop) later(out *outgoing, problem error) {
	out.problem = problem
	soon := time.Now().Add(l.timing.retry << out.tries)
	if out.resendAt.IsZero() || soon.Before(out.resendAt) {
		out.resendAt = soon
	}
}

func (l *loop) again(out *outgoing) {
	if out.tries >= maxTries {
		err := ErrUnanswered
		if out.problem != nil {
			err = fmt.Errorf("%w: %w", ErrUnanswered, out.problem)
		}
		l.resolve(out, sent{err: err})
		return
	}
	out.via, out.resendAt = nil, time.Time{}
}

// found is a message of the user in the history: one that waits for its ack
// needs it no more.
func (l *loop) found(m protocol.Message) {
	for _, out := range l.pending {
		if out.clientID == m.ClientID {
			l.resolve(out, sent{ack: protocol.Ack{Type: protocol.TypeAck, ClientID: m.ClientID, ID: m.ID, SentAt: m.SentAt, HTML: m.HTML}})
			return
		}
	}
}

func (l *loop) acknowledged(ack protocol.Ack) {
	for _, out := range l.pending {
		if out.clientID == ack.ClientID {
			l.resolve(out, sent{ack: ack})
			break
		}
	}
	l.show(entry{own: true, message: protocol.Message{
		Type: protocol.TypeMessage, ID: ack.ID, ClientID: ack.ClientID, Room: l.room,
		User: protocol.User{ID: l.subject}, HTML: ack.HTML, SentAt: ack.SentAt,
	}})
}

// Questions.

func (l *loop) ask(q *query) {
	l.queries = append(l.queries, q)
}

// answered takes an answer. One that nobody waits for any more is dropped.
func (l *loop) answered(frame any, from *link) {
	if len(l.queries) == 0 {
		return
	}
	q := l.queries[0]
	if q.via != from || !q.answers(frame) {
		return
	}
	l.queries = l.queries[1:]
	q.done(frame, nil)
}

func (l *loop) questionRefused(q *query, refusal *Refused) {
	switch refusal.Code {
	case protocol.CodeRateLimited, protocol.CodeInternal:
		l.questionFailed(q, refusal, refusal.RetryAfter)
		return
	}
	l.queries = l.queries[1:]
	q.done(nil, refusal)
}

func (l *loop) questionFailed(q *query, problem error, wait time.Duration) {
	if q.tries >= maxTries {
		l.queries = l.queries[1:]
		q.done(nil, problem)
		return
	}
	q.via, q.at = nil, time.Now().Add(max(wait, l.timing.retry<<q.tries))
}

// overdue gives up a link on which a question stays unanswered, so that no
// answer comes so late that it is taken for that of another question. After
// some links the question is given up instead.
func (l *loop) overdue(q *query) {
	if q.tries >= maxTries/2 {
		l.queries = l.queries[1:]
		q.done(nil, ErrUnanswered)
		return
	}
	q.tries++ // lost takes one away
	l.lost(q.via, ErrUnanswered)
}
