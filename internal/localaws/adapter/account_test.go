package adapter

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// setRole asks for another role of the account's settings, as Terraform's
// aws_api_gateway_account does.
func (w *world) setRole(arn string) (int, string) {
	w.Helper()
	body := `{"patchOperations":[{"op":"replace","path":"/cloudwatchRoleArn","value":"` + arn + `"}]}`
	r := must(http.NewRequestWithContext(w.Context(), http.MethodPatch, w.url+"/account", strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/json")
	return w.send(r, "apigateway", body)
}

func (w *world) role(principal string, policies ...string) string {
	w.Helper()
	client, name := iam.NewFromConfig(w.config("us-east-1")), aws.String("r"+newRequestID()[:10])
	role := must(client.CreateRole(w.Context(), &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["` + principal + `"]}}]}`),
	})).Role
	for _, policy := range policies {
		must(client.AttachRolePolicy(w.Context(), &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &policy}))
	}
	return *role.Arn
}

func TestTheAccountTakesARoleOnlyThatCanWriteLogs(t *testing.T) {
	w := newWorld(t)
	good := w.role("apigateway.amazonaws.com", loggingRolePolicy)
	if status, body := w.setRole(good); status != http.StatusOK || !strings.Contains(body, good) {
		t.Fatalf("a role that may: %d %s", status, body)
	}
	for name, arn := range map[string]string{
		"a role that does not exist":             "arn:aws:iam::000000000000:role/none",
		"a role that API Gateway may not assume": w.role("lambda.amazonaws.com", loggingRolePolicy),
		"a role that may do nothing":             w.role("apigateway.amazonaws.com"),
		"a role that may only do something else": w.role("apigateway.amazonaws.com", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
		"what is no role at all":                 "x",
	} {
		if status, body := w.setRole(arn); status != http.StatusBadRequest || !strings.Contains(body, "The role ARN does not have required permissions configured") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if arn := must(w.adapter.LoggingRole(t.Context(), testRegion)); arn != good {
		t.Errorf("what was refused left %q", arn)
	}
	if status, body := w.setRole(""); status != http.StatusOK {
		t.Errorf("to have none: %d %s", status, body)
	}
	if arn := must(w.adapter.LoggingRole(t.Context(), testRegion)); arn != "" {
		t.Errorf("after it was taken away: %q", arn)
	}
}

func TestAnAccountBeginsWithARoleForLogsOnce(t *testing.T) {
	w := newWorld(t)
	for _, region := range []string{"eu-central-1", "eu-north-1"} {
		arn := must(w.adapter.LoggingRole(t.Context(), region))
		if !strings.HasSuffix(arn, ":role/"+loggingRoleName) || !must(w.adapter.maySendLogs(t.Context(), arn)) {
			t.Fatalf("%s begins with %q", region, arn)
		}
		if err := w.adapter.emulator.setLoggingRole(t.Context(), region, ""); err != nil {
			t.Fatal(err)
		}
		w.open()
		if arn := must(w.adapter.LoggingRole(t.Context(), region)); arn != "" {
			t.Errorf("what was taken away from %s came back: %q", region, arn)
		}
	}
}
