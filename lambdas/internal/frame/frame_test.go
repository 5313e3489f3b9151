package frame_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
)

func TestLegalFrames(t *testing.T) {
	for _, c := range []struct {
		action, body string
		want         frame.Frame
	}{
		{"sendMessage", `{"action":"sendMessage","clientId":"c-1_A","text":"héllo\n\u00e4\ud83d\ude00"}`, frame.Frame{ClientID: "c-1_A", Text: "héllo\nä😀"}},
		{"sendMessage", " \t\r\n{ \"text\" : \"x\" , \"clientId\" : \"c\" } \n", frame.Frame{ClientID: "c", Text: "x"}},
		// What the body calls its action is not looked at: the route is the action.
		{"sendMessage", `{"action":"members","clientId":"c","text":"x"}`, frame.Frame{ClientID: "c", Text: "x"}},
		{"sendMessage", `{}`, frame.Frame{}},
		{"history", `{"action":"history","before":"01HF7YAT3V0000000000000000","limit":100}`, frame.Frame{Before: "01HF7YAT3V0000000000000000", Limit: 100}},
		{"history", `{"limit":1}`, frame.Frame{Limit: 1}},
		{"members", `{"after":"u1","limit":5}`, frame.Frame{After: "u1", Limit: 5}},
	} {
		if got, err := frame.Decode(c.action, c.body, protocol.MaxFrame); err != nil || got != c.want {
			t.Errorf("%s %s: got %+v, %v", c.action, c.body, got, err)
		}
	}
}

func TestIllegalFrames(t *testing.T) {
	const send, history = "sendMessage", "history"
	for _, c := range []struct {
		action, body string
		want         frame.Problem
	}{
		{send, "", frame.Malformed},
		{send, " ", frame.Malformed},
		{send, "x", frame.Malformed},
		{send, "{", frame.Malformed},
		{send, `{"text":"x"`, frame.Malformed},
		{send, `{"text":"x",}`, frame.Malformed},
		{send, `{"text" "x"}`, frame.Malformed},
		{send, `{text:"x"}`, frame.Malformed},
		{send, `{'text':'x'}`, frame.Malformed},
		{send, `{"text":"x"}{}`, frame.Malformed},
		{send, `{"text":"x"} x`, frame.Malformed},
		{send, `{"text":"x"}` + "\x00", frame.Malformed},
		{send, "\ufeff{}", frame.Malformed},
		{send, `{/**/}`, frame.Malformed},
		{send, `{"text":"a` + "\n" + `b"}`, frame.Malformed},
		{send, `{"text":"\x41"}`, frame.Malformed},
		{send, `{"text":"a","text":"b"}`, frame.Malformed},
		{send, `{"text":"a","te\u0078t":"b"}`, frame.Malformed},
		{send, `{"action":"a","action":"b"}`, frame.Malformed},
		{send, "{\"text\":\"\xff\"}", frame.Malformed},
		{send, "{\"text\":\"\xed\xa0\x80\"}", frame.Malformed},
		{send, `{"text":"\ud800"}`, frame.Malformed},
		{send, `{"text":"\udc00\ud800"}`, frame.Malformed},
		{send, `{"text":tru}`, frame.WrongType},
		{send, "null", frame.NotAnObject},
		{send, "[]", frame.NotAnObject},
		{send, `"x"`, frame.NotAnObject},
		{send, "1", frame.NotAnObject},
		{send, "true", frame.NotAnObject},
		{send, `{"Text":"x"}`, frame.UnknownMember},
		{send, `{"ACTION":"x"}`, frame.UnknownMember},
		{send, `{"clientID":"x"}`, frame.UnknownMember},
		{send, `{"userId":"root"}`, frame.UnknownMember},
		{send, `{"room":"other"}`, frame.UnknownMember},
		{send, `{"__proto__":{}}`, frame.UnknownMember},
		{send, `{"":""}`, frame.UnknownMember},
		{send, `{"limit":1}`, frame.UnknownMember},
		{history, `{"text":"x"}`, frame.UnknownMember},
		{history, `{"after":"x"}`, frame.UnknownMember},
		{send, `{"text":null}`, frame.WrongType},
		{send, `{"text":1}`, frame.WrongType},
		{send, `{"text":["x"]}`, frame.WrongType},
		{send, `{"text":{"x":1}}`, frame.WrongType},
		{send, `{"action":{"x":1}}`, frame.WrongType},
		{send, `{"text":` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + `}`, frame.WrongType},
		{history, `{"limit":"5"}`, frame.WrongType},
		{history, `{"limit":null}`, frame.WrongType},
		{history, `{"limit":true}`, frame.WrongType},
		{history, `{"limit":0}`, frame.OutOfRange},
		{history, `{"limit":-1}`, frame.OutOfRange},
		{history, `{"limit":1.0}`, frame.OutOfRange},
		{history, `{"limit":1e1}`, frame.OutOfRange},
		{history, `{"limit":1e400}`, frame.OutOfRange},
		{history, `{"limit":99999999999999999999}`, frame.OutOfRange},
		{history, `{"limit":01}`, frame.OutOfRange},
		{history, `{"limit":10 0}`, frame.Malformed},
		{history, `{"limit":NaN}`, frame.Malformed},
		{send, `{"clientId":""}`, frame.OutOfRange},
		{send, `{"clientId":"a b"}`, frame.OutOfRange},
		{send, `{"clientId":"a#b"}`, frame.OutOfRange},
		{send, `{"clientId":"a\u0000"}`, frame.OutOfRange},
		{send, `{"clientId":"a\n"}`, frame.OutOfRange},
		{send, `{"clientId":"` + strings.Repeat("a", 65) + `"}`, frame.OutOfRange},
		{send, `{"text":"` + strings.Repeat("a", protocol.MaxFrame) + `"}`, frame.TooLarge},
	} {
		if got, err := frame.Decode(c.action, c.body, protocol.MaxFrame); !errors.Is(err, c.want) {
			t.Errorf("%s %.60q: got %+v, %v, want %v", c.action, c.body, got, err, c.want)
		}
	}
}

func TestTheLargestFrameIsLegal(t *testing.T) {
	body := `{"clientId":"c","text":"` + strings.Repeat("a", protocol.MaxFrame-len(`{"clientId":"c","text":""}`)) + `"}`
	if _, err := frame.Decode("sendMessage", body, protocol.MaxFrame); len(body) != protocol.MaxFrame || err != nil {
		t.Errorf("%d bytes: got %v", len(body), err)
	}
	if err := frame.IsObject(body, protocol.MaxFrame); err != nil {
		t.Errorf("%d bytes: got %v", len(body), err)
	}
}

func TestAClientIDThatWasReadIsKeptForTheReply(t *testing.T) {
	got, err := frame.Decode("sendMessage", `{"clientId":"c-1","evil":1}`, protocol.MaxFrame)
	if err == nil || got.ClientID != "c-1" {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = frame.Decode("sendMessage", `{"clientId":"<b>","evil":1}`, protocol.MaxFrame)
	if err == nil || got.ClientID != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatIsAnObject(t *testing.T) {
	for body, want := range map[string]error{
		`{}`: nil, `{"action":"dance","steps":[1,{"a":null}]}`: nil,
		``: frame.Malformed, `x`: frame.Malformed, `{`: frame.Malformed, `{} {}`: frame.Malformed, `{"a":1,"a":2}`: frame.Malformed, `{"a":{"b":1,"b":2}}`: frame.Malformed,
		`{"a":"\ud800"}`: frame.Malformed, `{"a":}`: frame.Malformed,
		`[]`: frame.NotAnObject, `null`: frame.NotAnObject, `7`: frame.NotAnObject,
		`{"a":"` + strings.Repeat("x", protocol.MaxFrame) + `"}`: frame.TooLarge,
	} {
		if err := frame.IsObject(body, protocol.MaxFrame); !errors.Is(err, want) {
			t.Errorf("%.40q: got %v, want %v", body, err, want)
		}
	}
}

func TestEncodingEscapesNothingForHTMLAgain(t *testing.T) {
	got, err := frame.Encode(protocol.Ack{Type: "ack", HTML: "&lt;3 <b>x</b> \u2028"})
	if want := `{"type":"ack","clientId":"","id":"","sentAt":"","html":"&lt;3 <b>x</b> ` + "\u2028" + `"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = frame.Encode(protocol.Error{Type: "error", Code: protocol.CodeInternal})
	if want := `{"type":"error","code":"internal","message":"","requestId":""}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = frame.Encode(protocol.History{Type: "history"})
	if want := `{"type":"history","messages":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := frame.Encode(func() {}); err == nil {
		t.Error("a function was encoded")
	}
}

func TestFitFillsAFrameToTheLastByte(t *testing.T) {
	list := []string{"aaaa", "bbbb", "cccc"} // 6 bytes in JSON, and a comma between two
	for room, want := range map[int]int{20: 3, 19: 2, 13: 2, 12: 1, 6: 1, 5: 0} {
		got, err := frame.Fit(list, protocol.MaxEncodedFrame-room)
		if got != want || err != nil {
			t.Errorf("in %d bytes: got %d, %v, want %d", room, got, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("sendMessage", `{"action":"sendMessage","clientId":"c","text":"x"}`)
	f.Add("history", `{"before":"x","limit":5}`)
	f.Add("members", `{"after":"x","limit":100}`)
	f.Add("sendMessage", `{"text":"\ud800"}`)
	f.Add("sendMessage", `{"text":"a","text":"b"}`)
	f.Fuzz(func(t *testing.T, action, body string) {
		got, err := frame.Decode(action, body, protocol.MaxFrame)
		if got.ClientID != "" && !protocol.ClientIDPattern.MatchString(got.ClientID) {
			t.Errorf("%q: the client id is %q", body, got.ClientID)
		}
		if err != nil {
			return
		}
		if frame.IsObject(body, protocol.MaxFrame) != nil {
			t.Errorf("%q is a frame but no object", body)
		}
		if !utf8.ValidString(got.Text) || got.Limit < 0 || got.Limit > 999 {
			t.Errorf("%q: got %+v", body, got)
		}
		// A second parser that knows the same members must read the same.
		var other struct {
			Action, ClientID, Text, Before, After string
			Limit                                 int
		}
		decoder := json.NewDecoder(bytes.NewBufferString(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&other); err != nil {
			t.Errorf("%q: the standard library says %v", body, err)
		}
		if other.ClientID != got.ClientID || other.Text != got.Text || other.Before != got.Before || other.After != got.After || other.Limit != got.Limit {
			t.Errorf("%q: got %+v, the standard library %+v", body, got, other)
		}
	})
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	if _, err := frame.Encode(func() {}); err == nil {
		t.Error("a function is a frame")
	}
	if n, err := frame.Fit([]any{"x", func() {}}, 0); err == nil || n != 0 {
		t.Errorf("%d elements fit, %v", n, err)
	}
}
