package gate_test

import (
	"encoding/json"
	"fmt"
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
var production = variant{
	example: "complete", inputs: "production.tfvars",
	settings: []string{fmt.Sprintf("TF_VAR_origin_secrets=[%q]", strings.Repeat("0123456789abcdef", 2))},
}

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
	r, _ := prepare(t, production)
	made := planned(t, r)
	file := made.File
	t.Run("the gate finds nothing", func(t *testing.T) { passes(t, judge(t, r, made.Binary), nil) })
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
	all("aws_apigatewayv2_api_mapping", 1, "of the domain name, at the path that the edge asks for", func(c change) bool { return c.Change.After["api_mapping_key"] == "ws" })
	all("aws_apigatewayv2_api", 1, "its own endpoint is closed", func(c change) bool { return c.Change.After["disable_execute_api_endpoint"] == true })

	// What AWS refuses to delete.
	all("aws_dynamodb_table", 2, "deletion protection", func(c change) bool { return c.Change.After["deletion_protection_enabled"] == true })
	all("aws_cognito_user_pool", 1, "deletion protection and a second factor", func(c change) bool {
		return c.Change.After["deletion_protection"] == "ACTIVE" && c.Change.After["mfa_configuration"] == "ON"
	})
	all("aws_kms_key", 2, "30 days", func(c change) bool { return c.Change.After["deletion_window_in_days"] == 30.0 })

	// The edge, which goes to the API by the domain name, and its web ACLs: for the
	// distribution and for the user pool.
	all("aws_cloudfront_distribution", 1, "the page's name with its certificate", func(c change) bool {
		names, _ := c.Change.After["aliases"].([]any)
		certificate, _ := first(c, "viewer_certificate")["acm_certificate_arn"].(string)
		return slices.Equal(names, []any{"chat.example.com"}) && strings.HasPrefix(certificate, "arn:aws:acm:us-east-1:")
	})
	all("aws_wafv2_web_acl", 2, "rules", func(c change) bool { rules, _ := c.Change.After["rule"].([]any); return len(rules) >= 3 })
	all("aws_wafv2_web_acl_association", 1, "of the user pool", func(change) bool { return true })

	// Who signs in where, and who is told.
	all("aws_cognito_user_pool_domain", 1, "its prefix", func(c change) bool { return c.Change.After["domain"] == "portcullis-example" })
	all("aws_sns_topic_subscription", 1, "a mail", func(c change) bool { return c.Change.After["endpoint"] == "ops@example.com" })
	all("aws_cloudwatch_dashboard", 1, "there", func(change) bool { return true })

	t.Run("Checkov finds what .checkov.yaml skips, but for what production has, and what no first plan tells", func(t *testing.T) {
		findings, err := checkov.Run(t.Context(), file, "", func(what string) { t.Log(what) })
		if err != nil {
			t.Fatal(err)
		}
		skips, err := checkov.Skips(filepath.Join(root, ".checkov.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range passedInProduction {
			if _, ok := skips[id]; !ok {
				t.Errorf("%s is not skipped: is it still the check that it was?", id)
			}
			delete(skips, id)
		}
		for _, finding := range findings {
			if _, ok := skips[finding.Check]; !ok && !slices.Contains(onlyInFirstPlans, finding.Check) {
				t.Errorf("%s %s: %s", finding.Check, finding.Resource, finding.Name)
			}
		}
	})
}

// passedInProduction are Checkov's checks that code is signed, and that the edge
// has a certificate of its own and so TLS 1.2: the examples skip them, and this
// variant must not need to.
var passedInProduction = []string{"CKV_AWS_272", "CKV_AWS_174"}
