package ministack

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/port"
)

// installed is the environment that the stack itself uses.
func installed(t *testing.T) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path, err := Install(t.Context(), filepath.Join(base, "portcullis"), func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func config(t *testing.T, interpreter string) Config {
	t.Helper()
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Config{
		Python: interpreter, Port: free, DataDir: filepath.Join(dir, "data"),
		LogFile: filepath.Join(dir, "ministack.log"), Region: "us-east-1",
	}
}

func gone(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the process is still there")
	}
	if err := syscall.Kill(s.PID(), 0); err == nil {
		t.Error("its process id is still taken")
	}
	if res, err := http.Get(s.URL() + "/_ministack/health"); err == nil {
		_ = res.Body.Close()
		t.Error("somebody still answers")
	}
}

func TestMiniStackStartsWithIAMEnforcedAndStops(t *testing.T) {
	s, err := Start(t.Context(), config(t, installed(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	res, err := http.Get(s.URL() + "/v2/apis")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned request: got %d, want 403", res.StatusCode)
	}
	s.Stop()
	gone(t, s)
	s.Stop() // does nothing
}

func TestTheDeathOfMiniStackIsReported(t *testing.T) {
	s, err := Start(t.Context(), config(t, installed(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, s)
	if got := s.Err().Error(); got != "signal: killed" {
		t.Errorf("got %s", got)
	}
}

func TestAStartFailsWhen(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		script  string
		change  func(*Config)
		message string
	}{
		"the process ends":        {"echo no such module; exit 7", nil, "MiniStack ended while it started: exit status 7; its log is "},
		"the process just ends":   {"exit 0", nil, "it ended with status 0"},
		"there is no interpreter": {"", func(cfg *Config) { cfg.Python = "/nowhere/python" }, "start MiniStack: "},
		"its port is taken":       {"exec sleep 100", func(cfg *Config) { cfg.Port = taken.Addr().(*net.TCPAddr).Port }, "MiniStack's port is taken: "},
		"its folder cannot be":    {"", func(cfg *Config) { cfg.DataDir = filepath.Join(cfg.LogFile, "x") }, "not a directory"},
		"it cannot write its log": {"", func(cfg *Config) { cfg.LogFile = filepath.Join(cfg.DataDir, "no", "log") }, "no such file"},
		"nobody waits any longer": {"exec sleep 100", func(*Config) {}, "MiniStack did not answer: context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, interpreter(t, c.script))
			if c.change != nil {
				c.change(&cfg)
			}
			if name == "its folder cannot be" {
				if err := os.WriteFile(cfg.LogFile, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if name == "nobody waits any longer" {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			s, err := Start(ctx, cfg)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v, want %q", err, c.message)
			}
		})
	}
}
