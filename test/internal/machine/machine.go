//go:build linux

// Package machine names the machine that a benchmark ran on.
package machine

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Name is the processor, memory, kernel and Go of this machine.
func Name() string {
	var name unix.Utsname
	_ = unix.Uname(&name) // cannot fail with a valid address
	var info unix.Sysinfo_t
	_ = unix.Sysinfo(&info) // as above
	return fmt.Sprintf("%s, %d cores, %.0f GB, Linux %s, %s/%s, %s",
		processor(), runtime.NumCPU(), float64(info.Totalram)*float64(info.Unit)/(1<<30), unix.ByteSliceToString(name.Release[:]),
		runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// processor is the model of the CPU, as far as the kernel knows it.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
