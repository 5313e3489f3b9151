package e2e_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/portcullis-chat/portcullis/internal/localaws/record"
)

// recorded is the file in which the local stack writes down the AWS calls that
// it gets.
var recorded string

// unseen are the services whose calls do not come by the stack's door: it writes
// the functions' logs itself, DynamoDB uses the table's key by itself, and
// nothing is traced. docs/local-stack-differences.md has them.
var unseen = []string{"kms", "logs", "xray"}

// grant is one action on one resource, both as a policy or a call has them.
type grant struct{ action, resource string }

// everyGrantIsUsed compares what the roles of the deployed functions may do with
// what the functions did, in all tests before: nothing may be granted that no
// function did, and nothing done that is not granted for just that resource.
func (d *deployment) everyGrantIsUsed(t *testing.T) {
	localOnly(t, "the local stack sees the calls of the functions")
	calls, err := record.Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for function, role := range d.RoleARNs {
		granted := d.granted(t, role)
		var done []grant
		for _, call := range calls {
			if call.Role == role {
				done = append(done, grant{call.Action, call.Resource})
			}
		}
		for _, g := range granted {
			if !slices.Contains(done, g) {
				t.Errorf("%s may %s on %s, and never did", function, g.action, g.resource)
			}
		}
		for _, g := range done {
			if !slices.Contains(granted, g) {
				t.Errorf("%s did %s on %s, which no statement of its role names", function, g.action, g.resource)
			}
		}
		t.Logf("%s: %d grants, each used", function, len(granted))
	}
}

// granted are the grants in a role's policies, apart from those that are unseen.
// Each has a resource of its own: what a call of a function is about, as the
// record has it, so that a wider one is not taken for it.
func (d *deployment) granted(t *testing.T, arn string) []grant {
	t.Helper()
	client := iam.NewFromConfig(d.aws)
	role := arn[strings.LastIndexByte(arn, '/')+1:]
	names, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	var grants []grant
	for _, name := range names.PolicyNames {
		found, err := client.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		if err != nil {
			t.Fatal(err)
		}
		document, err := url.QueryUnescape(*found.PolicyDocument)
		if err != nil {
			t.Fatal(err)
		}
		var policy struct {
			Statement []struct{ Action, Resource oneOrMore }
		}
		if err := json.Unmarshal([]byte(document), &policy); err != nil {
			t.Fatal(err)
		}
		for _, statement := range policy.Statement {
			for _, action := range statement.Action {
				service, _, _ := strings.Cut(action, ":")
				for _, resource := range statement.Resource {
					if !slices.Contains(unseen, service) {
						grants = append(grants, grant{action, resource})
					}
				}
			}
		}
	}
	return grants
}

// oneOrMore is a string or a list of strings, as IAM writes either.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}
