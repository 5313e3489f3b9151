//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc/<pid>/stat: USER_HZ, which is 100 on
// every architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// residentMemory is the resident set of a process in bytes.
func residentMemory(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// cpu is the processor time of the parts that a message goes through.
type cpu struct {
	Took, Stack, MiniStack, Functions, Bench time.Duration
}

// since is what was used between before and c.
func (c cpu) since(before cpu) cpu {
	return cpu{c.Took - before.Took, c.Stack - before.Stack, c.MiniStack - before.MiniStack, c.Functions - before.Functions, c.Bench - before.Bench}
}

// Share is a part of the processor time of one core.
func (c cpu) Share(part time.Duration) string {
	return fmt.Sprintf("%.0f %%", 100*part.Seconds()/c.Took.Seconds())
}

// Most names the part that used most.
func (c cpu) Most() string {
	name, most := "the stack", c.Stack
	for other, used := range map[string]time.Duration{"MiniStack": c.MiniStack, "the functions": c.Functions, "the clients": c.Bench} {
		if used > most {
			name, most = other, used
		}
	}
	return name
}

// usage is the processor time used up to now. The functions and MiniStack are
// children of the stack; functions that have ended are counted with it.
func (b *bench) usage() (cpu, error) {
	_, ministack, err := b.ministack()
	if err != nil {
		return cpu{}, err
	}
	c := cpu{Took: time.Duration(time.Now().UnixNano())}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return cpu{}, err
	}
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name of the program may have any character in it.
		fields := strings.Fields(string(data[slices.Index(data, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ := strconv.Atoi(fields[1])
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		used := time.Duration(user+system) * clockTick
		switch {
		case pid == b.stack.PID:
			c.Stack += used
		case pid == ministack:
			c.MiniStack += used
		case parent == b.stack.PID:
			c.Functions += used
		case pid == os.Getpid():
			c.Bench += used
		}
	}
	return c, nil
}

// ministack is the address and the process of MiniStack, as the status has them.
func (b *bench) ministack() (url string, pid int, err error) {
	if _, err := fmt.Sscanf(strings.ReplaceAll(b.stack.MiniStack, ",", " "), "%s pid %d %s", new(string), &pid, &url); err != nil {
		return "", 0, fmt.Errorf("the status says of MiniStack %q: %w", b.stack.MiniStack, err)
	}
	return url, pid, nil
}

// times are measured durations.
type times []time.Duration

// At is the quantile q of the durations.
func (t times) At(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	slices.Sort(t)
	return t[min(int(q*float64(len(t))), len(t)-1)]
}

func (t times) mean() time.Duration {
	if len(t) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range t {
		sum += d
	}
	return sum / time.Duration(len(t))
}
