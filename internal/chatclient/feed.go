package chatclient

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

const (
	// maxSeen is how many ids are remembered to recognise a message that
	// comes twice. A repair needs those of its overlap.
	maxSeen = 8192
	// overlap is how far before the newest message a check begins, because
	// the clocks of the functions that number messages differ.
	overlap = 30 * time.Second
	// lateness is the same for somebody who was away: a message that could not
	// be stored at first and was sent again has the place of its first time.
	lateness = protocol.RetryTime
	// checkLimit is how many messages a check asks for at first.
	checkLimit = 20
	// maxRepairPages bounds a repair to 5,000 messages.
	maxRepairPages = 50
	// maxHeld bounds what waits for a repair, in messages.
	maxHeld = 4096
)

// feed puts what arrives into order and passes each message on once.
type feed struct {
	seen    map[string]struct{}
	order   []string // of seen, oldest first
	newest  string   // the greatest id that was passed on
	checked string   // what newest was when it was last compared with the history
	floor   string   // messages up to this id were there before the client
	started bool     // the floor is known
	repair  *repair  // the one that runs
	held    []entry  // what arrives while it does
}

type entry struct {
	message   protocol.Message
	own, past bool
}

// repair reads the history, newest page first: after a connection was made, and
// now and then while it lasts, since nothing else tells of a message that did
// not come.
type repair struct {
	missed []entry
	check  bool   // the connection has lasted
	from   string // the newest message that came before it began
	cut    string // it ends at a message before this id
	pages  int
	asked  *query // for the page that it waits for
}

var errGap = fmt.Errorf("more than %d messages were missed: the older ones are in the history", maxRepairPages*protocol.MaxHistoryLimit)

// catchUp begins a repair, or begins it anew: what was read on an earlier link
// is no longer the newest.
func (l *loop) catchUp() {
	tries := 0
	if l.feed.repair != nil {
		earlier := l.feed.repair.asked
		tries = earlier.tries
		l.queries = slices.DeleteFunc(l.queries, func(q *query) bool { return q == earlier && q.via == nil })
	}
	l.feed.repair = &repair{from: l.feed.newest, cut: before(max(l.feed.checked, l.feed.floor), lateness)}
	limit := protocol.MaxHistoryLimit
	if !l.feed.started {
		limit = max(l.options.Backlog, 1)
	}
	l.readPage(l.feed.repair, "", limit)
	l.feed.repair.asked.tries = tries
}

// check compares what came with the history, unless that is being done.
func (l *loop) check() {
	if l.feed.repair == nil {
		l.feed.repair = &repair{check: true, from: l.feed.newest, cut: before(max(l.feed.checked, l.feed.floor), overlap)}
		l.readPage(l.feed.repair, "", checkLimit)
	}
}

// before is a lower bound for the ids of some time before an id's.
func before(id string, by time.Duration) string {
	parsed, err := ulid.ParseStrict(id)
	if err != nil {
		return ""
	}
	var bound ulid.ULID
	if err := bound.SetTime(max(parsed.Time(), uint64(by.Milliseconds())) - uint64(by.Milliseconds())); err != nil {
		return ""
	}
	return bound.String()
}

func (l *loop) readPage(r *repair, from string, limit int) {
	q := historyQuery(from, limit)
	q.done = func(frame any, err error) {
		if l.feed.repair != r {
			return
		}
		page, _ := frame.(protocol.History)
		switch {
		case err != nil:
			l.repaired(fmt.Errorf("what was missed could not be read: %w", err))
		case !l.feed.started:
			l.start(page)
		default:
			l.page(page)
		}
	}
	r.asked = q
	// Before the user's questions: nothing is shown until it is answered.
	at := 0
	if len(l.queries) > 0 && l.queries[0].via != nil {
		at = 1
	}
	l.queries = slices.Insert(l.queries, at, q)
}

// start learns where the room is when the client comes.
func (l *loop) start(page protocol.History) {
	l.feed.started = true
	n := len(page.Messages)
	if n > 0 {
		l.feed.floor = page.Messages[n-1].ID
	}
	for _, m := range page.Messages[max(0, n-l.options.Backlog):] {
		l.feed.repair.missed = append(l.feed.repair.missed, l.past(m))
	}
	l.repaired(nil)
}

func (l *loop) page(page protocol.History) {
	r := l.feed.repair
	r.pages++
	for _, m := range page.Messages {
		if m.ID > l.feed.floor {
			r.missed = append(r.missed, l.past(m))
		}
	}
	switch {
	case len(page.Messages) == 0, page.Next == "", page.Messages[0].ID < r.cut, page.Messages[0].ID <= l.feed.floor:
		l.repaired(nil)
	case r.pages >= maxRepairPages:
		l.repaired(errGap)
	default:
		l.readPage(r, page.Next, protocol.MaxHistoryLimit)
	}
}

func (l *loop) past(m protocol.Message) entry {
	return entry{message: m, own: l.Own(m), past: true}
}

// repaired ends a repair with what was read and held.
func (l *loop) repaired(problem error) {
	if problem != nil {
		l.emit(Notice{problem})
	}
	done := l.feed.repair
	entries := slices.Concat(done.missed, l.feed.held)
	l.feed.repair, l.feed.held = nil, nil
	if problem == nil || errors.Is(problem, errGap) {
		l.feed.checked = max(l.feed.checked, done.from)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.message.ID, b.message.ID) })
	for _, e := range entries {
		l.show(e)
	}
	if !done.check {
		l.emit(CaughtUp{})
	}
}

// arrived is a message that somebody just sent.
func (l *loop) arrived(m protocol.Message) {
	l.show(entry{message: m, own: l.Own(m)})
}

// show passes a message on once, after what a running repair finds.
func (l *loop) show(e entry) {
	if l.feed.repair != nil {
		l.feed.held = append(l.feed.held, e)
		if len(l.feed.held) > maxHeld {
			l.repaired(errGap)
		}
		return
	}
	if e.past && e.own {
		l.found(e.message)
	}
	id := e.message.ID
	if _, known := l.feed.seen[id]; known {
		return
	}
	if l.feed.seen == nil {
		l.feed.seen = map[string]struct{}{}
	}
	l.feed.seen[id] = struct{}{}
	l.feed.order = append(l.feed.order, id)
	if len(l.feed.order) > maxSeen {
		delete(l.feed.seen, l.feed.order[0])
		l.feed.order = l.feed.order[1:]
	}
	l.feed.newest = max(l.feed.newest, id)
	l.emit(Message{Message: e.message, Own: e.own, Past: e.past})
}

// historyQuery asks for the page before an id. It takes no page for an answer
// that does not lie before it: that one belongs to an earlier question.
func historyQuery(from string, limit int) *query {
	return newQuery(protocol.HistoryRequest{Action: protocol.ActionHistory, Before: from, Limit: limit}, func(frame any) bool {
		page, ok := frame.(protocol.History)
		if !ok || from == "" {
			return ok
		}
		n := len(page.Messages)
		return page.Next < from && (n == 0 || page.Messages[n-1].ID < from)
	})
}
