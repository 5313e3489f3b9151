package web_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

const (
	// senders is how many speak at once, each in a room of its own, so that nobody
	// has to be told what the others say.
	senders = 8
	// each is how many texts of those that keep markup one person says.
	each = 10
)

// hostile gives each input to the deployed chat: as a room; as a text where markup
// is kept, by people of whom each has an input for a name; and as a text where
// markup is stripped, and where nothing is interpreted. Then it looks at the rooms
// in the client, and in one that believes the server.
func (d *deployment) hostile(t *testing.T) {
	inputs := hostile(t)
	rooms := d.asRooms(t, inputs)

	accepted := map[string]int{} // messages, by room
	var mu sync.Mutex
	said := func(room string, n int) {
		mu.Lock()
		defer mu.Unlock()
		accepted[room] += n
	}
	begin := time.Now()
	d.inParallel(t, len(inputs), func(ctx context.Context, who, i int) error {
		room := fmt.Sprintf("rich-%d", who)
		s, err := d.speaker(ctx, inputs[i], room)
		if err != nil {
			return fmt.Errorf("as %q: %w", inputs[i], err)
		}
		defer s.leave()
		html, err := s.say(ctx, inputs[i])
		if err != nil {
			return err
		}
		if html != "" {
			said(room, 1)
		}
		return nil
	})
	t.Logf("%d texts as rich, by people who are called so: %v", len(inputs), time.Since(begin).Round(time.Second))
	for _, format := range []string{"strip", "text"} {
		begin = time.Now()
		d.setFormat(t, format)
		d.inParallel(t, senders, func(ctx context.Context, _, i int) error {
			room := fmt.Sprintf("%s-%d", format, i)
			n, err := d.sayPacked(ctx, inputs[i*len(inputs)/senders:(i+1)*len(inputs)/senders], room)
			said(room, n)
			return err
		})
		t.Logf("%d texts as %s: %v", len(inputs), format, time.Since(begin).Round(time.Second))
	}

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
			for _, room := range rooms {
				move(p, room)
			}
			for room, n := range accepted {
				move(p, room)
				p.Do(watch)
				readAll(p)
				if shown := chromium.Eval[int](p, texts+".length"); shown != n {
					t.Errorf("%s: %d messages are shown of %d", room, shown, n)
				}
				if n := chromium.Eval[int](p, `document.querySelectorAll('.message .text :not(a)').length`); n > 0 && !strings.HasPrefix(room, "rich-") {
					t.Errorf("%s: %d elements in texts", room, n)
				}
				unhurt(p, d.site.URL, d.provider.server.URL, d.Own.URL)
			}
		})
	}
}

// inParallel lets the senders do what is to be done for each number below n, until
// it goes wrong. Do is told which sender it is.
func (d *deployment) inParallel(t *testing.T, n int, do func(ctx context.Context, who, i int) error) {
	t.Helper()
	work := make(chan int)
	var group sync.WaitGroup
	for who := range senders {
		group.Go(func() {
			for i := range work {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				if err := do(ctx, who, i); err != nil {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	for i := 0; i < n && !t.Failed(); i++ {
		work <- i
	}
	close(work)
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// asRooms asks the API for rooms of any name, and returns those that it lets
// somebody into.
func (d *deployment) asRooms(t *testing.T, inputs []string) []string {
	t.Helper()
	begin := time.Now()
	var rooms []string
	var mu sync.Mutex
	d.inParallel(t, len(inputs), func(ctx context.Context, _, i int) error {
		token, err := d.provider.Token(fmt.Sprintf("wanderer-%d", i), time.Hour, nil)
		if err != nil {
			return err
		}
		conn, res, err := d.dial(ctx, token, inputs[i])
		if !protocol.RoomPattern.MatchString(inputs[i]) {
			if err == nil {
				return errors.Join(fmt.Errorf("the room %q is none", inputs[i]), conn.CloseNow())
			}
			if res == nil || res.StatusCode/100 != 4 { // also of an address that is too long
				return fmt.Errorf("the room %q is not refused as it should: %w", inputs[i], err)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("the room %q: %w", inputs[i], err)
		}
		mu.Lock()
		defer mu.Unlock()
		rooms = append(rooms, inputs[i])
		return conn.Close(websocket.StatusNormalClosure, "")
	})
	t.Logf("%d rooms, of which %d can be entered: %v", len(inputs), len(rooms), time.Since(begin).Round(time.Second))
	return rooms
}

// setFormat changes what the deployed function makes of markup.
func (d *deployment) setFormat(t *testing.T, format string) {
	t.Helper()
	client, name := lambda.NewFromConfig(d.aws), &d.Own.Function
	found, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	variables := found.Environment.Variables
	variables["MESSAGE_FORMAT"] = format
	if _, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Environment: &types.Environment{Variables: variables}}); err != nil {
		t.Fatal(err)
	}
	published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: published.Version}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"strip": "x", "text": "&lt;b&gt;x&lt;/b&gt;"}[format]
	eventually(t, "what "+format+" makes of markup", func() bool {
		s, err := d.speaker(t.Context(), "anybody", "formats")
		if err != nil {
			t.Fatal(err)
		}
		defer s.leave()
		html, err := s.say(t.Context(), "<b>x</b>")
		if err != nil {
			t.Fatal(err)
		}
		return html == want
	})
}

// dial opens a connection without a browser, as soon as API Gateway's throttle lets
// it.
func (d *deployment) dial(ctx context.Context, token, room string) (*websocket.Conn, *http.Response, error) {
	for {
		conn, res, err := websocket.Dial(ctx, d.Own.URL+"?"+url.Values{protocol.RoomParameter: {room}}.Encode(), &websocket.DialOptions{
			HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
		})
		if res == nil || res.StatusCode != http.StatusTooManyRequests {
			return conn, res, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// speaker is somebody in a room.
type speaker struct {
	conn *websocket.Conn
	said int
}

// speaker enters a room as somebody new who has a name.
func (d *deployment) speaker(ctx context.Context, name, room string) (*speaker, error) {
	token, err := d.provider.Token("mallory-"+rand.Text(), time.Hour, map[string]any{"name": name})
	if err != nil {
		return nil, err
	}
	conn, _, err := d.dial(ctx, token, room)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(protocol.LargestFrame)
	return &speaker{conn: conn}, nil
}

func (s *speaker) leave() { _ = s.conn.Close(websocket.StatusNormalClosure, "") }

// say returns what the server made of a text; nothing if there was nothing left
// of it, or it was too long.
func (s *speaker) say(ctx context.Context, text string) (html string, err error) {
	s.said++
	clientID := fmt.Sprint(s.said)
	if err := wsjson.Write(ctx, s.conn, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: clientID, Text: text}); err != nil {
		return "", err
	}
	var answer struct {
		protocol.Error
		HTML string `json:"html"` // of an ack, which has the first members too
	}
	for answer.ClientID != clientID || answer.Type == protocol.TypeMessage {
		if err := wsjson.Read(ctx, s.conn, &answer); err != nil {
			return "", fmt.Errorf("answer to %q: %w", text, err)
		}
	}
	if answer.Type != protocol.TypeAck && answer.Code != protocol.CodeEmptyMessage && answer.Code != protocol.CodeTooLarge && answer.Code != protocol.CodeBadRequest {
		return "", fmt.Errorf("%s: %s", answer.Code, answer.Message)
	}
	return answer.HTML, nil
}

// packed is how long a text of several inputs is, in bytes: of the worst of them
// the server makes five times as much.
const packed = 2000

// sayPacked says inputs, as many in one text as can be: where the server still
// shows what stands behind one, the next one is read from the beginning, as if it
// were alone. Whoever is refused often is followed by somebody else. It returns how
// many messages there are.
func (d *deployment) sayPacked(ctx context.Context, inputs []string, room string) (messages int, err error) {
	var s *speaker
	refused := each
	say := func(text string) (html string, err error) {
		if refused == each {
			if s != nil {
				s.leave()
			}
			if s, err = d.speaker(ctx, "mallory", room); err != nil {
				return "", err
			}
			refused = 0
		}
		if html, err = s.say(ctx, text); html == "" {
			refused++
		} else {
			messages++
		}
		return html, err
	}
	for len(inputs) > 0 {
		text, n := inputs[0]+ending(inputs[0], 0), 1
		for ; n < len(inputs) && len(text)+len(inputs[n]) < packed; n++ {
			text += inputs[n] + ending(inputs[n], n)
		}
		html, err := say(text)
		if err != nil {
			return messages, err
		}
		seen := 0
		for seen < n && strings.Contains(html, mark(seen)) {
			seen++
		}
		if seen == 0 { // it hides what follows, so it is said alone
			if _, err := say(inputs[0]); err != nil {
				return messages, err
			}
			seen = 1
		}
		inputs = inputs[seen:]
	}
	s.leave()
	return messages, nil
}

func mark(i int) string { return fmt.Sprintf("[end of %d]", i) }

// raw are elements whose content is text up to their end.
var raw = []string{"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript", "select"}

// ending ends what an input may have left open, and says which input it was.
func ending(input string, i int) string {
	end := "-->]]>'\">"
	for _, name := range raw {
		if strings.Contains(strings.ToLower(input), "<"+name) {
			end += "</" + name + ">"
		}
	}
	return end + mark(i)
}
