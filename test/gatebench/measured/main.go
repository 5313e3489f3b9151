//go:build linux

// Measured runs a program and writes what it took into a file, as JSON: the time by
// the clock, that of the processors, and at most of memory in bytes. It is a
// process of its own, and a small one, since Linux counts the memory of whoever
// starts a program as the program's (getrusage(2), ru_maxrss; the parent's pages are
// the child's until it executes another program).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: measured <file> <program> [argument …]")
		os.Exit(2)
	}
	status, err := run(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "measured:", err)
		os.Exit(2)
	}
	os.Exit(status)
}

func run(file, program string, args []string) (int, error) {
	cmd := exec.Command(program, args...) // #nosec G204 G702 -- the benchmark names it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	began := time.Now()
	err := cmd.Run()
	clock := time.Since(began)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system does not say what a process takes")
	}
	took, err := json.Marshal(map[string]int64{
		"Clock": int64(clock), "CPU": int64(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()), "Memory": usage.Maxrss << 10,
	})
	if err != nil {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), os.WriteFile(file, took, 0o600)
}
