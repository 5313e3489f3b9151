package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// The oldest version that the modules work with.
const (
	minMajor = 1
	minMinor = 9
)

// Binary is the Terraform to run: $TERRAFORM or terraform on the PATH.
func Binary() string {
	if binary := os.Getenv("TERRAFORM"); binary != "" {
		return binary
	}
	return "terraform"
}

// CheckBinary returns the version of Terraform, or an error that says what to
// install.
func CheckBinary(ctx context.Context) (string, error) {
	const remedy = "install Terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install) or name one with TERRAFORM=<binary>"
	cmd := exec.CommandContext(ctx, Binary(), "version", "-json")
	// OpenTofu says before its answer that a configuration file is missing.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(setting string) bool { return strings.HasPrefix(setting, "TF_CLI_CONFIG_FILE=") })
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s does not run (%w): %s", Binary(), err, remedy)
	}
	var version struct {
		Terraform string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &version); err != nil {
		return "", fmt.Errorf("%s does not tell its version (%w): %s", Binary(), err, remedy)
	}
	parts := strings.SplitN(version.Terraform, ".", 3)
	if len(parts) == 3 {
		major, majorErr := strconv.Atoi(parts[0])
		minor, minorErr := strconv.Atoi(parts[1])
		if majorErr == nil && minorErr == nil && (major > minMajor || major == minMajor && minor >= minMinor) {
			return version.Terraform, nil
		}
	}
	return "", fmt.Errorf("%s is version %s: %s", Binary(), version.Terraform, remedy)
}
