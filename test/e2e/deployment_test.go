package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"

	provider "github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
)

// allowedOrigin is the only web origin that the deployed chats let in.
const allowedOrigin = "https://chat.example.com"

// region is where the chats are deployed: not the one that the local stack's
// own settings name, so that nothing can rest on that.
const region = "eu-west-1"

// outputs are those of a deployed root.
type outputs struct {
	URL                string            `json:"url"`
	RoomQuery          string            `json:"room_query"`
	UserPoolID         string            `json:"user_pool_id"`
	UserPoolClientID   string            `json:"user_pool_client_id"`
	Issuer             string            `json:"issuer"`
	APIID              string            `json:"api_id"`
	StageName          string            `json:"stage_name"`
	ConnectionsTable   string            `json:"connections_table"`
	MessagesTable      string            `json:"messages_table"`
	FunctionNames      map[string]string `json:"function_names"`
	RoleARNs           map[string]string `json:"role_arns"`
	LogGroupNames      map[string]string `json:"log_group_names"`
	ManagementEndpoint string            `json:"management_endpoint"`
	OperatorPolicy     string            `json:"operator_policy_json"`
	PollsTable         string            `json:"polls_table"`
	AlarmTopicARN      string            `json:"alarm_topic_arn"`
	AlarmNames         map[string]string `json:"alarm_names"`
	DashboardName      string            `json:"dashboard_name"`
	EdgeURL            string            `json:"edge_url"`
	SiteURL            string            `json:"site_url"`
	Edge               struct {
		Distribution          struct{ ID string } `json:"distribution"`
		WebACLARN             string              `json:"web_acl_arn"`
		LogGroupNames         map[string]string   `json:"log_group_names"`
		Bucket                string              `json:"bucket"`
		ContentSecurityPolicy string              `json:"content_security_policy"`
	} `json:"edge"`
}

// deployment is a root that Terraform has applied.
type deployment struct {
	outputs
	name    string
	plan    string // file of the last one that was empty; or none
	options *terraform.Options
	aws     aws.Config
	client  *http.Client // that handshakes go by; nil for the usual one
}

// workingCopy copies what roots are made of, and returns the copy's folder: roots
// refer to modules by relative paths, and Terraform writes beside them.
func workingCopy(t *testing.T, dir string) string {
	t.Helper()
	work := t.TempDir()
	for _, part := range []string{"modules", "web/site", "examples", "test/e2e/fixtures"} {
		if err := os.CopyFS(filepath.Join(work, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(work, dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	return work
}

// deploy applies a copy of a root of this repository and destroys it when the
// test ends.
func deploy(t *testing.T, dir string, vars map[string]any) *deployment {
	t.Helper()
	return deployAs(t, nil, dir, vars)
}

// deployAs is deploy under a role, or without one under the credentials of the
// environment.
func deployAs(t *testing.T, role *deployer, dir string, vars map[string]any) *deployment {
	t.Helper()
	work := workingCopy(t, dir)
	d := &deployment{name: "portcullis-e2e-" + randomHex(3)}
	all := map[string]any{
		"name": d.name, "region": region, "package_dir": packages, "architecture": architecture(),
		"allowed_origins": []string{allowedOrigin},
	}
	for name, value := range vars {
		all[name] = value
	}
	d.options = &terraform.Options{
		TerraformDir: filepath.Join(work, dir), TerraformBinary: provider.Binary(), Vars: all, NoColor: true, Logger: quiet(),
	}
	if role != nil {
		d.options.EnvVars = role.env
	}
	t.Cleanup(func() {
		if _, err := terraform.DestroyContextE(t, context.WithoutCancel(t.Context()), d.options); err != nil {
			t.Errorf("destroy: %v", err)
		}
	})
	terraform.InitAndApplyContext(t, t.Context(), d.options)
	values, err := json.Marshal(terraform.OutputAllContext(t, t.Context(), d.options))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(values, &d.outputs); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	d.aws = cfg
	return d
}

// planIsEmpty fails the test when a plan of what is deployed would change it. It
// keeps the plan for checkov.
func (d *deployment) planIsEmpty(t *testing.T) {
	options := *d.options
	options.PlanFilePath = filepath.Join(options.TerraformDir, "empty.tfplan")
	if code := terraform.PlanExitCodeContext(t, t.Context(), &options); code != terraform.DefaultSuccessExitCode {
		plan, err := terraform.PlanContextE(t, t.Context(), d.options)
		t.Fatalf("exit code %d, want %d: %v\n%s", code, terraform.DefaultSuccessExitCode, err, plan)
	}
	d.plan = options.PlanFilePath
}

// quiet drops Terraform's output; a failed command has it in its error.
func quiet() *logger.Logger { return logger.Discard }

// randomHex returns n random bytes as hex digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// newUser makes a user of the deployment's pool who is signed in.
func (d *deployment) newUser(t *testing.T, name string) chat.User {
	t.Helper()
	u, err := chat.NewUser(t.Context(), d.aws, d.UserPoolID, d.UserPoolClientID, name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signIn returns an access token of an app client.
func (d *deployment) signIn(t *testing.T, u chat.User, clientID string) string {
	t.Helper()
	token, err := u.SignIn(t.Context(), d.UserPoolID, clientID)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// notInRooms is what a room's name cannot have.
var notInRooms = regexp.MustCompile(`[^a-z0-9_-]+`)

// room returns a room that no other test uses.
func room(t *testing.T) string {
	t.Helper()
	name := strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])
	return notInRooms.ReplaceAllString(name[:min(len(name), 40)], "-") + "-" + randomHex(3)
}
