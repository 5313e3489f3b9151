package lambda

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// invalidEntrypoint is AWS's error type for a bootstrap that cannot be started.
const invalidEntrypoint = "Runtime.InvalidEntrypoint"

// entrypoint is what is known of a bootstrap.
type entrypoint struct {
	// architecture is AWS's name for the ELF file's machine; empty for what is
	// no ELF file (a script), which runs anywhere.
	architecture string
	err          error
}

func readEntrypoint(dir string) entrypoint {
	path := filepath.Join(dir, bootstrap)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return entrypoint{err: errors.New("couldn't find valid bootstrap(s): the zip has no file \"bootstrap\" at its top; build it with `make package`")}
	}
	if err != nil {
		return entrypoint{err: err}
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return entrypoint{err: errors.New("fork/exec bootstrap: permission denied: the zip says that \"bootstrap\" is not executable; build it with `make package`")}
	}
	file, err := elf.Open(path)
	if err != nil {
		return entrypoint{}
	}
	defer func() { _ = file.Close() }()
	return entrypoint{architecture: architectureOf(file.Machine)}
}

func architectureOf(machine elf.Machine) string {
	switch machine {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_AARCH64:
		return "arm64"
	default:
		return machine.String()
	}
}

// check tells whether the bootstrap can run, on AWS (as the function's
// architecture says) and on this host.
func (e entrypoint) check(function string) error {
	err := e.err
	host := hostArchitecture()
	switch {
	case err != nil:
	case e.architecture != "" && e.architecture != function:
		err = fmt.Errorf("exec format error: bootstrap is built for %s, the function's architecture is %s (this host runs %s): use one architecture for both and build with `make package`", e.architecture, function, host)
	case function != host:
		err = fmt.Errorf("exec format error: the function and its bootstrap are for %s, this host runs %s: set the function's architecture to %s and build with `make package`", function, host, host)
	}
	if err != nil {
		return &failure{errorType: invalidEntrypoint, message: err.Error()}
	}
	return nil
}
