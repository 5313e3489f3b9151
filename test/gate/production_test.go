package gate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"

	"github.com/portcullis-chat/portcullis/test/internal/checkov"
)

// production is the variant of the complete example that its README documents:
// with everything on, also what no local stack serves.
var production = variant{example: "complete", inputs: "production.tfvars"}

// settings are the variables of the complete example that are no switches. The
// secrets of the edge are in no file.
var settings = []string{"name", "region", "tags", "package_dir", "architecture", "cognito_endpoint", "origin_secrets"}

// onlyInFirstPlans are the checks of .checkov.yaml's comment: those that take a
// key which is not known yet for none, and one for another kind of API.
var onlyInFirstPlans = []string{"CKV2_AWS_51", "CKV_AWS_26", "CKV_AWS_119", "CKV_AWS_158", "CKV_AWS_173"}

// TestTheProductionVariantHasEverySwitchOn reads its file of inputs: a switch
// that is added to the example has to be on there.
func TestTheProductionVariantHasEverySwitchOn(t *testing.T) {
	dir := filepath.Join(root, "examples", production.example)
	parser := hclparse.NewParser()
	given, diagnostics := parser.ParseHCLFile(filepath.Join(dir, production.inputs))
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	on, diagnostics := given.Body.JustAttributes()
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	declared, diagnostics := parser.ParseHCLFile(filepath.Join(dir, "variables.tf"))
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	content, _, diagnostics := declared.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}})
	if diagnostics.HasErrors() || len(content.Blocks) < 10 {
		t.Fatalf("%d variables: %v", len(content.Blocks), diagnostics)
	}
	for _, block := range content.Blocks {
		name := block.Labels[0]
		switch attribute, isGiven := on[name]; {
		case slices.Contains(settings, name):
		case !isGiven:
			t.Errorf("production.tfvars does not set %s", name)
		default:
			value, diagnostics := attribute.Expr.Value(nil)
			if diagnostics.HasErrors() || value.IsNull() || value.RawEquals(cty.False) || value.CanIterateElements() && value.LengthInt() == 0 {
				t.Errorf("production.tfvars leaves %s off (%v)", name, diagnostics)
			}
		}
	}
}

// change is what a plan would make of a resource.
type change struct {
	Address string
	Mode    string
	Type    string
	Change  struct {
		After        map[string]any
		AfterUnknown map[string]any `json:"after_unknown"`
	}
}

// TestTheProductionVariantIsPlannedAsItIsDocumented plans it with the real
// provider, which checks what it can without AWS.
func TestTheProductionVariantIsPlannedAsItIsDocumented(t *testing.T) {
	if len(chosen["production"]) > 0 {
		t.Errorf("findings are excused: %s", chosen["production"])
	}
	r, _ := prepare(t, production)
	file := planned(t, r).File
	asJSON, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Changes []change `json:"resource_changes"`
	}
	if err := json.Unmarshal(asJSON, &plan); err != nil {
		t.Fatal(err)
	}
	byType := map[string][]change{}
	for _, c := range plan.Changes {
		if c.Mode == "managed" {
			byType[c.Type] = append(byType[c.Type], c)
		}
	}
	all := func(kind string, count int, what string, holds func(change) bool) {
		t.Helper()
		if len(byType[kind]) != count {
			t.Errorf("%d of %s, want %d", len(byType[kind]), kind, count)
		}
		for _, c := range byType[kind] {
			if !holds(c) {
				t.Errorf("%s: not so: %s\n%v", c.Address, what, c.Change.After)
			}
		}
	}
	first := func(c change, block string) map[string]any {
		list, _ := c.Change.After[block].([]any)
		if len(list) != 1 {
			return nil
		}
		values, _ := list[0].(map[string]any)
		return values
	}

	// Signed code, and no other.
	all("aws_lambda_code_signing_config", 4, "code that is not signed is refused", func(c change) bool {
		return first(c, "policies")["untrusted_artifact_on_deployment"] == "Enforce" && first(c, "allowed_publishers")["signing_profile_version_arns"] != nil
	})
	all("aws_lambda_function", 4, "a version of an object, its sum, the signing configuration, reserved concurrency", func(c change) bool {
		after := c.Change.After
		_, bounded := after["reserved_concurrent_executions"].(float64)
		return after["s3_bucket"] == "example-packages" && after["s3_object_version"] != nil && after["filename"] == nil &&
			after["source_code_hash"] != nil && c.Change.AfterUnknown["code_signing_config_arn"] == true && bounded && after["reserved_concurrent_executions"] != -1.0
	})

	// The domain name, its record, and no other way in.
	all("aws_apigatewayv2_domain_name", 1, "TLS 1.2 and the certificate", func(c change) bool {
		settings := first(c, "domain_name_configuration")
		return c.Change.After["domain_name"] == "ws.example.com" && settings["security_policy"] == "TLS_1_2" && strings.HasPrefix(settings["certificate_arn"].(string), "arn:aws:acm:")
	})
	all("aws_route53_record", 1, "in the zone that is named", func(c change) bool {
		return c.Change.After["zone_id"] == "Z0123456789EXAMPLE" && c.Change.After["name"] == "ws.example.com"
	})
	all("aws_apigatewayv2_api_mapping", 1, "of the domain name", func(change) bool { return true })
	all("aws_apigatewayv2_api", 1, "its own endpoint is closed", func(c change) bool { return c.Change.After["disable_execute_api_endpoint"] == true })

	// What AWS refuses to delete.
	all("aws_dynamodb_table", 2, "deletion protection", func(c change) bool { return c.Change.After["deletion_protection_enabled"] == true })
	all("aws_cognito_user_pool", 1, "deletion protection and a second factor", func(c change) bool {
		return c.Change.After["deletion_protection"] == "ACTIVE" && c.Change.After["mfa_configuration"] == "ON"
	})
	all("aws_kms_key", 1, "30 days", func(c change) bool { return c.Change.After["deletion_window_in_days"] == 30.0 })

	// Who signs in where, and who is told.
	all("aws_cognito_user_pool_domain", 1, "its prefix", func(c change) bool { return c.Change.After["domain"] == "portcullis-example" })
	all("aws_sns_topic_subscription", 1, "a mail", func(c change) bool { return c.Change.After["endpoint"] == "ops@example.com" })
	all("aws_cloudwatch_dashboard", 1, "there", func(change) bool { return true })

	t.Run("Checkov finds what .checkov.yaml skips, but for code signing, and what no first plan tells", func(t *testing.T) {
		findings, err := checkov.Run(t.Context(), file, "", func(what string) { t.Log(what) })
		if err != nil {
			t.Fatal(err)
		}
		skips, err := checkov.Skips(filepath.Join(root, ".checkov.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := skips[codeSigning]; !ok {
			t.Errorf("%s is not skipped: is it still the check of code signing?", codeSigning)
		}
		delete(skips, codeSigning)
		for _, finding := range findings {
			if _, ok := skips[finding.Check]; !ok && !slices.Contains(onlyInFirstPlans, finding.Check) {
				t.Errorf("%s %s: %s", finding.Check, finding.Resource, finding.Name)
			}
		}
	})
}

// codeSigning is Checkov's check that code is signed, which the examples skip
// and this variant must not need to.
const codeSigning = "CKV_AWS_272"
