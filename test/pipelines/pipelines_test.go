// Package pipelines_test runs what other repositories put into their pipelines,
// as far as a machine without GitHub and GitLab can: the steps of action.yml, the
// script of GitLab's template, and pre-commit itself.
package pipelines_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/pyenv"
	"github.com/portcullis-chat/portcullis/test/internal/worktree"
)

const root = "../.."

// fixture is a plan with findings of all kinds, with its source.
const fixture = "policies/testdata/websocket"

// repository makes a fresh folder as a consumer has it: a root module below
// infra, with the JSON of its plan.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "infra"), os.DirFS(filepath.Join(root, fixture))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bash runs a script as GitHub and GitLab do, and returns its status and what it
// printed.
func bash(t *testing.T, dir, script string, settings map[string]string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// action is what of action.yml matters here.
type action struct {
	Inputs map[string]struct {
		Description string
		Default     string
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID    string
			Name  string
			If    string
			Uses  string
			With  map[string]string
			Env   map[string]string
			Run   string
			Shell string
		}
	}
}

func readAction(t *testing.T) *action {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

var reference = regexp.MustCompile(`[a-z]+(?:\.[a-z_-]+)+`)

// expand puts values in the place of GitHub's expressions ${{ … }}.
func expand(t *testing.T, text string, values map[string]string) string {
	t.Helper()
	return regexp.MustCompile(`\$\{\{ ([^}]*) \}\}`).ReplaceAllStringFunc(text, func(found string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(found, "${{ "), " }}")
		value, ok := values[name]
		if !ok {
			t.Errorf("%s: nothing sets it", found)
		}
		return value
	})
}

// holds evaluates the condition of a step. With values in it, it is an expression
// of constants, in Go as in GitHub's language but for the quotes.
func holds(t *testing.T, condition string, values map[string]string) bool {
	t.Helper()
	if condition == "" {
		return true
	}
	condition = strings.ReplaceAll(reference.ReplaceAllStringFunc(condition, func(name string) string { return "'" + values[name] + "'" }), "'", `"`)
	result, err := types.Eval(token.NewFileSet(), nil, token.NoPos, condition)
	if err != nil {
		t.Fatal(condition, err)
	}
	return constant.BoolVal(result.Value)
}

// job is what a run of the action leaves behind.
type job struct {
	log, summary string
	status       int               // of the last step that ran
	used         []string          // actions that were called
	values       map[string]string // inputs and outputs of steps
}

// run takes the steps of the action in a repository, as the runner does.
func run(t *testing.T, dir string, inputs map[string]string) *job {
	t.Helper()
	a := readAction(t)
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	j := &job{values: map[string]string{"github.action_path": source, "runner.temp": temp}}
	for name, input := range a.Inputs {
		j.values["inputs."+name] = input.Default
	}
	for name, value := range inputs {
		if _, ok := j.values["inputs."+name]; !ok {
			t.Fatalf("the action has no input %s", name)
		}
		j.values["inputs."+name] = value
	}
	summary := filepath.Join(temp, "summary")
	for _, step := range a.Runs.Steps {
		if !holds(t, step.If, j.values) {
			continue
		}
		if step.Uses != "" {
			j.used = append(j.used, step.Uses)
			for _, value := range step.With {
				expand(t, value, j.values)
			}
			continue
		}
		output := filepath.Join(temp, "output")
		if err := os.WriteFile(output, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{"GITHUB_OUTPUT": output, "GITHUB_STEP_SUMMARY": summary, "RUNNER_TEMP": temp, "GITHUB_ACTIONS": "true"}
		for name, value := range step.Env {
			settings[name] = expand(t, value, j.values)
		}
		var log string
		j.status, log = bash(t, dir, step.Run, settings)
		j.log += log
		set, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(set)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			j.values["steps."+step.ID+".outputs."+name] = value
		}
		if j.status != 0 {
			break
		}
	}
	if body, err := os.ReadFile(summary); err == nil {
		j.summary = string(body)
	}
	for _, output := range a.Outputs {
		if name := strings.TrimSpace(strings.Trim(output.Value, "${}")); j.values[name] != "" || j.status == 0 {
			expand(t, output.Value, j.values)
		}
	}
	return j
}

// files lists where the results of a SARIF report are.
func files(t *testing.T, name string) []string {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Runs []struct {
			Results []struct {
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal(body, &report); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, result := range report.Runs[0].Results {
		found[result.Locations[0].PhysicalLocation.ArtifactLocation.URI] = true
	}
	return slices.Sorted(maps.Keys(found))
}

const upload = "github/codeql-action/upload-sarif"

func uploads(j *job) bool {
	return slices.ContainsFunc(j.used, func(uses string) bool { return strings.HasPrefix(uses, upload+"@") })
}

func TestTheActionReportsFindingsAndFails(t *testing.T) {
	j := run(t, repository(t), map[string]string{"plan": "infra/plan.json", "flags": "--dir=infra\n\n--unknown=ignore\n"})
	if j.status != 1 || j.values["steps.gate.outputs.status"] != "1" {
		t.Fatalf("status %d\n%s", j.status, j.log)
	}
	if got := files(t, j.values["steps.gate.outputs.sarif"]); !slices.Equal(got, []string{"infra/main.tf"}) {
		t.Errorf("findings in %s", got)
	}
	if !regexp.MustCompile(`(?m)^::error file=infra/main\.tf,line=\d+`).MatchString(j.log) {
		t.Errorf("no annotation:\n%s", j.log)
	}
	if !strings.Contains(j.summary, "websocket/connect-authorizer") {
		t.Errorf("summary: %s", j.summary)
	}
	if !uploads(j) {
		t.Errorf("nothing is sent to code scanning: %s", j.used)
	}
	// The table, which has texts of the plan, is no command: it stands between the
	// two lines that stop commands and go on with them.
	stopped := regexp.MustCompile(`(?s)::stop-commands::(\w{32})\n(.*)\n::(\w{32})::\n`).FindStringSubmatch(j.log)
	if stopped == nil || stopped[1] != stopped[3] || !strings.Contains(stopped[2], "at infra/main.tf:") || strings.Contains(stopped[2], "\n::error") {
		t.Errorf("the table is not kept apart:\n%s", j.log)
	}
}

func TestTheActionPassesAPlanWithoutFindings(t *testing.T) {
	dir := repository(t)
	if err := os.WriteFile(filepath.Join(dir, "plan.json"), []byte(`{"format_version":"1.2","terraform_version":"1.11.4","complete":true,"planned_values":{"root_module":{}},"configuration":{"root_module":{}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	j := run(t, dir, map[string]string{"plan": "plan.json", "upload-sarif": "false"})
	if j.status != 0 || j.values["steps.gate.outputs.status"] != "0" || uploads(j) {
		t.Fatalf("status %d, %s\n%s", j.status, j.used, j.log)
	}
}

func TestTheActionFailsWhenThereIsNoPlan(t *testing.T) {
	for name, inputs := range map[string]map[string]string{
		"no file":       nil,
		"no such flag":  {"plan": "infra/plan.json", "flags": "--wrong"},
		"not a command": {"plan": "$(touch made); `touch made`", "flags": "--fail-on=$(touch made)"},
	} {
		dir := repository(t)
		j := run(t, dir, inputs)
		if j.status < 2 || uploads(j) || !strings.Contains(j.log, "portcullis gate: ") {
			t.Errorf("%s: status %d, %s\n%s", name, j.status, j.used, j.log)
		}
		if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
			t.Errorf("%s: an input was run", name)
		}
	}
}

// Expressions in scripts would make what somebody writes into a pull request part of
// the script, and a tag of an action can be moved.
func TestTheActionPinsWhatItUsesAndKeepsInputsOutOfScripts(t *testing.T) {
	a := readAction(t)
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("%s: an expression in the script", step.Name)
		}
		if step.Uses != "" && !regexp.MustCompile(`^[\w/.-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
			t.Errorf("%s is not pinned by its commit", step.Uses)
		}
		if step.Run != "" && step.Shell != "bash" {
			t.Errorf("%s: the shell is %q", step.Name, step.Shell)
		}
	}
	for name, input := range a.Inputs {
		if input.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
}

// sources copies what git has or would add.
func sources(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := worktree.Copy(t.Context(), root, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

const modulePath = "github.com/portcullis-chat/portcullis"

// serve makes a module proxy that has the working tree as a version, ahead of the
// one that is set. Other sources are another version: Go takes what it knows of a
// version to be true for ever.
func serve(t *testing.T) (version string, settings map[string]string) {
	t.Helper()
	dir := sources(t)
	sum, err := dirhash.HashDir(dir, "", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	version = fmt.Sprintf("v0.0.1-test.%x", sum)
	proxy := t.TempDir()
	versions := filepath.Join(proxy, filepath.FromSlash(modulePath), "@v")
	if err := os.MkdirAll(versions, 0o700); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := zip.CreateFromDir(&packed, module.Version{Path: modulePath, Version: version}, dir); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": []byte(fmt.Sprintf(`{"Version":%q}`, version)), version + ".mod": mod, version + ".zip": packed.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return version, map[string]string{"GOPROXY": "file://" + proxy + "," + goEnv(t, "GOPROXY"), "GONOSUMDB": modulePath}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestGitLabsTemplateJudgesAPlanByAReleasedGate(t *testing.T) {
	body, err := os.ReadFile(filepath.Join(root, ".gitlab", "gate.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Spec struct {
			Inputs map[string]struct{ Default any }
		}
	}
	head, jobs, _ := strings.Cut(string(body), "\n---\n")
	if err := yaml.Unmarshal([]byte(head), &spec); err != nil {
		t.Fatal(err)
	}
	version, settings := serve(t)
	inputs := map[string]any{"version": version, "plan": "infra/plan.json", "source": "", "flags": "--dir=infra\n--fail-on=high"}
	text := regexp.MustCompile(`\$\[\[ inputs\.(\w+) \]\]`).ReplaceAllStringFunc(jobs, func(found string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(found, "$[[ inputs."), " ]]")
		input, ok := spec.Spec.Inputs[name]
		if !ok {
			t.Errorf("%s is no input", found)
		}
		value, given := inputs[name]
		if !given {
			value = input.Default
		}
		written, err := json.Marshal(value) // which is YAML too
		if err != nil {
			t.Fatal(err)
		}
		return string(written)
	})
	var config map[string]struct {
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When    string
			Reports map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	job, dir := config["portcullis-gate"], repository(t)
	settings["GOMODCACHE"] = goEnv(t, "GOMODCACHE")
	for name, value := range job.Variables {
		settings[name] = strings.ReplaceAll(value, "$CI_PROJECT_DIR", dir)
	}
	settings["GOFLAGS"] += " -modcacherw"
	t.Cleanup(func() { // the version of this run is of no use to another
		for _, made := range []string{modulePath + "@" + version, "cache/download/" + modulePath} {
			if err := os.RemoveAll(filepath.Join(settings["GOMODCACHE"], filepath.FromSlash(made))); err != nil {
				t.Error(err)
			}
		}
	})
	status, log := bash(t, dir, strings.Join(job.Script, "\n"), settings)
	if status != 1 || !strings.Contains(log, "at infra/main.tf:") {
		t.Fatalf("status %d\n%s", status, log)
	}
	var quality []struct {
		Severity string
		Location struct{ Path string }
	}
	report, err := os.ReadFile(filepath.Join(dir, job.Artifacts.Reports["codequality"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(report, &quality); err != nil || len(quality) == 0 || quality[0].Location.Path != "infra/main.tf" {
		t.Errorf("%v, %s", err, report)
	}
	if report, err = os.ReadFile(filepath.Join(dir, job.Artifacts.Reports["junit"])); err != nil || !bytes.Contains(report, []byte("<failure")) {
		t.Errorf("%v, %s", err, report)
	}
	if job.Artifacts.When != "always" {
		t.Error("reports of a job that fails are lost")
	}
}

// requirements pins pre-commit and what it needs, made by
// `pip-compile --generate-hashes` of pre-commit==4.3.0.
//
//go:embed requirements.txt
var requirements string

func TestPreCommitRunsTheHooks(t *testing.T) {
	cache, err := localaws.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	python, err := pyenv.Environment{Name: "pre-commit-4.3.0", Requirements: requirements}.Install(t.Context(), cache, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	git := func(dir string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	hooks := sources(t)
	git(hooks, "init", "-q")
	git(hooks, "add", "-A", "-f")
	git(hooks, "commit", "-qm", "all")
	git(hooks, "tag", "v0.0.1")
	dir := repository(t)
	config := fmt.Sprintf("repos:\n  - repo: file://%s\n    rev: v0.0.1\n    hooks:\n      - id: portcullis-gate-plan\n        args: [infra/plan.json, --dir=infra]\n", hooks)
	if err := os.WriteFile(filepath.Join(dir, ".pre-commit-config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	git(dir, "init", "-q")
	git(dir, "add", "-A")
	settings := map[string]string{"PRE_COMMIT_HOME": filepath.Join(t.TempDir(), "home"), "GOMODCACHE": goEnv(t, "GOMODCACHE"), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"} // as the action builds it
	for _, args := range []string{"validate-manifest " + filepath.Join(hooks, ".pre-commit-hooks.yaml"), "validate-config"} {
		if status, log := bash(t, dir, python+" -m pre_commit "+args, settings); status != 0 {
			t.Fatal(log)
		}
	}
	status, log := bash(t, dir, python+" -m pre_commit run --all-files", settings)
	if status != 1 || !strings.Contains(log, "websocket/connect-authorizer") || !strings.Contains(log, "at infra/main.tf:") {
		t.Errorf("status %d\n%s", status, log)
	}
}
