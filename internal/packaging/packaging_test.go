package packaging

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tiny is a module of two functions without dependencies: quick to build.
var tiny = map[string]string{
	"go.mod":          "module example.com/tiny\n\ngo 1.26.0\n",
	"one/main.go":     "package main\n\nimport \"example.com/tiny/said\"\n\nfunc main() { println(said.Word) }\n",
	"two/main.go":     "package main\n\nfunc main() { println(2) }\n",
	"said/said.go":    "package said\n\nconst Word = \"same\"\n",
	"said/hostile.go": "//go:build hostile\n\npackage said\n\nfunc init() { println(\"built with a tag of the environment\") }\n",
}

var tinyPackages = []string{"./one", "./two"}

func writeModule(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFolder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content[entry.Name()] = data
	}
	return content
}

func mustBeSame(t *testing.T, first, second map[string][]byte) {
	t.Helper()
	if a, b := slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(second)); !slices.Equal(a, b) {
		t.Fatalf("the first build made %v, the second %v", a, b)
	}
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between the two builds", name)
		}
	}
}

func TestTwoCheckoutsGiveTheSameBytesWhateverTheEnvironmentSays(t *testing.T) {
	out := t.TempDir()
	first, second := filepath.Join(out, "first", "arm64"), filepath.Join(out, "second", "deeper", "arm64")
	if _, err := Build(t.Context(), writeModule(t, tiny), first, ARM64, tinyPackages); err != nil {
		t.Fatal(err)
	}

	settings := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(settings, []byte("GOFLAGS=-tags=hostile\nGOARM64=v8.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOENV", settings)
	t.Setenv("GOFLAGS", "-tags=hostile -race")
	t.Setenv("GOEXPERIMENT", "nogreenteagc")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOOS", "darwin")
	t.Setenv("GOARM64", "v9.0")
	t.Setenv("GOFIPS140", "latest")
	t.Setenv("GOCACHE", t.TempDir())
	if _, err := Build(t.Context(), writeModule(t, tiny), second, ARM64, []string{"./two", "./one"}); err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, readFolder(t, first), readFolder(t, second))
}

func TestTheZipHoldsOneExecutableBootstrapWithoutATime(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x86_64")
	artifacts, err := Build(t.Context(), writeModule(t, tiny), out, X8664, tinyPackages)
	if err != nil {
		t.Fatal(err)
	}
	for _, artifact := range artifacts {
		archive, err := zip.OpenReader(filepath.Join(out, artifact.Name))
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		if len(archive.File) != 1 {
			t.Fatalf("%s has %d entries, want 1", artifact.Name, len(archive.File))
		}
		entry := archive.File[0]
		if entry.Name != "bootstrap" || entry.Mode() != 0o755 || entry.Method != zip.Deflate {
			t.Errorf("%s: entry %s, mode %v, method %d", artifact.Name, entry.Name, entry.Mode(), entry.Method)
		}
		if want := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !entry.Modified.Equal(want) {
			t.Errorf("%s: time %v, want %v", artifact.Name, entry.Modified, want)
		}
		if len(entry.Extra) > 0 || entry.Flags != 0 || archive.Comment != "" {
			t.Errorf("%s: extra %x, flags %x, comment %q", artifact.Name, entry.Extra, entry.Flags, archive.Comment)
		}
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		binary, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(binary, []byte("\x7fELF\x02")) || binary[18] != 0x3e {
			t.Errorf("%s does not hold an x86-64 ELF binary", artifact.Name)
		}
	}
}

func TestTheSumsAreWhatSha256sumChecks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "arm64")
	artifacts, err := Build(t.Context(), writeModule(t, tiny), out, ARM64, tinyPackages)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, name := range []string{"one.zip", "two.zip"} {
		i := slices.IndexFunc(artifacts, func(a Artifact) bool { return a.Name == name })
		want.WriteString(artifacts[i].SHA256 + "  " + name + "\n")
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() != artifacts[i].Size {
			t.Errorf("%s has %d bytes, said were %d", name, info.Size(), artifacts[i].Size)
		}
	}
	if got := string(readFolder(t, out)[SumsFile]); got != want.String() {
		t.Errorf("sums are\n%swant\n%s", got, want.String())
	}
	checker, err := exec.LookPath("sha256sum")
	if err != nil {
		return
	}
	cmd := exec.Command(checker, "--check", "--strict", SumsFile)
	cmd.Dir = out
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, output)
	}
}

func TestAFailedBuildLeavesThePackageAsItWas(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "arm64")
	if _, err := Build(t.Context(), writeModule(t, tiny), out, ARM64, tinyPackages); err != nil {
		t.Fatal(err)
	}
	before := readFolder(t, out)

	broken := maps.Clone(tiny)
	broken["two/main.go"] = "package main\n\nfunc main() { undefined() }\n"
	_, err := Build(t.Context(), writeModule(t, broken), out, ARM64, tinyPackages)
	if err == nil || !strings.Contains(err.Error(), "undefined") {
		t.Fatalf("a package that does not compile gave %v", err)
	}
	mustBeSame(t, before, readFolder(t, out))
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the failed build left %v", entries)
	}
}

func TestABuildReplacesAPackageAndNothingElse(t *testing.T) {
	module, out := writeModule(t, tiny), filepath.Join(t.TempDir(), "arm64")
	if _, err := Build(t.Context(), module, out, ARM64, tinyPackages); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), module, out, ARM64, []string{"./one"}); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(readFolder(t, out))); !slices.Equal(got, []string{SumsFile, "one.zip"}) {
		t.Errorf("the second build left %v", got)
	}

	kept := filepath.Join(out, "notes.txt")
	if err := os.WriteFile(kept, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), module, out, ARM64, tinyPackages); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a folder with somebody's file gave %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestArchitecturesHaveTheNamesOfAWS(t *testing.T) {
	for name, want := range map[string]Arch{"arm64": ARM64, "x86_64": X8664} {
		if got, err := ParseArch(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	host, err := Host()
	got, parseErr := ParseArch("host")
	if got != host || (parseErr == nil) != (err == nil) {
		t.Errorf("host: %v, %v, want %v, %v", got, parseErr, host, err)
	}
	for _, name := range []string{"amd64", "aarch64", "", "ARM64"} {
		if got, err := ParseArch(name); err == nil {
			t.Errorf("%q was taken for %v", name, got)
		}
	}
}

// The command is run as a user runs it, and without the race detector: that
// makes compressing ten times slower.
func TestTheFunctionsOfTheChatGiveTheSameBytesFromTwoCheckouts(t *testing.T) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	// The machine's own architecture: other tests build for it too.
	arch, err := Host()
	if err != nil {
		arch = ARM64
	}
	files := sourcesOf(t, repository, append(Functions(), "./cmd/package"))
	made := make([]map[string][]byte, 2)
	for i := range made {
		cmd := exec.Command("go", "run", "./cmd/package", "--out", "made", "--arch", string(arch))
		cmd.Dir = writeModule(t, files)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		made[i] = readFolder(t, filepath.Join(cmd.Dir, "made", string(arch)))
		if sums := strings.Fields(string(made[i][SumsFile])); !bytes.Contains(output, []byte(sums[0])) {
			t.Errorf("no sum in\n%s", output)
		}
	}
	mustBeSame(t, made[0], made[1])
	if len(made[0]) != len(Functions())+1 {
		t.Errorf("made %v", slices.Sorted(maps.Keys(made[0])))
	}
	// AWS Lambda refuses a zip of more than 50 MB that is uploaded directly.
	for name, content := range made[0] {
		if len(content) > 50<<20 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
	}
}

// sourcesOf reads what of the repository the packages are compiled from.
func sourcesOf(t *testing.T, repository string, packages []string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,GoFiles,SFiles,EmbedFiles,Module", "-tags=lambda.norpc,nethttpomithttp2"}, packages...)...)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"go.mod", "go.sum"}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var pkg struct {
			Dir                         string
			GoFiles, SFiles, EmbedFiles []string
			Module                      *struct{ Main bool }
		}
		if err := decoder.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if pkg.Module == nil || !pkg.Module.Main {
			continue
		}
		folder, err := filepath.Rel(repository, pkg.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Concat(pkg.GoFiles, pkg.SFiles, pkg.EmbedFiles) {
			names = append(names, filepath.Join(folder, name))
		}
	}
	files := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.ToSlash(name)] = string(data)
	}
	return files
}
