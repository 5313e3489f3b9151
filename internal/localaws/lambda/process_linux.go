package lambda

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// spawner starts processes from one thread that lives as long as it does:
// Linux sends a child's parent-death signal when the thread that started it
// ends, not the process.
type spawner struct {
	requests chan func()
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for start := range s.requests {
			start()
		}
	}()
	return s
}

func (s *spawner) stop() { close(s.requests) }

// process is the bootstrap of one sandbox and everything it starts: they form a
// process group.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the bootstrap has ended and its group is killed

	mu     sync.Mutex
	killed bool
	reaped bool
}

// start runs the bootstrap in dir. It is killed when this process ends, however
// that happens.
func (s *spawner) start(dir string, env []string, output *os.File) (*process, error) {
	for attempt := 1; ; attempt++ {
		cmd := &exec.Cmd{
			Path:   filepath.Join(dir, bootstrap),
			Args:   []string{filepath.Join(dir, bootstrap)},
			Dir:    dir,
			Env:    env,
			Stdout: output,
			Stderr: output,
			SysProcAttr: &syscall.SysProcAttr{
				Setpgid:   true,
				Pdeathsig: syscall.SIGKILL,
			},
		}
		started := make(chan error)
		s.requests <- func() { started <- cmd.Start() }
		err := <-started
		if err == nil {
			p := &process{cmd: cmd, exited: make(chan struct{})}
			go p.wait()
			return p, nil
		}
		// A process that was forked while the file was written, and has not
		// yet become another program, holds it open (golang.org/issue/22315).
		if !errors.Is(err, syscall.ETXTBSY) || attempt == maxStarts {
			return nil, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

const maxStarts = 20

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill ends the whole group. The group's id stays taken until the bootstrap is
// reaped, so it cannot be another's by then.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if !p.reaped {
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	}
}

// dying tells whether the group has been killed, be there something left of it or
// not.
func (p *process) dying() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

func (p *process) wait() {
	for {
		err := unix.Waitid(unix.P_PID, p.pid(), nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	p.kill()
	p.mu.Lock()
	p.reaped = true
	_ = p.cmd.Wait() // its outcome is in ProcessState
	p.mu.Unlock()
	close(p.exited)
}

// state says how the bootstrap ended, e.g. "exit status 1" or "signal: killed".
// Only for after exited.
func (p *process) state() string { return p.cmd.ProcessState.String() }

// lastMemory is the largest resident set of the bootstrap, in bytes. Only for
// after exited.
func (p *process) lastMemory() int64 {
	usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}

// peakMemory is the largest resident set of the bootstrap until now, in bytes,
// and 0 when it is gone.
func (p *process) peakMemory() int64 {
	peak, _ := residentSet(p.pid())
	return peak
}

// groupMemory is the same, or what the bootstrap uses now together with the
// processes it started, if that is more.
func (p *process) groupMemory() int64 {
	peak, now := residentSet(p.pid())
	for _, child := range descendants(p.pid()) {
		_, used := residentSet(child)
		now += used
	}
	return max(peak, now)
}

// residentSet reads the largest and the present resident set of a process, in
// bytes (proc_pid_status(5)).
func residentSet(pid int) (peak, now int64) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0
	}
	return statusField(status, "\nVmHWM:"), statusField(status, "\nVmRSS:")
}

func statusField(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte(name))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}

// descendants lists what a process and its children have started. A kernel
// without the lists of children has none.
func descendants(pid int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	dir, err := os.Open(tasks)
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	threads, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var all []int
	for _, thread := range threads {
		children, err := os.ReadFile(tasks + "/" + thread + "/children")
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range bytes.Fields(children) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}
