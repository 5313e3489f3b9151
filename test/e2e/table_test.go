package e2e_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/gruntwork-io/terratest/modules/terraform"

	provider "github.com/portcullis-chat/portcullis/internal/terraform"
)

// moduleFixture prepares a root of the fixtures that calls modules by themselves.
func moduleFixture(t *testing.T, name string, vars map[string]any) *terraform.Options {
	t.Helper()
	dir := filepath.Join("test/e2e/fixtures", name)
	options := &terraform.Options{
		TerraformDir: filepath.Join(workingCopy(t, dir), dir), TerraformBinary: provider.Binary(), NoColor: true, Logger: quiet(),
		Vars: map[string]any{"name": "portcullis-e2e-" + randomHex(3), "region": region},
	}
	maps.Copy(options.Vars, vars)
	t.Cleanup(func() {
		if _, err := terraform.DestroyContextE(t, context.WithoutCancel(t.Context()), options); err != nil {
			t.Errorf("destroy: %v", err)
		}
	})
	return options
}

// unchanged expects that Terraform finds nothing to do.
func unchanged(t *testing.T, options *terraform.Options, when string) {
	t.Helper()
	plan, err := terraform.RunTerraformCommandContextE(t, t.Context(), options, terraform.FormatArgs(options, "plan", "-input=false", "-detailed-exitcode", "-lock=false")...)
	if err != nil {
		t.Errorf("%s the plan is not empty: %v\n%s", when, err, plan)
	}
}

// TestSwitchingAnOptionOfATableKeepsTheTable turns each option of the table
// module. The plan has an update for each table, or nothing, and the rows stay.
// A switch that replaces the table is the bug of
// terraform-aws-modules/terraform-aws-dynamodb-table#82.
func TestSwitchingAnOptionOfATableKeepsTheTable(t *testing.T) {
	t.Parallel()
	localOnly(t, "on AWS, TTL may be changed once an hour")
	options := moduleFixture(t, "table", nil)
	if _, err := terraform.InitAndApplyContextE(t, t.Context(), options); err != nil {
		t.Fatal(err)
	}
	unchanged(t, options, "after apply")

	settings, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(settings)
	tables := terraform.OutputMapContext(t, t.Context(), options, "tables")
	row := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberS{Value: "b"}}
	for _, table := range tables {
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: row}); err != nil {
			t.Fatal(err)
		}
	}

	options.Vars["switched"] = true
	options.PlanFilePath = filepath.Join(t.TempDir(), "plan")
	plan := terraform.InitAndPlanAndShowWithStructContext(t, t.Context(), options)
	// Beside its table, an option may make or take away these.
	beside := map[string][]string{
		"key":       {"aws_kms_alias.this[0] delete", "aws_kms_key.this[0] delete", "aws_kms_key_policy.this[0] delete"},
		"policy":    {"aws_dynamodb_resource_policy.this[0] create"},
		"no-policy": {"aws_dynamodb_resource_policy.this[0] delete"},
	}
	for option := range tables {
		want := append([]string{"aws_dynamodb_table.this update"}, beside[option]...)
		if strings.HasSuffix(option, "policy") {
			want = want[1:] // it is no part of the table
		}
		var got []string
		for address, change := range plan.ResourceChangesMap {
			inside, ok := strings.CutPrefix(address, `module.table["`+option+`"].`)
			if !ok || change.Mode == "data" || change.Change.Actions.NoOp() {
				continue
			}
			actions := make([]string, len(change.Change.Actions))
			for i, action := range change.Change.Actions {
				actions[i] = string(action)
			}
			got = append(got, inside+" "+strings.Join(actions, "+"))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: planned %q, want %q", option, got, want)
		}
	}

	applied, err := terraform.ApplyContextE(t, t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	// The table must have left its key before that goes.
	left := strings.Index(applied, `module.table["key"].aws_dynamodb_table.this: Modifications complete`)
	gone := strings.Index(applied, `module.table["key"].aws_kms_key.this[0]: Destroying`)
	if left < 0 || gone < left {
		t.Errorf("the key goes before the table has left it (%d, %d)", left, gone)
	}
	options.PlanFilePath = ""
	unchanged(t, options, "after the options were switched")
	for _, option := range slices.Sorted(maps.Keys(tables)) {
		found, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tables[option]), Key: row})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Item) == 0 {
			t.Errorf("%s: the row is lost", option)
		}
	}
}
