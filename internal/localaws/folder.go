package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/port"
)

// Folder is where a stack keeps its state and logs. A folder has at most one
// running stack.
type Folder struct{ path string }

// ErrRunning says that the folder's stack runs already.
var ErrRunning = errors.New("a stack runs here already")

// ErrNotRunning says that the folder has no running stack.
var ErrNotRunning = errors.New("no stack runs here")

// OpenFolder returns the folder at path and creates it where it is missing.
func OpenFolder(path string) (Folder, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Folder{}, err
	}
	for _, dir := range []string{absolute, filepath.Join(absolute, "logs"), filepath.Join(absolute, "data")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return Folder{}, fmt.Errorf("the stack's folder: %w", err)
		}
	}
	return Folder{path: absolute}, nil
}

// Path is the folder's absolute path.
func (f Folder) Path() string { return f.path }

// Data is where a part of the stack keeps its state.
func (f Folder) Data(part string) string { return filepath.Join(f.path, "data", part) }

// Log is the path of a log file.
func (f Folder) Log(name string) string { return filepath.Join(f.path, "logs", name+".log") }

// NewLog begins a log. That of the run before is kept beside it as
// <name>.previous.log, and older ones go, so that logs do not grow for ever.
func (f Folder) NewLog(name string) (*os.File, error) {
	if err := f.keepPrevious(name); err != nil {
		return nil, err
	}
	return os.OpenFile(f.Log(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

func (f Folder) keepPrevious(name string) error {
	err := os.Rename(f.Log(name), f.Log(name+".previous"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the log of the run before: %w", err)
	}
	return nil
}

// Clean removes what the stack has stored; ports and logs stay.
func (f Folder) Clean() error { return os.RemoveAll(filepath.Join(f.path, "data")) }

// temporary is what the names of temporary folders begin with; the id of the
// process that made them follows.
const temporary = "exec-"

// Temporary makes a folder for a stack of its own below this one. It is this
// process's, which has to remove it.
func (f Folder) Temporary() (Folder, error) {
	dir, err := os.MkdirTemp(f.path, fmt.Sprintf("%s%d-", temporary, os.Getpid()))
	if err != nil {
		return Folder{}, fmt.Errorf("the stack's folder: %w", err)
	}
	return OpenFolder(dir)
}

// RemoveAbandoned removes temporary folders whose process was killed.
func (f Folder) RemoveAbandoned() error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("the stack's folder: %w", err)
	}
	for _, entry := range entries {
		owner, _, _ := strings.Cut(strings.TrimPrefix(entry.Name(), temporary), "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || !entry.IsDir() || !strings.HasPrefix(entry.Name(), temporary) || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		// A process of another PID namespace looks gone too, but its stack has
		// the lock.
		dir := Folder{path: filepath.Join(f.path, entry.Name())}
		release, err := dir.lock()
		if err != nil {
			continue
		}
		err = os.RemoveAll(dir.path)
		release()
		if err != nil {
			return fmt.Errorf("the folder of a stack that was killed: %w", err)
		}
	}
	return nil
}

// Ports are the addresses of a folder's stack. The gateway's stays the same,
// since the state of Terraform holds URLs with it; MiniStack's is in none.
type Ports struct {
	Gateway   int `json:"gateway"`
	MiniStack int `json:"ministack"`
	// Edge is where the first CloudFront distribution is served. It stays the same
	// as well, since site URLs and allowed origins name it.
	Edge int `json:"edge"`
}

// ports returns the folder's ports, chosen free the first time. A wanted
// gateway port replaces the kept one.
func (f Folder) ports(gateway int) (Ports, error) {
	file := filepath.Join(f.path, "ports.json")
	var ports Ports
	if err := readJSON(file, &ports); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Ports{}, fmt.Errorf("%w: remove the file to choose new ports", err)
	}
	if gateway != 0 {
		ports.Gateway = gateway
	}
	for _, kept := range []*int{&ports.Gateway, &ports.MiniStack, &ports.Edge} {
		if *kept != 0 {
			continue
		}
		free, err := port.Free()
		if err != nil {
			return Ports{}, err
		}
		*kept = free
	}
	return ports, writeJSON(file, ports)
}

// ministackPort replaces MiniStack's port when another process has taken it.
func (f Folder) ministackPort(ctx context.Context, ports Ports, progress func(string)) (Ports, error) {
	l, err := port.Listen(ctx, "127.0.0.1:"+strconv.Itoa(ports.MiniStack))
	if err == nil {
		return ports, l.Close()
	}
	taken := ports.MiniStack
	if ports.MiniStack, err = port.Free(); err != nil {
		return Ports{}, err
	}
	progress(fmt.Sprintf("port %d, where MiniStack listened before, is taken; it listens on %d now", taken, ports.MiniStack))
	return ports, writeJSON(filepath.Join(f.path, "ports.json"), ports)
}

// Run describes a running stack to other processes.
type Run struct {
	PID      int    `json:"pid"`
	Endpoint string `json:"endpoint"`
	// Edge is the URL of the first CloudFront distribution.
	Edge   string `json:"edge"`
	Region string `json:"region"`
}

func (f Folder) runFile() string { return filepath.Join(f.path, "run.json") }

// Running returns the folder's running stack, or ErrNotRunning. A stack that
// was killed counts as not running, whatever files it left.
func (f Folder) Running() (Run, error) {
	release, err := f.lock()
	if err == nil {
		release()
		return Run{}, ErrNotRunning
	}
	if !errors.Is(err, ErrRunning) {
		return Run{}, err
	}
	var run Run
	if err := readJSON(f.runFile(), &run); err != nil {
		return Run{}, fmt.Errorf("the stack is starting or stopping: %w", err)
	}
	return run, nil
}

// lock takes the folder for this process; ErrRunning when another one has it.
// The kernel releases it when the process ends, however that happens.
func (f Folder) lock() (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(f.path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the stack's folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return func() { _ = file.Close() }, nil
}

// probing is longer than another process holds the lock that only looks whether
// a stack runs.
const probing = 500 * time.Millisecond

// own takes the folder for a stack.
func (f Folder) own() (release func(), err error) {
	for deadline := time.Now().Add(probing); ; time.Sleep(10 * time.Millisecond) {
		release, err := f.lock()
		if !errors.Is(err, ErrRunning) || time.Now().After(deadline) {
			return release, err
		}
	}
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// writeJSON replaces a file in one step.
func writeJSON(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	temp := file + ".new"
	if err := os.WriteFile(temp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// CacheDir is where environments are kept that several folders can share.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(base, "portcullis"), nil
}
