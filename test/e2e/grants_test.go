package e2e_test

import (
	"crypto/x509"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

// deploymentFile names a file in which a run of this suite describes what it
// has deployed, for runs of TestDeployed by itself.
const deploymentFile = "PORTCULLIS_DEPLOYMENT"

// described is what a deployment file holds.
type described struct {
	Outputs outputs
	Issuer  string
	Key     []byte // PKCS #8, DER
}

// TestDeployed runs the conversations against a chat that is deployed already.
// TestEveryGrantIsNeeded runs it again and again, each time with one right
// taken away.
func TestDeployed(t *testing.T) {
	file := os.Getenv(deploymentFile)
	if file == "" {
		t.Skip("TestEveryGrantIsNeeded runs it, against what that test has deployed")
	}
	var what described
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &what); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{outputs: what.Outputs, aws: cfg}
	own := ownIssuer{&issuer.Issuer{URL: what.Issuer, Key: parseKey(t, what.Key)}}
	d.conversations(t, own.cast(t))
	d.ownIssuer(t, own)
}

// TestEveryGrantIsNeeded takes one right after the other away from the deployed
// functions and expects the suite to notice: so no grant is unused, and IAM is
// enforced. It takes minutes; `make test-grants` runs it.
func TestEveryGrantIsNeeded(t *testing.T) {
	if os.Getenv("PORTCULLIS_GRANTS") == "" {
		t.Skip("takes minutes: make test-grants")
	}
	localOnly(t, "AWS cannot reach an issuer on this machine's loopback")
	own := newIssuer(t)
	d := deploy(t, "examples/external-idp", map[string]any{
		"issuer": own.URL, "jwks_uri": own.KeysURL, "audiences": []string{issuer.Audience}, "token_type_check": "typ",
		"rooms": map[string]any{"claim": roomsClaim},
	})
	key, err := x509.MarshalPKCS8PrivateKey(own.Key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(described{Outputs: d.outputs, Issuer: own.URL, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}

	t.Run("with all grants the suite passes", func(t *testing.T) {
		if out, err := runDeployed(t, file); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
	for _, mutation := range slices.Concat(d.grants(t), d.permissions(t)) {
		t.Run("without "+mutation.name+" it fails", func(t *testing.T) {
			mutation.remove(t)
			defer mutation.restore(t)
			out, err := runDeployed(t, file)
			if err == nil {
				t.Fatal("the suite passes all the same: the grant is not needed, or not enforced")
			}
			t.Logf("noticed by: %s", strings.Join(failures(out), "; "))
		})
	}
	t.Run("with all grants again it passes", func(t *testing.T) {
		if out, err := runDeployed(t, file); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

// runDeployed runs TestDeployed in a process of its own.
func runDeployed(t *testing.T, file string) ([]byte, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestDeployed$", "-test.failfast", "-test.count=1")
	cmd.Env = append(os.Environ(), deploymentFile+"="+file)
	return cmd.CombinedOutput()
}

// failures are the names of the failed tests in an output.
func failures(output []byte) []string {
	var names []string
	for line := range strings.Lines(string(output)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: TestDeployed/"); ok {
			names = append(names, name)
		}
	}
	return names
}

// mutation takes a right away and gives it back.
type mutation struct {
	name            string
	remove, restore func(t *testing.T)
}

// notEnforced are the services whose grants the local stack cannot take away:
// docs/local-stack-differences.md says why.
var notEnforced = []string{"kms", "logs", "xray"}

// grants are the actions in the policies of the functions' roles, one by one.
func (d *deployment) grants(t *testing.T) []mutation {
	t.Helper()
	client := iam.NewFromConfig(d.aws)
	var mutations []mutation
	for function, arn := range d.RoleARNs {
		role := arn[strings.LastIndexByte(arn, '/')+1:]
		names, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
		if err != nil {
			t.Fatal(err)
		}
		for _, policy := range names.PolicyNames {
			found, err := client.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
			if err != nil {
				t.Fatal(err)
			}
			document, err := url.QueryUnescape(*found.PolicyDocument)
			if err != nil {
				t.Fatal(err)
			}
			put := func(t *testing.T, document string) {
				t.Helper()
				if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &policy, PolicyDocument: &document}); err != nil {
					t.Fatal(err)
				}
			}
			for name, without := range eachActionRemoved(t, document) {
				mutations = append(mutations, mutation{
					name:    function + "'s " + name,
					remove:  func(t *testing.T) { put(t, without) },
					restore: func(t *testing.T) { put(t, document) },
				})
			}
		}
	}
	return mutations
}

// eachActionRemoved returns, for each action of each statement of a policy, the
// policy without it.
func eachActionRemoved(t *testing.T, document string) map[string]string {
	t.Helper()
	type statement = map[string]any
	var policy struct {
		Version   string
		Statement []statement
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		t.Fatal(err)
	}
	results := map[string]string{}
	for i, s := range policy.Statement {
		actions, ok := s["Action"].([]any)
		if !ok {
			actions = []any{s["Action"]}
		}
		for j, action := range actions {
			service, _, _ := strings.Cut(action.(string), ":")
			if slices.Contains(notEnforced, service) {
				continue
			}
			changed := policy
			changed.Statement = slices.Clone(policy.Statement)
			if left := slices.Delete(slices.Clone(actions), j, j+1); len(left) > 0 {
				reduced := statement{}
				for key, value := range s {
					reduced[key] = value
				}
				reduced["Action"] = left
				changed.Statement[i] = reduced
			} else {
				changed.Statement = slices.Delete(changed.Statement, i, i+1)
			}
			without, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			results[action.(string)+" of "+s["Sid"].(string)] = string(without)
		}
	}
	return results
}

// permissions are the statements of the functions' own policies, by which API
// Gateway may invoke them.
func (d *deployment) permissions(t *testing.T) []mutation {
	t.Helper()
	client := lambda.NewFromConfig(d.aws)
	var mutations []mutation
	for _, function := range d.FunctionNames {
		found, err := client.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &function, Qualifier: ptr("live")})
		if err != nil {
			t.Fatal(err)
		}
		var policy struct {
			Statement []struct {
				Sid       string
				Action    string
				Principal struct{ Service string }
				Condition map[string]map[string]string
			}
		}
		if err := json.Unmarshal([]byte(*found.Policy), &policy); err != nil {
			t.Fatal(err)
		}
		for _, s := range policy.Statement {
			source := s.Condition["ArnLike"]["AWS:SourceArn"]
			mutations = append(mutations, mutation{
				name: "the permission of " + function + " for " + source[strings.LastIndexByte(source, ':')+1:],
				remove: func(t *testing.T) {
					if _, err := client.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: &function, Qualifier: ptr("live"), StatementId: &s.Sid}); err != nil {
						t.Fatal(err)
					}
				},
				restore: func(t *testing.T) {
					if _, err := client.AddPermission(t.Context(), &lambda.AddPermissionInput{
						FunctionName: &function, Qualifier: ptr("live"), StatementId: &s.Sid, Action: &s.Action,
						Principal: &s.Principal.Service, SourceArn: &source,
					}); err != nil {
						t.Fatal(err)
					}
				},
			})
		}
	}
	return mutations
}
