// Package packaging builds the zips that AWS Lambda runs, byte for byte the
// same wherever it is done. Nothing of the machine gets into them: no path, no
// version control stamp, no time, no owner, and no setting of the environment
// or of `go env -w`. What remains is the source and the Go toolchain; a
// `toolchain` line in go.mod pins the latter.
package packaging

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// SumsFile is the file beside the zips that holds their SHA-256 sums, in the
// format of sha256sum.
const SumsFile = "SHA256SUMS"

// bootstrap is the name the runtime provided.al2023 starts.
const bootstrap = "bootstrap"

// Arch is an instruction set by the name AWS Lambda gives it.
type Arch string

// The instruction sets of AWS Lambda.
const (
	ARM64 Arch = "arm64"
	X8664 Arch = "x86_64"
)

// ParseArch reads a name of AWS; `host` is the instruction set of this machine.
func ParseArch(name string) (Arch, error) {
	if name == "host" {
		return Host()
	}
	switch arch := Arch(name); arch {
	case ARM64, X8664:
		return arch, nil
	}
	return "", fmt.Errorf("unknown architecture %q: arm64, x86_64 and host are known", name)
}

// Host is the instruction set of this machine, so that what is built for it
// can be run here.
func Host() (Arch, error) {
	switch runtime.GOARCH {
	case "arm64":
		return ARM64, nil
	case "amd64":
		return X8664, nil
	}
	return "", fmt.Errorf("this machine's architecture %s is none of AWS Lambda's (arm64, x86_64)", runtime.GOARCH)
}

// goSettings names the compiler's target. The level is the lowest, since it
// changes the bytes and every Lambda host has it.
func (a Arch) goSettings() []string {
	if a == ARM64 {
		return []string{"GOARCH=arm64", "GOARM64=v8.0"}
	}
	return []string{"GOARCH=amd64", "GOAMD64=v1"}
}

// Functions are the packages of the chat's four functions.
func Functions() []string {
	return []string{"./lambdas/authorizer", "./lambdas/connect", "./lambdas/disconnect", "./lambdas/message"}
}

// Artifact is one zip that was made.
type Artifact struct {
	Name   string // file name, such as connect.zip
	Size   int64  // bytes
	SHA256 string // lower-case hex
}

// Build compiles the main packages, given relative to the module in the folder
// module, and leaves <base of the package>.zip for each and SumsFile in the
// folder out. The folder appears complete or stays as it was; one that holds
// anything but a package is not replaced.
func Build(ctx context.Context, module, out string, arch Arch, packages []string) ([]Artifact, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, fmt.Errorf("folder of the package: %w", err)
	}
	if err := mayReplace(out); err != nil {
		return nil, err
	}
	env, err := environment(ctx, module, arch)
	if err != nil {
		return nil, err
	}

	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, fmt.Errorf("folder of the package: %w", err)
	}
	// The work is done beside the target: a rename is atomic only within one
	// file system.
	work, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+"-")
	if err != nil {
		return nil, fmt.Errorf("folder of the package: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	binaries, zips := filepath.Join(work, "binaries"), filepath.Join(work, "zips")
	for _, folder := range []string{binaries, zips} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, fmt.Errorf("folder of the package: %w", err)
		}
	}

	if err := compile(ctx, module, binaries, env, packages); err != nil {
		return nil, err
	}
	artifacts := make([]Artifact, 0, len(packages))
	for _, pkg := range packages {
		binary, err := os.ReadFile(filepath.Join(binaries, path.Base(pkg)))
		if err != nil {
			return nil, fmt.Errorf("binary of %s: %w", pkg, err)
		}
		archive, err := pack(binary)
		if err != nil {
			return nil, fmt.Errorf("zip of %s: %w", pkg, err)
		}
		name := path.Base(pkg) + ".zip"
		if err := os.WriteFile(filepath.Join(zips, name), archive, 0o644); err != nil {
			return nil, fmt.Errorf("zip of %s: %w", pkg, err)
		}
		sum := sha256.Sum256(archive)
		artifacts = append(artifacts, Artifact{Name: name, Size: int64(len(archive)), SHA256: hex.EncodeToString(sum[:])})
	}
	slices.SortFunc(artifacts, func(a, b Artifact) int { return cmp.Compare(a.Name, b.Name) })
	if err := os.WriteFile(filepath.Join(zips, SumsFile), sums(artifacts), 0o644); err != nil {
		return nil, fmt.Errorf("sums: %w", err)
	}
	if err := replace(out, zips, filepath.Join(work, "before")); err != nil {
		return nil, err
	}
	return artifacts, nil
}

func sums(artifacts []Artifact) []byte {
	var b bytes.Buffer
	for _, a := range artifacts {
		fmt.Fprintf(&b, "%s  %s\n", a.SHA256, a.Name)
	}
	return b.Bytes()
}

// mayReplace refuses a folder that somebody uses for something else, since
// replacing it would delete what is there.
func mayReplace(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("folder of the package: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == SumsFile || filepath.Ext(entry.Name()) == ".zip" {
			continue
		}
		return fmt.Errorf("%s is not replaced: it holds %s, which no package does; name another folder", out, entry.Name())
	}
	return nil
}

// replace puts fresh where out is, and out back if that fails.
func replace(out, fresh, before string) error {
	err := os.Rename(out, before)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replacing %s: %w", out, err)
	}
	existed := err == nil
	if err := os.Rename(fresh, out); err != nil {
		if existed {
			err = errors.Join(err, os.Rename(before, out))
		}
		return fmt.Errorf("replacing %s: %w", out, err)
	}
	return nil
}

// tags leave out what no function uses: Lambda's old way to call a function, and
// HTTP/2, which DynamoDB does not speak, and which would put all posts of a
// fan-out on one connection.
const tags = "lambda.norpc,nethttpomithttp2"

func compile(ctx context.Context, module, binaries string, env, packages []string) error {
	args := []string{
		"build",
		"-o", binaries + string(filepath.Separator),
		"-mod=readonly",
		"-buildvcs=false",
		"-trimpath",
		"-tags", tags,
		"-ldflags=-s -w -buildid=",
		"--",
	}
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir, cmd.Env = module, env
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// inherited are the variables of the environment a build may see: where things
// are found and how the network is reached, never what is made.
var inherited = []string{
	"PATH", "HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP",
	"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// asked are the settings of `go env -w` a build keeps. The rest of that file is
// shut out with GOENV=off, since an empty variable would not override it.
var asked = []string{
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB",
	"GOINSECURE", "GOAUTH", "GOVCS",
}

func environment(ctx context.Context, module string, arch Arch) ([]string, error) {
	settings := map[string]string{}
	if err := goJSON(ctx, module, &settings, append([]string{"env", "-json"}, asked...)...); err != nil {
		return nil, err
	}
	var gomod struct{ Toolchain string }
	if err := goJSON(ctx, module, &gomod, "mod", "edit", "-json"); err != nil {
		return nil, err
	}

	env := []string{
		"GOENV=off", "GOWORK=off", "GOOS=linux", "CGO_ENABLED=0", "GOFIPS140=off",
		// Exactly the toolchain that go.mod pins, even where a newer one is
		// installed; without a pin the one that is here, and no download.
		"GOTOOLCHAIN=" + cmp.Or(gomod.Toolchain, "local"),
	}
	env = append(env, arch.goSettings()...)
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, name := range asked {
		if settings[name] != "" {
			env = append(env, name+"="+settings[name])
		}
	}
	return env, nil
}

func goJSON(ctx context.Context, module string, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	output, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(failed.Stderr))
		}
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal(output, into); err != nil {
		return fmt.Errorf("answer of go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// earliest is 1980-01-01 as MS-DOS writes a date: the first one a zip can hold.
const earliest = 1<<5 | 1

// pack makes a zip of one executable. The header is written raw because the
// usual writer adds a data descriptor and an extra field for the time.
func pack(binary []byte) ([]byte, error) {
	var deflated bytes.Buffer
	compressor, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := compressor.Write(binary); err != nil {
		return nil, err
	}
	if err := compressor.Close(); err != nil {
		return nil, err
	}

	header := &zip.FileHeader{
		Name:               bootstrap,
		Method:             zip.Deflate,
		ReaderVersion:      20,       // deflate (APPNOTE 4.4.3)
		ModifiedDate:       earliest, //nolint:staticcheck // a raw header is written from this field only
		CRC32:              crc32.ChecksumIEEE(binary),
		CompressedSize64:   uint64(deflated.Len()),
		UncompressedSize64: uint64(len(binary)),
	}
	header.SetMode(0o755)
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	entry, err := writer.CreateRaw(header)
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(deflated.Bytes()); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}
