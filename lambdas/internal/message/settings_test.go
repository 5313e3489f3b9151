package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/message"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

func TestEverySettingIsChecked(t *testing.T) {
	legal := map[string]string{
		"CONNECTIONS_TABLE": "chat-connections", "MESSAGES_TABLE": "chat-messages",
		"MANAGEMENT_ENDPOINT": "https://id.execute-api.eu-west-1.amazonaws.com/live",
		"MESSAGE_FORMAT":      "strip", "MAX_FRAME_BYTES": "8192", "MAX_TEXT_BYTES": "4096", "MESSAGE_TTL_SECONDS": "86400",
		"RATE_MESSAGES_PER_MINUTE": "60", "RATE_BYTES_PER_MINUTE": "65536",
		"RATE_READS_PER_MINUTE": "120", "RATE_REFUSALS_PER_MINUTE": "30", "HISTORY_PAGE": "100", "MEMBERS_PAGE": "50",
	}
	read := func(change, value string, set bool) (message.Settings, error) {
		r := config.NewReader(func(name string) (string, bool) {
			if name == change {
				return value, set
			}
			v, ok := legal[name]
			return v, ok
		})
		return message.Read(r), r.Err()
	}
	want := message.Settings{
		Connections: "chat-connections", Messages: "chat-messages", Management: legal["MANAGEMENT_ENDPOINT"],
		Format: markup.Strip, MaxFrame: 8192, MaxText: 4096, Life: 24 * time.Hour, Limits: ratelimit.Limits{Messages: 60, Bytes: 65536, Reads: 120, Refusals: 30},
		HistoryPage: 100, MembersPage: 50,
	}
	if got, err := read("", "", false); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, values := range map[string][]string{"MAX_FRAME_BYTES": {"4352", "32768"}, "MAX_TEXT_BYTES": {"1", "7936"}, "RATE_MESSAGES_PER_MINUTE": {"1", "600"}} {
		for _, value := range values {
			if _, err := read(name, value, true); err != nil {
				t.Errorf("%s=%q: got %v", name, value, err)
			}
		}
	}
	if _, err := read("MAX_FRAME_BYTES", "4351", true); err == nil || !strings.Contains(err.Error(), "MAX_TEXT_BYTES: want at least 256 less than MAX_FRAME_BYTES") {
		t.Errorf("a frame that does not hold the longest text: got %v", err)
	}
	wrong := map[string][]string{
		"CONNECTIONS_TABLE":        {"x", "a/b"},
		"MESSAGES_TABLE":           {"x", "a/b"},
		"MANAGEMENT_ENDPOINT":      {"wss://id.example.com/live", "http://id.example.com/live", "https://id.example.com/live?x=1"},
		"MESSAGE_FORMAT":           {"markdown", "Text"},
		"MAX_TEXT_BYTES":           {"0", "24577", "7937"},
		"MAX_FRAME_BYTES":          {"1023", "32769"},
		"MESSAGE_TTL_SECONDS":      {"59", "-1", "1h"},
		"RATE_MESSAGES_PER_MINUTE": {"0", "601"},
		"RATE_BYTES_PER_MINUTE":    {"1023", "99999999999"},
		"RATE_READS_PER_MINUTE":    {"0", "6001"},
		"RATE_REFUSALS_PER_MINUTE": {"0", "6001"},
		"HISTORY_PAGE":             {"0", "101"},
		"MEMBERS_PAGE":             {"0", "101"},
	}
	for name := range legal {
		if _, err := read(name, "", false); err == nil || !strings.Contains(err.Error(), name+": want") {
			t.Errorf("without %s: got %v", name, err)
		}
		for _, value := range wrong[name] {
			if _, err := read(name, value, true); err == nil || !strings.Contains(err.Error(), name+": want") {
				t.Errorf("%s=%q: got %v", name, value, err)
			}
		}
	}
}
