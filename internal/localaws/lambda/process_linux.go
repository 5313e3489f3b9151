package lambda

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	if !p.reaped {
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	}
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

// peakMemoryMB is the largest resident set, rounded up. Only for after exited.
func (p *process) peakMemoryMB() int {
	usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int(usage.Maxrss/1024) + 1
}
