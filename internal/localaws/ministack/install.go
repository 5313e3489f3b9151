// Package ministack installs and runs MiniStack, the open emulator that serves
// every AWS API of the local stack that the stack does not serve itself.
package ministack

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Version is the pinned release of MiniStack.
const Version = "1.5.33"

// requirements pins MiniStack and what it needs by version and hash.
// cryptography is not a hard dependency of MiniStack, but without it Cognito's
// tokens carry random bytes instead of a signature.
//
//go:embed requirements.txt
var requirements string

// pythonCheck prints the version and fails when Python is too old or has no
// venv.
const pythonCheck = `import sys, venv, ensurepip
print("%d.%d" % sys.version_info[:2])
sys.exit(0 if sys.version_info >= (3, 10) else 3)`

// Python is the interpreter to use: $PYTHON or python3 on the PATH.
func Python() string {
	if python := os.Getenv("PYTHON"); python != "" {
		return python
	}
	return "python3"
}

// CheckPython returns the version of the interpreter, or an error that says
// what to install.
func CheckPython(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, Python(), "-c", pythonCheck).Output()
	version := strings.TrimSpace(string(out))
	var exit *exec.ExitError
	switch {
	case err == nil:
		return version, nil
	case errors.As(err, &exit) && exit.ExitCode() == 3:
		return "", fmt.Errorf("%s is Python %s, but the local stack needs Python 3.10 or newer: install one, or name it with PYTHON=<interpreter>", Python(), version)
	case errors.As(err, &exit):
		return "", fmt.Errorf("%s has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)", Python())
	default:
		return "", fmt.Errorf("the local stack needs Python 3.10 or newer as python3 on the PATH, or named with PYTHON=<interpreter>: %w", err)
	}
}

// Install makes sure that the pinned MiniStack is in a virtual environment of
// its own below cacheDir and returns that environment's interpreter. The
// environment is named after the pins and the Python version, so that a change
// of either makes a new one; several processes may call Install at once.
func Install(ctx context.Context, cacheDir string, progress func(string)) (string, error) {
	version, err := CheckPython(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(requirements))
	dir := filepath.Join(cacheDir, fmt.Sprintf("ministack-%s-py%s-%s", Version, version, hex.EncodeToString(sum[:4])))
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
	progress(fmt.Sprintf("installing MiniStack %s into %s", Version, dir))
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("a half-made environment: %w", err)
	}
	if err := run(ctx, Python(), "-m", "venv", dir); err != nil {
		return "", err
	}
	pins := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(pins, []byte(requirements), 0o600); err != nil {
		return "", err
	}
	if err := run(ctx, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps", "-r", pins); err != nil {
		return "", fmt.Errorf("%w\nMiniStack comes from PyPI: check that pip can reach it (proxy, index settings)", err)
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
