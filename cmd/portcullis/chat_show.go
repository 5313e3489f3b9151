package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// maxNameLength is how much of a name is shown, in characters.
const maxNameLength = 40

// messageLines shows a message. The mark before the name tells whose it is and
// cannot be part of a message: the further lines of one are indented.
func messageLines(m protocol.Message, own bool, now time.Time) string {
	mark, name := "<", cmp.Or(chatclient.OneLine(m.User.Name), chatclient.OneLine(m.User.ID))
	if own {
		mark, name = ">", "you"
	}
	if utf8.RuneCountInString(name) > maxNameLength {
		name = string([]rune(name)[:maxNameLength]) + "…"
	}
	text := strings.ReplaceAll(chatclient.Text(m.HTML), "\n", "\n           ")
	return fmt.Sprintf("%s %s %s: %s", clock(m.SentAt, now), mark, name, text)
}

// clock is the local time of a message, with the date unless it is today's.
func clock(sentAt string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, sentAt)
	if err != nil {
		return "--:--:--"
	}
	at = at.Local()
	if at.Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// problem is an error as a line of the chat's own.
func problem(err error) string {
	return "-- " + chatclient.OneLine(err.Error())
}

// lostLine says what a lost connection means to somebody who types.
func lostLine(lost chatclient.Lost) string {
	return problem(lost.Reason) + "; connecting again"
}
