package localaws

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func openFolder(t *testing.T) Folder {
	t.Helper()
	folder, err := OpenFolder(filepath.Join(t.TempDir(), "a folder"))
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestPortsAreChosenOnceForAFolder(t *testing.T) {
	folder := openFolder(t)
	first, err := folder.ports(0)
	if err != nil || first.Gateway == 0 || first.MiniStack == 0 || first.Gateway == first.MiniStack {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := folder.ports(0); err != nil || again != first {
		t.Fatalf("%+v, %v, want %+v", again, err, first)
	}
	fixed, err := folder.ports(4566)
	if err != nil || fixed.Gateway != 4566 || fixed.MiniStack != first.MiniStack {
		t.Fatalf("%+v, %v with a fixed port", fixed, err)
	}
	if kept, err := folder.ports(0); err != nil || kept != fixed {
		t.Fatalf("%+v, %v, want the fixed port kept", kept, err)
	}
	if err := os.WriteFile(filepath.Join(folder.Path(), "ports.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.ports(0); err == nil || !strings.Contains(err.Error(), "ports.json") || !strings.Contains(err.Error(), "remove the file") {
		t.Fatalf("error %v for a broken file", err)
	}
}

func TestAFolderHasOneStack(t *testing.T) {
	folder := openFolder(t)
	if _, err := folder.Running(); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("error %v, want ErrNotRunning", err)
	}
	release, err := folder.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.lock(); !errors.Is(err, ErrRunning) {
		t.Fatalf("error %v, want ErrRunning", err)
	}
	if _, err := folder.Running(); err == nil || !strings.Contains(err.Error(), "starting or stopping") {
		t.Fatalf("error %v before the stack has said where it is", err)
	}
	want := Run{PID: 7, Endpoint: "http://127.0.0.1:1", Region: "eu-west-1"}
	if err := writeJSON(folder.runFile(), want); err != nil {
		t.Fatal(err)
	}
	if run, err := folder.Running(); err != nil || run != want {
		t.Fatalf("%+v, %v, want %+v", run, err, want)
	}
	release()
	// The file of a stack that was killed is still there.
	if _, err := folder.Running(); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("error %v after the end, want ErrNotRunning", err)
	}
}

func TestWhoLooksDoesNotKeepAStackFromStarting(t *testing.T) {
	folder := openFolder(t)
	looked, err := folder.lock() // as Running does, for a moment
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, looked)
	release, err := folder.own()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := folder.own(); !errors.Is(err, ErrRunning) {
		t.Errorf("error %v, want ErrRunning", err)
	}
}

func TestSettingsOfAnotherAccountAreLeftOut(t *testing.T) {
	kept := []string{"PATH=/bin", "AWS_REGION=eu-west-1", "HOME=/home"}
	env := slices.Concat(kept, []string{
		"AWS_PROFILE=mine", "AWS_SESSION_TOKEN=x", "AWS_ENDPOINT_URL=https://example.com", "AWS_ENDPOINT_URL_DYNAMODB=https://example.com", "AWS_WEB_IDENTITY_TOKEN_FILE=/x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
	})
	if got := WithoutForeign(env); !slices.Equal(got, kept) {
		t.Fatalf("kept %v, want %v", got, kept)
	}
	if foreign := Foreign(env); !slices.Contains(foreign, "AWS_ENDPOINT_URL_DYNAMODB") || !slices.Contains(foreign, "AWS_ROLE_ARN") {
		t.Errorf("foreign are %v", foreign)
	}
	settings := Environment(Run{Endpoint: "http://127.0.0.1:4566", Edge: "http://127.0.0.1:4567", Region: "eu-west-1"})
	for _, want := range []string{
		"AWS_ENDPOINT_URL=http://127.0.0.1:4566", "PORTCULLIS_EDGE_URL=http://127.0.0.1:4567", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
		"TF_VAR_cognito_endpoint=http://127.0.0.1:4566", "TF_VAR_architecture=" + Architecture(),
	} {
		if !slices.Contains(settings, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	folder := openFolder(t)
	_, err = Start(t.Context(), options(t, folder, port))
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) || !strings.Contains(err.Error(), "--port") {
		t.Fatalf("error %v", err)
	}
	if _, err := folder.Running(); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("the folder is still taken: %v", err)
	}
}

func TestAFileIsReplacedInOneStep(t *testing.T) {
	folder := openFolder(t)
	file := filepath.Join(folder.Path(), "x.json")
	written := Ports{Gateway: 1, MiniStack: 2}
	if err := writeJSON(file, written); err != nil {
		t.Fatal(err)
	}
	if err := writeJSON(file, func() {}); err == nil {
		t.Fatal("a function was written")
	}
	var read Ports
	if err := readJSON(file, &read); err != nil || read != written {
		t.Errorf("%+v, %v after a write that failed", read, err)
	}
	left, err := filepath.Glob(filepath.Join(folder.Path(), "*.new"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v: half a file is left", left, err)
	}
}

func TestCleanKeepsPortsAndLogs(t *testing.T) {
	folder := openFolder(t)
	ports, err := folder.ports(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{folder.Data("x"), folder.Log("x")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := folder.Clean(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder.Data("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was stored is still there: %v", err)
	}
	if _, err := os.Stat(folder.Log("x")); err != nil {
		t.Error(err)
	}
	if again, err := folder.ports(0); err != nil || again != ports {
		t.Errorf("%+v, %v, want %+v", again, err, ports)
	}
}

func TestOnlyAbandonedTemporaryFoldersAreRemoved(t *testing.T) {
	folder := openFolder(t)
	mine, err := folder.Temporary()
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	of := func(owner string) Folder {
		made, err := OpenFolder(filepath.Join(folder.Path(), temporary+owner))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	gone := fmt.Sprint(ended.ProcessState.Pid())
	abandoned, running, other := of(gone+"-1"), of(gone+"-2"), of("else")
	release, err := running.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := folder.RemoveAbandoned(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(abandoned.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a process that has ended is still there: %v", err)
	}
	for name, path := range map[string]string{
		"that of this process": mine.Path(), "that of a running stack": running.Path(), "a folder of another name": other.Path(),
		"the stack's own data": filepath.Join(folder.Path(), "data"),
	} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestANewLogKeepsTheOneBeforeIt(t *testing.T) {
	folder := openFolder(t)
	for run := range 3 {
		log, err := folder.NewLog("stack")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(log, run)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"stack": "2", "stack.previous": "1"} {
		if got, err := os.ReadFile(folder.Log(name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if logs, err := os.ReadDir(filepath.Dir(folder.Log("stack"))); err != nil || len(logs) != 2 {
		t.Errorf("%v, %v, want two logs", logs, err)
	}
}
