package ministack

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// program is what Python runs: MiniStack with what is replaced in it.
//
//go:embed main.py
var program string

// startTimeout bounds the wait for MiniStack's health endpoint. It starts in
// well under a second on an idle machine.
const startTimeout = 60 * time.Second

// Config says how to run MiniStack.
type Config struct {
	Python string // interpreter of the environment that Install made
	Port   int    // on 127.0.0.1
	// PublicPort is what the URLs name that MiniStack composes, such as those of
	// queues; 0 for Port.
	PublicPort int
	DataDir    string
	LogFile    string
	Region     string
	// Persist keeps the state in DataDir over a restart.
	Persist bool
}

// Server is a running MiniStack.
type Server struct {
	url  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start runs MiniStack with IAM enforced and waits until it answers. The
// process dies with this one.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	// Another server on the port would answer for ours, which would end.
	address := "127.0.0.1:" + strconv.Itoa(cfg.Port)
	probe, err := net.Listen("tcp4", address)
	if err != nil {
		return nil, fmt.Errorf("MiniStack's port is taken: %w; stop what listens there", err)
	}
	_ = probe.Close()
	temp := filepath.Join(cfg.DataDir, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(cfg.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own handle

	cmd := exec.Command(cfg.Python, "-c", program)
	cmd.Dir = cfg.DataDir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	cmd.Env = append(inherited(),
		"AUTH=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1", "GATEWAY_PORT="+strconv.Itoa(cmp.Or(cfg.PublicPort, cfg.Port)), "PORTCULLIS_PORT="+strconv.Itoa(cfg.Port),
		"MINISTACK_REGION="+cfg.Region,
		"IOT_MTLS_ENABLED=0", // otherwise it also listens on 0.0.0.0:8883
		"STATE_DIR="+filepath.Join(cfg.DataDir, "state"), "S3_DATA_DIR="+filepath.Join(cfg.DataDir, "s3"), "TMPDIR="+temp,
	)
	if cfg.Persist {
		cmd.Env = append(cmd.Env, "PERSIST_STATE=1", "S3_PERSIST=1")
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start MiniStack: %w", err)
	}
	s := &Server{url: "http://" + address, cmd: cmd, done: make(chan struct{})}
	go func() {
		s.err = cmd.Wait()
		close(s.done)
	}()
	if err := s.waitReady(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w; its log is %s", err, cfg.LogFile)
	}
	return s, nil
}

// inherited is the part of this process's environment that MiniStack may see.
func inherited() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client := &http.Client{Timeout: 2 * time.Second}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/_ministack/health", nil)
		if err != nil {
			return err
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.done:
			return fmt.Errorf("MiniStack ended while it started: %w", s.Err())
		case <-ctx.Done():
			return fmt.Errorf("MiniStack did not answer: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// URL is MiniStack's own address, without a trailing slash.
func (s *Server) URL() string { return s.url }

// PID is the id of its process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Done is closed when the process has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says how the process ended; only after Done.
func (s *Server) Err() error {
	if s.err == nil {
		return errors.New("it ended with status 0")
	}
	return s.err
}

// stopTimeout is how long MiniStack has to write its state and end.
const stopTimeout = 5 * time.Second

// Stop ends the process, by force when it does not end by itself within
// stopTimeout. It takes no context: MiniStack writes its state when it ends.
func (s *Server) Stop() {
	select {
	case <-s.done:
		return // its process id may be another's by now
	default:
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.done:
		return
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.done
}
