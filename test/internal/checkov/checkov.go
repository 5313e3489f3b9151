// Package checkov runs Checkov, a linter for Terraform plans, from an environment
// of its own that is pinned by version and hash.
package checkov

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/pyenv"
)

// Version is the pinned release of Checkov.
const Version = "3.3.30"

// requirements pins Checkov and what it needs, made by
// `pip-compile --generate-hashes` of checkov==3.3.30.
//
//go:embed requirements.txt
var requirements string

// Finding is a check that a resource did not pass.
type Finding struct {
	Check    string `json:"check_id"`
	Name     string `json:"check_name"`
	Resource string `json:"resource"`
}

// Run checks a plan, given as a file with the JSON of `terraform show`, and
// returns what it finds. config is a configuration file of Checkov, or empty.
// progress is told when Checkov has to be installed first.
func Run(ctx context.Context, plan, config string, progress func(string)) ([]Finding, error) {
	cache, err := localaws.CacheDir()
	if err != nil {
		return nil, err
	}
	python, err := pyenv.Environment{Name: "checkov-" + Version, Requirements: requirements}.Install(ctx, cache, progress)
	if err != nil {
		return nil, err
	}
	args := []string{"-m", "checkov.main", "--file", plan, "--framework", "terraform_plan", "--output", "json", "--skip-download"}
	if config != "" {
		args = append(args, "--config-file", config)
	}
	cmd := exec.CommandContext(ctx, python, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1 tells of findings
		return nil, fmt.Errorf("checkov: %w\n%s", err, stderr.String())
	}
	var report struct {
		Summary struct {
			Passed        int `json:"passed"`
			ParsingErrors int `json:"parsing_errors"`
		} `json:"summary"`
		Results struct {
			Failed []Finding `json:"failed_checks"`
		} `json:"results"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, fmt.Errorf("checkov's report: %w\n%s%s", err, out, stderr.String())
	}
	if report.Summary.Passed == 0 || report.Summary.ParsingErrors > 0 {
		return nil, fmt.Errorf("checkov read nothing of %s:\n%s", plan, out)
	}
	return report.Results.Failed, nil
}

// skipped is a line of the list skip-check: an id and a reason.
var skipped = regexp.MustCompile(`(?m)^  - (CKV[0-9A-Z_]+)(?: # (.+))?$`)

// Skips are the ids that a configuration file skips, each with its reason.
func Skips(config string) (map[string]string, error) {
	data, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	skips := map[string]string{}
	for _, line := range skipped.FindAllStringSubmatch(string(data), -1) {
		skips[line[1]] = line[2]
	}
	return skips, nil
}
