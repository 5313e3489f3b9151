package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/localaws/proxy"
)

// built is a folder for what the tests of this package build once.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "portcullis-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}

// build builds portcullis.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "portcullis")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// command is the path of a built portcullis. The stack runs in processes of its
// own, as it does for its users.
func command(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// local runs a subcommand and returns what it printed and its exit status.
func local(t *testing.T, command string, args ...string) (out string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute) // also for cleaning up
	defer cancel()
	combined, err := exec.CommandContext(ctx, command, append([]string{"local"}, args...)...).CombinedOutput()
	if err == nil {
		return string(combined), 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("local %v: %v", args, err)
	}
	return string(combined), exit.ExitCode()
}

// must runs a subcommand that has to succeed.
func must(t *testing.T, command string, args ...string) string {
	t.Helper()
	out, status := local(t, command, args...)
	if status != 0 {
		t.Fatalf("local %v: status %d\n%s", args, status, out)
	}
	return out
}

// alive are the processes whose command line names the folder.
func alive(t *testing.T, folder string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// A child that was told nothing of the folder still works in it.
		cwd, _ := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd"))
		line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if strings.HasPrefix(cwd, folder) || bytes.Contains(line, []byte(folder)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// noneAlive waits until no process of a folder is left.
func noneAlive(t *testing.T, folder string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := alive(t, folder)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes left: %v", left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAStackIsStartedLookedAtAndStopped(t *testing.T) {
	command, folder := command(t), filepath.Join(t.TempDir(), "a folder's name")
	t.Cleanup(func() { local(t, command, "down", "--dir", folder) })

	if out, status := local(t, command, "status", "--dir", folder); status != 1 || !strings.Contains(out, "portcullis local up") {
		t.Fatalf("status %d before there is a stack: %s", status, out)
	}
	started := must(t, command, "up", "-d", "--dir", folder)
	endpoint := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(started)
	if endpoint == "" {
		t.Fatalf("up does not say where: %s", started)
	}

	t.Run("a second up says that one runs and where", func(t *testing.T) {
		for _, args := range [][]string{{"up"}, {"up", "-d"}} {
			if out, status := local(t, command, append(args, "--dir", folder)...); status != 1 || !strings.Contains(out, endpoint) {
				t.Errorf("%v: status %d: %s", args, status, out)
			}
		}
	})

	t.Run("status", func(t *testing.T) {
		if out := must(t, command, "status", "--dir", folder); !strings.Contains(out, endpoint) || !strings.Contains(out, "MiniStack") {
			t.Errorf("status says %s", out)
		}
		var status localaws.Status
		if err := json.Unmarshal([]byte(must(t, command, "status", "--json", "--dir", folder)), &status); err != nil || status.Endpoint != endpoint {
			t.Errorf("status --json: %v, %+v", err, status)
		}
	})

	t.Run("a shell takes the settings", func(t *testing.T) {
		script := fmt.Sprintf("export AWS_PROFILE=mine AWS_SESSION_TOKEN=mine; eval \"$('%s' local env --dir \"$1\")\"; env -0", command)
		out, err := exec.CommandContext(t.Context(), "bash", "-euc", script, "bash", folder).Output()
		if err != nil {
			t.Fatal(err)
		}
		settings := strings.Split(string(out), "\x00")
		opened, err := localaws.OpenFolder(folder)
		if err != nil {
			t.Fatal(err)
		}
		run, err := opened.Running()
		if err != nil || run.Edge == "" {
			t.Fatalf("%v, %+v", err, run)
		}
		for _, want := range localaws.Environment(run) {
			if !slices.Contains(settings, want) {
				t.Errorf("%s is not set", want)
			}
		}
		for _, setting := range settings {
			if strings.HasPrefix(setting, "AWS_PROFILE=") || strings.HasPrefix(setting, "AWS_SESSION_TOKEN=") {
				t.Errorf("%s is still set", setting)
			}
		}
	})

	t.Run("logs", func(t *testing.T) {
		if out := must(t, command, "logs", "ministack", "--dir", folder); !strings.Contains(out, "MiniStack") && !strings.Contains(out, "ministack") {
			t.Errorf("the log of MiniStack says %q", out)
		}
		if out, status := local(t, command, "logs", "else", "--dir", folder); status == 0 {
			t.Errorf("a log called else: %s", out)
		}
	})

	t.Run("web pages, foreign names and MiniStack's administration are refused", func(t *testing.T) {
		for name, change := range map[string]func(*http.Request){
			"page of another origin":     func(r *http.Request) { r.Header.Set("Origin", "https://evil.example.com") },
			"page that says no origin":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"name that points here":      func(r *http.Request) { r.Host = "evil.example.com" },
			"administration of the rest": func(r *http.Request) { r.URL.Path = "/_ministack/reset" },
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			change(req)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: status %d, want 403", name, res.StatusCode)
			}
		}
	})

	t.Run("a profile is had on demand only", func(t *testing.T) {
		profile := func() (int, []byte) {
			res, err := http.Get(endpoint + proxy.ProfilePath + "?seconds=1")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, body
		}
		if status, _ := profile(); status != http.StatusForbidden {
			t.Errorf("status %d without --profile, want 403", status)
		}
		must(t, command, "down", "--dir", folder)
		must(t, command, "up", "-d", "--profile", "--dir", folder)
		if status, body := profile(); status != http.StatusOK || !bytes.HasPrefix(body, []byte("\x1f\x8b")) {
			t.Errorf("status %d with --profile: %.20q, want a compressed profile", status, body)
		}
	})

	t.Run("down leaves nothing, and the port stays the folder's", func(t *testing.T) {
		must(t, command, "down", "--dir", folder)
		noneAlive(t, folder)
		if out := must(t, command, "down", "--dir", folder); !strings.Contains(out, "no stack runs") {
			t.Errorf("a second down says %s", out)
		}
		if again := must(t, command, "up", "-d", "--dir", folder); !strings.Contains(again, endpoint) {
			t.Errorf("another port: %s, then %s", endpoint, again)
		}
	})

	t.Run("nothing outlives a stack that is killed", func(t *testing.T) {
		var status localaws.Status
		if err := json.Unmarshal([]byte(must(t, command, "status", "--json", "--dir", folder)), &status); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		noneAlive(t, folder)
		if out, status := local(t, command, "status", "--dir", folder); status != 1 || !strings.Contains(out, "no stack runs") {
			t.Errorf("status %d: %s", status, out)
		}
		must(t, command, "up", "-d", "--dir", folder)
	})

	t.Run("down --clean removes what was stored", func(t *testing.T) {
		must(t, command, "down", "--clean", "--dir", folder)
		if left, err := os.ReadDir(filepath.Join(folder, "data")); err == nil && len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestAStackWhosePartDiesSaysWhichAndStops(t *testing.T) {
	command, folder := command(t), t.TempDir()
	up := exec.Command(command, "local", "up", "--dir", folder)
	var said bytes.Buffer
	up.Stdout, up.Stderr = &said, &said
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	var child int
	for deadline := time.Now().Add(30 * time.Second); child == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = up.Process.Kill()
			t.Fatal("no MiniStack started")
		}
		if _, status := local(t, command, "status", "--dir", folder); status != 0 {
			continue
		}
		for _, pid := range alive(t, folder) {
			if pid != up.Process.Pid {
				child = pid
			}
		}
	}
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("up ends with status 0")
		}
	case <-time.After(20 * time.Second):
		_ = up.Process.Kill()
		t.Fatal("up goes on without MiniStack")
	}
	if !strings.Contains(said.String(), "MiniStack ended") || !strings.Contains(said.String(), "ministack.log") {
		t.Errorf("up says %s", said.String())
	}
	noneAlive(t, folder)
}

func TestExecRunsACommandAgainstAStackOfItsOwn(t *testing.T) {
	command, folder := command(t), t.TempDir()
	out, status := local(t, command, "exec", "--dir", folder, "--", "bash", "-c",
		`echo "endpoint=$AWS_ENDPOINT_URL key=$AWS_ACCESS_KEY_ID profile=${AWS_PROFILE-none}"; curl -s -o /dev/null -w 'health=%{http_code}\n' "$AWS_ENDPOINT_URL/_portcullis/status"; exit 7`)
	if status != 7 {
		t.Errorf("status %d, want that of the command, 7", status)
	}
	for _, want := range []string{"endpoint=http://127.0.0.1:", "key=test", "profile=none", "health=200"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	noneAlive(t, folder)
	if left, err := filepath.Glob(filepath.Join(folder, "exec-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if out, status := local(t, command, "exec", "--dir", folder, "--", "no-such-command"); status != 1 || !strings.Contains(out, "no-such-command") {
		t.Errorf("status %d: %s", status, out)
	}
	noneAlive(t, folder)
}

// execs starts `local exec` in a process group of its own, as a shell does, and
// waits until the command has said that it is ready.
func execs(t *testing.T, command, folder, script string) (cmd *exec.Cmd, ended chan int) {
	t.Helper()
	cmd = exec.Command(command, "local", "exec", "--dir", folder, "bash", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	ended = make(chan int, 1)
	go func() {
		_ = cmd.Wait() // its status is in ProcessState
		ended <- cmd.ProcessState.ExitCode()
	}()
	return cmd, ended
}

func TestExecEndsAsItsCommandDoes(t *testing.T) {
	command := command(t)
	for name, c := range map[string]struct {
		script string
		signal syscall.Signal
		group  bool // as Ctrl-C, which reaches the whole group
		status int
	}{
		"Ctrl-C that the command handles": {`trap "exit 3" INT; echo ready; sleep 30 & wait`, syscall.SIGINT, true, 3},
		"Ctrl-C that it does not handle":  {"echo ready; exec sleep 30", syscall.SIGINT, true, 130},
		"a signal to exec alone":          {"echo ready; exec sleep 30", syscall.SIGTERM, false, 143},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			cmd, ended := execs(t, command, folder, c.script)
			pid := cmd.Process.Pid
			if c.group {
				pid = -pid
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
			select {
			case status := <-ended:
				if status != c.status {
					t.Errorf("status %d, want %d", status, c.status)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it goes on")
			}
			noneAlive(t, folder)
			if left, err := filepath.Glob(filepath.Join(folder, "exec-*")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func TestTheFolderOfAnExecThatWasKilledGoesWithTheNext(t *testing.T) {
	command, folder := command(t), t.TempDir()
	cmd, ended := execs(t, command, folder, "echo ready; exec sleep 30")
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	noneAlive(t, folder)
	left, err := filepath.Glob(filepath.Join(folder, "exec-*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("left: %v, %v, want the folder of the one that was killed", left, err)
	}
	must(t, command, "exec", "--dir", folder, "--", "true")
	if left, err := filepath.Glob(filepath.Join(folder, "exec-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestExecKeepsTheLogsOfAStackThatEnds(t *testing.T) {
	command, folder := command(t), t.TempDir()
	out, status := local(t, command, "exec", "--dir", folder, "bash", "-c",
		`kill -9 $(curl -s "$AWS_ENDPOINT_URL/_portcullis/status" | sed 's/.*"ministack":"[^,]*, pid \([0-9]*\).*/\1/'); exec sleep 30`)
	if status != 1 || !strings.Contains(out, "the stack ended under the command") {
		t.Errorf("status %d: %s", status, out)
	}
	log := regexp.MustCompile(`/\S*ministack\.log`).FindString(out)
	if _, err := os.Stat(log); err != nil {
		t.Errorf("the log that it names: %v\n%s", err, out)
	}
	noneAlive(t, folder)
}
