package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portcullis-chat/portcullis/internal/localaws/record"
)

const (
	// writeDeployRole makes TestComplete write what it records instead of
	// comparing it: `make deploy-role`.
	writeDeployRole = "PORTCULLIS_WRITE_DEPLOY_ROLE"
	// deployPolicy is the part of the deploying role's policy that is recorded.
	deployPolicy = root + "/docs/deploy-role.json"
)

// deployer is a role that Terraform runs under.
type deployer struct {
	key string
	env map[string]string
}

// newDeployer makes a role with the policy that is documented and assumes it.
func newDeployer(t *testing.T) *deployer {
	t.Helper()
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	if os.Getenv(writeDeployRole) == "" {
		documented, err := os.ReadFile(deployPolicy)
		if err != nil {
			t.Fatal(err)
		}
		policy = forTheStack(t, documented)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	name := "deployer-" + randomHex(3)
	roles := iam.NewFromConfig(cfg)
	made, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: ptr(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + *who.Account + `:root"},"Action":"sts:AssumeRole"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	session, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	c := session.Credentials
	return &deployer{key: *c.AccessKeyId, env: map[string]string{
		"AWS_ACCESS_KEY_ID": *c.AccessKeyId, "AWS_SECRET_ACCESS_KEY": *c.SecretAccessKey, "AWS_SESSION_TOKEN": *c.SessionToken,
	}}
}

// didWhatIsDocumented compares what Terraform did under the role with the policy
// that is documented, which was all that the role had.
func (d *deployer) didWhatIsDocumented(t *testing.T) {
	calls, err := record.Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	for _, call := range calls {
		if call.Signer == d.key {
			done[call.Action] = true
		}
	}
	var policy bytes.Buffer
	encoder := json.NewEncoder(&policy)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(minimalPolicy(done)); err != nil {
		t.Fatal(err)
	}
	if os.Getenv(writeDeployRole) != "" {
		if err := os.WriteFile(deployPolicy, policy.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	documented, err := os.ReadFile(deployPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(documented, policy.Bytes()) {
		t.Errorf("%s is not what Terraform did; `make deploy-role` writes:\n%s", filepath.Base(deployPolicy), policy.String())
	}
}

// needless are actions that AWS allows to everybody who has credentials.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
var needless = []string{"sts:GetCallerIdentity"}

// named is what the documented role may make: what begins so.
const named = "portcullis-"

// resources are those that actions of a service can be narrowed to.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var resources = map[string][]string{
	"apigateway":  {"arn:aws:apigateway:*::/apis", "arn:aws:apigateway:*::/apis/*", "arn:aws:apigateway:*::/tags/*"},
	"cloudfront":  {"arn:aws:cloudfront::*:distribution/*", "arn:aws:cloudfront::*:origin-access-control/*", "arn:aws:cloudfront::*:response-headers-policy/*"},
	"cloudwatch":  {"arn:aws:cloudwatch:*:*:alarm:" + named + "*", "arn:aws:cloudwatch::*:dashboard/" + named + "*"},
	"cognito-idp": {"arn:aws:cognito-idp:*:*:userpool/*"},
	"dynamodb":    {"arn:aws:dynamodb:*:*:table/" + named + "*"},
	"iam":         {"arn:aws:iam::*:role/" + named + "*", "arn:aws:iam::*:policy/" + named + "*"},
	"kms":         {"arn:aws:kms:*:*:key/*", "arn:aws:kms:*:*:alias/" + named + "*"},
	"lambda":      {"arn:aws:lambda:*:*:function:" + named + "*"},
	"logs":        {"arn:aws:logs:*:*:log-group:*", "arn:aws:logs:*:*:delivery:*", "arn:aws:logs:*:*:delivery-source:" + named + "*", "arn:aws:logs:*:*:delivery-destination:" + named + "*"},
	"s3":          {"arn:aws:s3:::" + named + "*"},
	"sns":         {"arn:aws:sns:*:*:" + named + "*"},
	"wafv2":       {"arn:aws:wafv2:*:*:*/webacl/" + named + "*", "arn:aws:wafv2:*:*:*/managedruleset/*", "arn:aws:cognito-idp:*:*:userpool/*"},
}

// unscoped are actions that take no resource.
var unscoped = []string{"cloudwatch:DescribeAlarms", "cognito-idp:CreateUserPool", "cognito-idp:DescribeUserPoolDomain", "kms:CreateKey", "kms:ListAliases"}

// judged are the services whose control plane the local stack judges by the
// resource that AWS does. Of the others it puts some calls to IAM without one.
var judged = []string{"apigateway", "cognito-idp", "iam"}

// forTheStack is the documented policy with every resource where the stack does
// not know the one that a call is about.
func forTheStack(t *testing.T, documented []byte) string {
	t.Helper()
	var policy document
	if err := json.Unmarshal(documented, &policy); err != nil {
		t.Fatal(err)
	}
	for i, statement := range policy.Statement {
		if service, _, _ := strings.Cut(statement.Action[0], ":"); !slices.Contains(judged, service) {
			policy.Statement[i].Resource = []string{"*"}
		}
		if slices.Contains(statement.Action, "iam:CreatePolicy") { // whose call has no ARN, but a name
			policy.Statement = append(policy.Statement, allow{"WithoutResource", "Allow", []string{"iam:CreatePolicy"}, []string{"*"}})
		}
		if slices.Contains(statement.Action, "cloudfront:CreateDistribution") { // it takes the call with tags for another
			policy.Statement[i].Action = append(policy.Statement[i].Action, "cloudfront:CreateDistributionWithTags")
		}
		if slices.Contains(statement.Action, "lambda:GetAlias") { // it takes all calls of one alias for this
			policy.Statement[i].Action = append(policy.Statement[i].Action, "lambda:ListAliases")
		}
	}
	changed, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

type allow struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

type document struct {
	Version   string
	Statement []allow
}

// minimalPolicy allows actions on the resources that they can be narrowed to.
func minimalPolicy(actions map[string]bool) document {
	byService := map[string][]string{}
	for action := range actions {
		service, _, _ := strings.Cut(action, ":")
		if slices.Contains(needless, action) {
			continue
		}
		if slices.Contains(unscoped, action) {
			service = ""
		}
		byService[service] = append(byService[service], action)
	}
	policy := document{Version: "2012-10-17"}
	for service, list := range byService {
		slices.Sort(list)
		sid := "Anywhere"
		if service != "" {
			sid = strings.ToUpper(service[:1]) + strings.ReplaceAll(service[1:], "-", "")
		}
		narrow, ok := resources[service]
		if !ok {
			narrow = []string{"*"}
		}
		policy.Statement = append(policy.Statement, allow{sid, "Allow", list, narrow})
	}
	slices.SortFunc(policy.Statement, func(a, b allow) int { return cmp.Compare(a.Sid, b.Sid) })
	return policy
}
