package message

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// longestNext stands in for the member next while it is not yet known how much
// fits beside it.
var longestNext = strings.Repeat("0", ulid.EncodedSize)

// emptyPage is how many bytes a page of history has beside its messages.
var emptyPage = func() int {
	body, err := frame.Encode(page(nil, longestNext))
	if err != nil {
		panic(err) // of a constant
	}
	return len(body)
}()

func page(messages []protocol.Message, next string) protocol.History {
	return protocol.History{Type: protocol.TypeHistory, Messages: messages, Next: next}
}

// history answers with the messages before an id, or with the newest.
func (h *Handler) history(ctx context.Context, c *call) (any, error) {
	limit, err := limitOf(c.frame.Limit, protocol.DefaultHistoryLimit, protocol.MaxHistoryLimit, h.HistoryPage)
	if err != nil {
		return nil, err
	}
	var before ulid.ULID
	if c.frame.Before != "" {
		before, err = ulid.ParseStrict(c.frame.Before)
		// The zero id would ask for the newest messages, as no id at all does.
		if err != nil || before.String() != c.frame.Before || before == (ulid.ULID{}) {
			return nil, wrongBefore
		}
	}
	if err := h.mayRead(ctx, c); err != nil {
		return nil, err
	}
	stored, more, err := h.Messages.Before(ctx, c.caller.Room, before, limit)
	if err != nil {
		return nil, err
	}
	newestFirst := make([]protocol.Message, len(stored))
	for i, message := range stored {
		newestFirst[i] = message.Wire()
	}
	fit, err := frame.Fit(newestFirst, emptyPage)
	if err != nil {
		return nil, err
	}
	if fit < len(stored) {
		more = stored[fit-1].ID
	}
	messages := newestFirst[:fit]
	slices.Reverse(messages)
	answer := page(messages, "")
	if more != (ulid.ULID{}) {
		answer.Next = more.String()
	}
	h.Metrics.Put(metrics.HistoryPages.Of(1))
	c.log.InfoContext(ctx, logging.HistoryRead, slog.Int("messages", fit), slog.Duration("took", time.Since(c.start)))
	return answer, nil
}

// members answers with who is in the room, each user once. The rows of a room
// are sorted by connection, so all of them are read; max_members bounds that.
func (h *Handler) members(ctx context.Context, c *call) (any, error) {
	limit, err := limitOf(c.frame.Limit, protocol.DefaultMembersLimit, protocol.MaxMembersLimit, h.MembersPage)
	if err != nil {
		return nil, err
	}
	after := c.frame.After
	if after != "" && !text.ValidUserID(after) {
		return nil, wrongAfter
	}
	if err := h.mayRead(ctx, c); err != nil {
		return nil, err
	}
	now := h.Now()
	latest := make(map[string]room.Member)
	err = h.Members.Members(ctx, c.caller.Room, func(member room.Member) bool {
		if member.Sub > after && !member.Ended(now) && member.ConnectedAt >= latest[member.Sub].ConnectedAt {
			latest[member.Sub] = member
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	sorted := slices.SortedFunc(maps.Values(latest), func(a, b room.Member) int { return cmp.Compare(a.Sub, b.Sub) })
	users := make([]protocol.User, 0, min(limit, len(sorted)))
	for _, member := range sorted[:cap(users)] {
		users = append(users, protocol.User{ID: member.Sub, Name: member.Name})
	}
	answer := protocol.Members{Type: protocol.TypeMembers}
	empty, err := frame.Encode(answer)
	if err != nil {
		return nil, err
	}
	// Next is the last id of the page, so at most as long as a whole user.
	const next = len(`,"next":""`) + maxEncodedSubject
	fit, err := frame.Fit(users, len(empty)+next)
	if err != nil {
		return nil, err
	}
	answer.Members = users[:fit]
	if fit < len(sorted) {
		answer.Next = users[fit-1].ID
	}
	h.Metrics.Put(metrics.MembersPages.Of(1))
	c.log.InfoContext(ctx, logging.MembersRead, slog.Int("members", fit), slog.Duration("took", time.Since(c.start)))
	return answer, nil
}

// maxEncodedSubject is 128 characters of four bytes in UTF-8. JSON escapes none
// of those that a user id may have to more than that.
const maxEncodedSubject = 4 * 128

// mayRead counts a read, which is refused to a user who is banned or reads too
// much. It costs nothing to ask, and a page of history may cost a megabyte.
func (h *Handler) mayRead(ctx context.Context, c *call) error {
	err := h.Counter.Take(ctx, c.caller.Sub, ledger.Reads)
	var limit ledger.LimitError
	if errors.As(err, &limit) {
		r := tooManyReads
		r.retryAfter = limit.RetryAfter
		return r
	}
	return err
}

// limitOf returns how much a page may have: what the frame asks for, or the usual
// number where it names none, and in both cases no more than is configured. A
// client goes on with next, however much it got.
func limitOf(limit, usual, most, page int) (int, error) {
	if limit > most {
		return 0, wrongLimit
	}
	if limit == 0 {
		limit = usual
	}
	return min(limit, page), nil
}
