package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/test/probe"
)

// temporary is a folder for temporary files that has nothing in it but what the
// commands of this test leave.
func temporary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return dir
}

// empty fails the test when a folder has anything in it.
func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in %s: %v, %v", dir, left, err)
	}
}

// status is what a running stack says of itself.
func status(t *testing.T, command, folder string) localaws.Status {
	t.Helper()
	var s localaws.Status
	if err := json.Unmarshal([]byte(must(t, command, "status", "--json", "--dir", folder)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// free waits until nothing listens on the ports of a folder. The kernel takes a
// killed process's memory, and with it its name, before its sockets.
func free(t *testing.T, folder string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "ports.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ports localaws.Ports
	if err := json.Unmarshal(data, &ports); err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{ports.Gateway, ports.MiniStack} {
		address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			conn, err := net.DialTimeout("tcp", address, time.Second)
			if err != nil {
				break
			}
			_ = conn.Close()
			if time.Now().After(deadline) {
				t.Fatalf("something still listens on %s", address)
			}
		}
	}
}

// account are the settings of an SDK for a stack.
func account(endpoint string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(localaws.RootAccessKeyID, localaws.RootSecretAccessKey, ""),
	}
}

// buildProbe builds the probe's function.
var buildProbe = sync.OnceValues(func() ([]byte, error) {
	return probe.Build(context.Background(), "../..", filepath.Join(built, "probe"))
})

// deployProbe deploys a function and an API in front of it.
func deployProbe(t *testing.T, endpoint string) *probe.Probe {
	t.Helper()
	zip, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := probe.Deploy(t.Context(), account(endpoint), zip)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// dial opens a connection to a probe.
func dial(t *testing.T, p *probe.Probe) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), p.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// write sends a message.
func write(t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// read returns the next message.
func read(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// busy waits until an instance of a function is at work and returns its process.
func busy(t *testing.T, command, folder string) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, f := range status(t, command, folder).Functions {
			if f.State == "busy" {
				return f.PID
			}
		}
	}
	t.Fatal("no function is at work")
	return 0
}

// A stack is killed while a client is connected and a function is at work.
func TestNothingIsLeftOfAStackThatWasKilled(t *testing.T) {
	command, folder := command(t), t.TempDir()
	temp := temporary(t)
	t.Cleanup(func() { local(t, command, "down", "--dir", folder) })
	must(t, command, "up", "-d", "--dir", folder)
	running := status(t, command, folder)
	p := deployProbe(t, running.Endpoint)
	empty(t, temp)
	conn := dial(t, p)
	write(t, conn, probe.Hang)
	busy(t, command, folder)
	if err := syscall.Kill(running.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("the connection is still there")
	}
	noneAlive(t, folder)
	free(t, folder)
	empty(t, temp)

	must(t, command, "down", "--clean", "--dir", folder)
	left := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left[strings.TrimPrefix(path, folder+"/")] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"lock", "ports.json", "run.json", "logs/stack.log", "logs/ministack.log", "logs/up.log"} {
		delete(left, kept)
	}
	if len(left) > 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

func TestNothingIsLeftOfAnExecThatWasKilled(t *testing.T) {
	command, folder := command(t), t.TempDir()
	temp := temporary(t)
	cmd, ended := execs(t, command, folder, "echo ready; exec sleep 30")
	if err := cmd.Process.Kill(); err != nil { // it alone, and not its command
		t.Fatal(err)
	}
	<-ended
	noneAlive(t, folder)
	empty(t, temp)
	must(t, command, "down", "--dir", folder)
	if left, err := filepath.Glob(filepath.Join(folder, "exec-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A function's process is killed in the middle of a request: the caller hears
// of it, the function's log says it, and the next request is served.
func TestAFunctionThatIsKilledAtWorkFailsThatRequestOnly(t *testing.T) {
	command, folder := command(t), t.TempDir()
	t.Cleanup(func() { local(t, command, "down", "--dir", folder) })
	must(t, command, "up", "-d", "--dir", folder)
	endpoint := status(t, command, folder).Endpoint
	p := deployProbe(t, endpoint)
	conn := dial(t, p)
	write(t, conn, probe.Hang)
	victim := busy(t, command, folder)
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := read(t, conn); !strings.Contains(got, `"message": "Internal server error"`) {
		t.Errorf("the caller hears %s", got)
	}
	if err := syscall.Kill(victim, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("its process (pid %d): %v", victim, err)
	}
	write(t, conn, probe.Call)
	if got := read(t, conn); got != probe.Answer {
		t.Errorf("the next request is answered with %s", got)
	}
	logs := cloudwatchlogs.NewFromConfig(account(endpoint))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		found, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &p.LogGroup})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, event := range found.Events {
			lines = append(lines, *event.Message)
		}
		if strings.Contains(strings.Join(lines, "\n"), "signal: killed") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log says %q", lines)
		}
	}
}

// figures are what a stack that is down has left behind.
type figures struct {
	files     int   // in the folder
	bytes     int64 // in the folder, without cloudWatch
	temporary int   // entries of the folder for temporary files
	// cloudWatch is in bytes what MiniStack keeps of the functions' logs and of
	// metrics: it has to grow.
	cloudWatch int64
	processes  int
}

func measure(t *testing.T, folder, temp string) figures {
	t.Helper()
	f := figures{processes: len(alive(t, folder))}
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		switch {
		case err != nil || entry.IsDir():
		case strings.HasPrefix(entry.Name(), "cloudwatch"):
			f.files++
			f.cloudWatch += info.Size()
		default:
			f.files++
			f.bytes += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	f.temporary = len(left)
	return f
}

// What is deployed stays deployed, and is used in each cycle.
func TestManyCyclesOfUpAndDownDoNotGrow(t *testing.T) {
	const cycles, settled, slack = 24, 4, 1 << 10 // bytes: ids and times differ in length
	command, folder := command(t), t.TempDir()
	temp := temporary(t)
	t.Cleanup(func() { local(t, command, "down", "--dir", folder) })
	var p *probe.Probe
	var first figures
	for cycle := 1; cycle <= cycles; cycle++ {
		must(t, command, "up", "-d", "--dir", folder)
		if p == nil {
			p = deployProbe(t, status(t, command, folder).Endpoint)
		}
		conn := dial(t, p)
		write(t, conn, probe.Call)
		if got := read(t, conn); got != probe.Answer {
			t.Fatalf("cycle %d: the function answers %q", cycle, got)
		}
		must(t, command, "down", "--dir", folder)
		noneAlive(t, folder)
		now := measure(t, folder, temp)
		t.Logf("after %2d: %d files, %d bytes and %d of logs and metrics in the folder; %d temporary files, %d processes",
			cycle, now.files, now.bytes, now.cloudWatch, now.temporary, now.processes)
		if cycle == settled {
			first = now
		}
		if now.temporary > 0 || now.processes > 0 || cycle > settled && (now.files > first.files || now.bytes > first.bytes+slack) {
			t.Fatalf("it grows: %+v after cycle %d, %+v after cycle %d", now, cycle, first, settled)
		}
	}
	free(t, folder)
}
