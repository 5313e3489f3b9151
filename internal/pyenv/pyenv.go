// Package pyenv makes Python virtual environments from pinned requirements:
// one for each set of pins and version of Python, kept in a cache folder and
// shared by everything that needs the same.
package pyenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// check prints the version and fails when Python is too old or has no venv.
const check = `import sys, venv, ensurepip
print("%d.%d" % sys.version_info[:2])
sys.exit(0 if sys.version_info >= (3, 10) else 3)`

// Interpreter is the Python to use: $PYTHON or python3 on the PATH.
func Interpreter() string {
	if python := os.Getenv("PYTHON"); python != "" {
		return python
	}
	return "python3"
}

// Check returns the version of the interpreter, or an error that says what to
// install.
func Check(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, Interpreter(), "-c", check).Output()
	version := strings.TrimSpace(string(out))
	var exit *exec.ExitError
	switch {
	case err == nil:
		return version, nil
	case errors.As(err, &exit) && exit.ExitCode() == 3:
		return "", fmt.Errorf("%s is Python %s, but Python 3.10 or newer is needed: install one, or name it with PYTHON=<interpreter>", Interpreter(), version)
	case errors.As(err, &exit):
		return "", fmt.Errorf("%s has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)", Interpreter())
	default:
		return "", fmt.Errorf("needs Python 3.10 or newer as python3 on the PATH, or named with PYTHON=<interpreter>: %w", err)
	}
}

// Environment is what a virtual environment is made of.
type Environment struct {
	// Name is a program and its version, such as ministack-1.5.33. It begins
	// the name of the folder.
	Name string
	// Requirements pins everything, what is required in turn included, by
	// version and hash, in the form of pip's requirements files.
	Requirements string
}

// Install makes sure that the environment is below cacheDir and returns its
// interpreter. The folder is named after the pins and the Python version, so
// that a change of either makes a new one; several processes may call Install
// at once. progress is told when there is something to install.
func (e Environment) Install(ctx context.Context, cacheDir string, progress func(string)) (string, error) {
	version, err := Check(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(e.Requirements))
	dir := filepath.Join(cacheDir, fmt.Sprintf("%s-py%s-%s", e.Name, version, hex.EncodeToString(sum[:4])))
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()

	python := filepath.Join(dir, "bin", "python")
	complete := filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return python, nil
	}
	progress(fmt.Sprintf("installing %s into %s", e.Name, dir))
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("a half-made environment: %w", err)
	}
	if err := run(ctx, Interpreter(), "-m", "venv", dir); err != nil {
		return "", err
	}
	pins := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(pins, []byte(e.Requirements), 0o600); err != nil {
		return "", err
	}
	if err := run(ctx, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps", "-r", pins); err != nil {
		return "", fmt.Errorf("%w\n%s comes from PyPI: check that pip can reach it (proxy, index settings)", err, e.Name)
	}
	return python, os.WriteFile(complete, nil, 0o600)
}

// run runs a command of the installation; its output is in the error.
func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// lock takes an exclusive lock on a file and returns what releases it.
func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}
