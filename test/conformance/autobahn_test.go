package conformance_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/portcullis-chat/portcullis/internal/pyenv"
)

// kosoku runs the cases of the Autobahn test suite, whose own package needs
// Python 2.
//
//go:embed autobahn/requirements.txt
var kosoku string

// notAutobahn are the cases of the suite that API Gateway fails, and this stack
// as well.
var notAutobahn = map[string]string{
	"1.1.1": "an empty answer is no message", "6.1.1": "an empty answer is no message", "6.1.2": "an empty answer is no message",
	"1.1.6": "frames above 32 KB", "1.1.7": "frames above 32 KB", "1.1.8": "frames above 32 KB",
	"1.2.1": "binary", "1.2.2": "binary", "1.2.3": "binary", "1.2.4": "binary", "1.2.5": "binary", "1.2.6": "binary", "1.2.7": "binary", "1.2.8": "binary",
}

func autobahnCases() []testCase {
	return []testCase{{
		section: "rfc-5", name: "the cases of the Autobahn test suite pass, but those with binary messages, empty answers, frames above 32 KB, and compression",
		source: "[Autobahn](https://github.com/crossbario/autobahn-testsuite)", notOnAWS: "its client speaks neither TLS nor paths", run: runAutobahn,
	}}
}

// runAutobahn lets the Autobahn test suite, which is not of this project, judge
// the framing.
func runAutobahn(t *T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	python, err := pyenv.Environment{Name: "kosoku-0.1.0", Requirements: kosoku}.Install(t.Context(), filepath.Join(cache, "portcullis"), func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	command, address := filepath.Join(filepath.Dir(python), "kosoku"), t.front(t.Echo)
	// 9 is about messages above the quotas, 12 and 13 are about compression.
	results := t.autobahn(command, "--exclude", "9.*", "--exclude", "12.*", "--exclude", "13.*", "--parallelism", "4", address)
	if len(results) < 240 {
		t.Errorf("only %d cases ran", len(results))
	}
	// Its cases give the server a second. What fails on a busy machine has another
	// try by itself.
	var again []string
	for id, passed := range results {
		if !passed && notAutobahn[id] == "" {
			again = append(again, "--include", id)
		}
	}
	if len(again) > 0 {
		maps.Copy(results, t.autobahn(command, append(again, address)...))
	}
	for id, passed := range results {
		if reason := notAutobahn[id]; passed == (reason != "") {
			t.Errorf("case %s passes: %t (expected to fail for: %q)", id, passed, reason)
		}
	}
}

// autobahn runs cases and tells of each whether it has passed.
func (t *T) autobahn(command string, arguments ...string) map[string]bool {
	t.Helper()
	reports := t.TempDir()
	out, runErr := exec.CommandContext(t.Context(), command, append([]string{"--outdir", reports}, arguments...)...).CombinedOutput()
	index, err := os.ReadFile(filepath.Join(reports, "index.json"))
	if err != nil {
		t.Fatalf("no report (%v): %v: %s", err, runErr, out)
	}
	var agents map[string]map[string]struct{ Behavior, BehaviorClose string }
	if err := json.Unmarshal(index, &agents); err != nil {
		t.Fatal(err)
	}
	passed := make(map[string]bool)
	for _, cases := range agents {
		for id, c := range cases {
			passed[id] = slices.Contains([]string{"OK", "NON-STRICT", "INFORMATIONAL"}, c.Behavior) && slices.Contains([]string{"OK", "INFORMATIONAL"}, c.BehaviorClose)
			t.Log(id, c.Behavior, c.BehaviorClose)
		}
	}
	return passed
}

// front listens at an address without a path, and hands each connection to an
// API: only the first line and the host of the request are changed.
func (t *T) front(a *api) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", a.url.Host)
		if err != nil {
			return
		}
		defer server.Close()
		var head []byte
		for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b[0]) {
			if _, err := client.Read(b); err != nil {
				return
			}
		}
		head = bytes.Replace(head, []byte("GET / "), []byte("GET "+a.url.Path+"/live "), 1)
		head = bytes.Replace(head, []byte(listener.Addr().String()), []byte(a.url.Host), 1)
		if _, err := server.Write(head); err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(client, server)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return listener.Addr().String()
}
