package clients_test

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/internal/pyenv"
)

// requirements pins the library that client.py uses.
//
//go:embed requirements.txt
var requirements string

// newPython starts client.py.
func newPython(t *testing.T) *library {
	t.Helper()
	cache, err := localaws.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(strings.ReplaceAll(requirements, "==", "-"), " ")
	python, err := pyenv.Environment{Name: name, Requirements: requirements}.Install(t.Context(), cache, func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command(python, "client.py")
	client.Stderr = os.Stderr
	in, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	l := &library{}
	l.do = func(t *testing.T, c command) {
		t.Helper()
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(data, '\n')); err != nil {
			t.Fatal(err)
		}
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			l.heard(lines.Bytes())
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		<-read
		if err := client.Wait(); err != nil {
			t.Errorf("client.py: %v", err)
		}
	})
	return l
}

func TestPythonsWebsockets(t *testing.T) {
	l := newPython(t)
	l.headers = map[string]string{"Origin": allowed.URL}
	l.conversations(t)

	t.Run("compression is offered and not agreed on", func(t *testing.T) {
		c := l.open(t, newRoom(), l.headers, protocol.Subprotocol, protocol.BearerPrefix+alice.Access)
		if e := c.next(t, "open"); !strings.Contains(e.Offered, "permessage-deflate") || e.Extensions != "" {
			t.Fatalf("offered %q, agreed on %q", e.Offered, e.Extensions)
		}
		c.tell(t, command{Do: "close", Code: 1000})
	})

	t.Run("a message in parts is one message", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		a.tell(t, command{Do: "sendParts", Parts: []string{`{"act`, `ion":`, `"ping"}`}})
		a.frame(t, protocol.TypePong)
	})

	t.Run("a ping frame is answered", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		a.tell(t, command{Do: "ping"})
		a.next(t, "pong")
	})

	t.Run("a native client that sends no Origin gets in with a header", func(t *testing.T) {
		c := l.open(t, newRoom(), map[string]string{"Authorization": "Bearer " + alice.Access})
		if e := c.next(t, "open"); e.Subprotocol != "" {
			t.Fatalf("subprotocol %q, though none was offered", e.Subprotocol)
		}
		c.tell(t, command{Do: "close", Code: 1000})
	})

	for name, c := range map[string]struct {
		room   string
		offer  []string
		status int
	}{
		"without a token":       {newRoom(), []string{protocol.Subprotocol}, 401},
		"with a broken token":   {newRoom(), []string{protocol.Subprotocol, protocol.BearerPrefix + "x.y.z"}, 401},
		"to an impossible room": {"No%20Room", []string{protocol.Subprotocol, protocol.BearerPrefix + alice.Access}, 403},
	} {
		t.Run("a handshake "+name+" is refused", func(t *testing.T) {
			if e := l.open(t, c.room, l.headers, c.offer...).next(t, "refused"); e.Status != c.status {
				t.Fatalf("status %d, want %d", e.Status, c.status)
			}
		})
	}

	t.Run("a handshake of a page that is not let in is refused", func(t *testing.T) {
		origin := map[string]string{"Origin": foreign.URL}
		if e := l.open(t, newRoom(), origin, protocol.Subprotocol, protocol.BearerPrefix+alice.Access).next(t, "refused"); e.Status != 403 {
			t.Fatalf("status %d, want 403", e.Status)
		}
	})
}
