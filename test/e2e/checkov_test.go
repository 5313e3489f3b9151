package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/test/internal/checkov"
)

// ofTheEdge are the checks that only a chat with an edge does not pass.
var ofTheEdge = []string{
	"CKV_AWS_86", "CKV_AWS_144", "CKV_AWS_145", "CKV_AWS_174", "CKV_AWS_259", "CKV_AWS_310", "CKV_AWS_374", "CKV2_AWS_62",
}

// checkov runs Checkov over the plan of what is deployed, in which everything
// is known. .checkov.yaml has to skip just what it finds: no finding without a
// skip, and no skip that is no longer needed.
func (d *deployment) checkov(t *testing.T) {
	config, err := filepath.Abs(filepath.Join(root, ".checkov.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	plan := d.planJSON(t)
	if found := runCheckov(t, plan, config); len(found) > 0 {
		t.Errorf("not skipped by .checkov.yaml: %v", found)
	}
	skips, err := checkov.Skips(config)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, finding := range runCheckov(t, plan, "") {
		found[finding.Check] = true
	}
	for id, reason := range skips {
		if len(reason) < 40 {
			t.Errorf("%s is skipped without a reason: %q", id, reason)
		}
		if !found[id] && (d.Edge.Bucket != "" || !slices.Contains(ofTheEdge, id)) {
			t.Errorf("%s is skipped, but Checkov no longer finds it", id)
		}
	}
}

func runCheckov(t *testing.T, plan, config string) []checkov.Finding {
	t.Helper()
	found, err := checkov.Run(t.Context(), plan, config, func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// planJSON writes a plan of what is deployed to a file, as JSON.
func (d *deployment) planJSON(t *testing.T) string {
	t.Helper()
	options := *d.options
	if options.PlanFilePath = d.plan; d.plan == "" {
		options.PlanFilePath = filepath.Join(t.TempDir(), "tfplan")
		terraform.PlanContext(t, t.Context(), &options)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(terraform.ShowContext(t, t.Context(), &options)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
