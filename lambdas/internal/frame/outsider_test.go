package frame_test

import (
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
)

// Frames that two parsers could read differently, or that are no JSON at all.
func TestFramesThatParsersDisagreeOnAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"a byte order mark":                "\ufeff" + `{"clientId":"c","text":"x"}`,
		"UTF-16":                           "\xff\xfe{\x00}\x00",
		"UTF-32":                           "\xff\xfe\x00\x00{\x00\x00\x00",
		"an overlong slash":                "{\"clientId\":\"c\",\"text\":\"\xc0\xaf\"}",
		"an overlong name":                 "{\"\xc1\xa3lientId\":\"c\",\"text\":\"x\"}",
		"half a surrogate":                 `{"clientId":"c","text":"\ud83d"}`,
		"a surrogate in UTF-8":             "{\"clientId\":\"c\",\"text\":\"\xed\xa0\xbd\"}",
		"surrogates the wrong way round":   `{"clientId":"c","text":"\ude00\ud83d"}`,
		"beyond Unicode":                   "{\"clientId\":\"c\",\"text\":\"\xf4\x90\x80\x80\"}",
		"a bare NUL":                       "{\"clientId\":\"c\",\"text\":\"a\x00b\"}",
		"NUL after the object":             `{"clientId":"c","text":"x"}` + "\x00",
		"a bare line end":                  "{\"clientId\":\"c\",\"text\":\"a\nb\"}",
		"a member twice by an escape":      `{"clientId":"c","text":"x","t\u0065xt":"y"}`,
		"the action twice by an escape":    `{"action":"sendMessage","\u0061ction":"history","clientId":"c","text":"x"}`,
		"a member in another case":         `{"clientid":"c","text":"x"}`,
		"a member in full width":           `{"clientId":"c","ｔext":"x"}`,
		"a member with NUL":                `{"clientId":"c","text\u0000":"x"}`,
		"a member with no name":            `{"":1,"clientId":"c","text":"x"}`,
		"a prototype":                      `{"__proto__":{"text":"x"},"clientId":"c"}`,
		"an identity":                      `{"clientId":"c","text":"x","sub":"root"}`,
		"a room":                           `{"clientId":"c","text":"x","room":"other"}`,
		"a text in a list":                 `{"clientId":"c","text":["x"]}`,
		"a text in an object":              `{"clientId":"c","text":{"$ne":null}}`,
		"a text that is null":              `{"clientId":"c","text":null}`,
		"a text that is a number":          `{"clientId":"c","text":1e999}`,
		"a thousand lists":                 strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		"a thousand objects in the text":   `{"clientId":"c","text":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + "}",
		"two objects":                      `{"clientId":"c","text":"x"}{"clientId":"d","text":"y"}`,
		"two lines of objects":             "{\"clientId\":\"c\",\"text\":\"x\"}\n{}",
		"a comment":                        `{"clientId":"c",/**/"text":"x"}`,
		"a comma at the end":               `{"clientId":"c","text":"x",}`,
		"single quotes":                    `{'clientId':'c','text':'x'}`,
		"an id in an escape that is a key": `{"clientId":"a\u0023b","text":"x"}`,
		"an id with a line end":            `{"clientId":"c\n","text":"x"}`,
		"an id in full width":              `{"clientId":"ｃ","text":"x"}`,
		"an id that is empty":              `{"clientId":"","text":"x"}`,
		"an id that is a number":           `{"clientId":1,"text":"x"}`,
	} {
		if got, err := frame.Decode(protocol.ActionSendMessage, body, protocol.MaxFrame); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	for _, limit := range []string{"0", "-1", "-0", "1.0", "1e1", "1E1", "0x10", "010", "+1", "1e999", "99999999999999999999", `"1"`, "true", "null", "[1]", "Infinity", "NaN", "\u0661"} {
		if got, err := frame.Decode(protocol.ActionHistory, `{"limit":`+limit+`}`, protocol.MaxFrame); err == nil {
			t.Errorf("the limit %s: got %+v", limit, got)
		}
	}
	// A name may be written with escapes: it is the same name.
	got, err := frame.Decode(protocol.ActionSendMessage, `{"\u0061ction":"history","\u0063lientId":"\u0063","text":"\ud83d\ude00"}`, protocol.MaxFrame)
	if err != nil || got.ClientID != "c" || got.Text != "\U0001F600" {
		t.Errorf("got %+v, %v", got, err)
	}
}
