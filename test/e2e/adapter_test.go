package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/coder/websocket"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	provider "github.com/portcullis-chat/portcullis/internal/terraform"
)

// fixture prepares a root of the fixtures for a test.
func fixture(t *testing.T, name string) *terraform.Options {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "test/e2e/fixtures", name))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	return &terraform.Options{
		TerraformDir: dir, TerraformBinary: provider.Binary(), NoColor: true, Logger: quiet(),
		Vars: map[string]any{"name": "portcullis-e2e-" + randomHex(3), "region": region},
	}
}

// ownStack is a stack of one test, which it can take down and start again.
type ownStack struct {
	*testing.T
	folder localaws.Folder
	*localaws.Stack
}

func newOwnStack(t *testing.T) *ownStack {
	t.Helper()
	folder, err := localaws.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &ownStack{T: t, folder: folder}
	s.start()
	t.Cleanup(func() { s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func (s *ownStack) start() {
	s.Helper()
	stack, err := localaws.Start(s.Context(), localaws.Options{
		Folder: s.folder, Region: localaws.DefaultRegion, Persist: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Progress: func(what string) { s.Log(what) },
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Stack = stack
}

// environment is what leads Terraform to the stack.
func (s *ownStack) environment() map[string]string {
	settings := map[string]string{}
	for _, setting := range localaws.Environment(s.Description()) {
		name, value, _ := strings.Cut(setting, "=")
		settings[name] = value
	}
	return settings
}

func (s *ownStack) config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(s.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider(localaws.RootAccessKeyID, localaws.RootSecretAccessKey, ""),
	}
}

// dial makes a WebSocket connection for which every name leads to the stack, and
// returns the status of the handshake.
func (s *ownStack) dial(url string) int {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), wait)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(s.Endpoint(), "http://"))
	}}}
	conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client})
	if err == nil {
		_ = conn.CloseNow()
	}
	return statusOf(res)
}

// TestAdapterLeavesNothingToPlan: what the adapter mends and serves comes back
// as it was made, over a restart too, and goes when it is destroyed.
func TestAdapterLeavesNothingToPlan(t *testing.T) {
	localOnly(t, "it is about the local stack's adapter")
	stack := newOwnStack(t)
	options := fixture(t, "adapter")
	options.EnvVars = stack.environment()
	if _, err := terraform.InitAndApplyContextE(t, t.Context(), options); err != nil {
		t.Fatal(err)
	}
	unchanged(t, options, "after apply")

	for url, want := range map[string]int{
		"ws://ws.example.com/":        http.StatusSwitchingProtocols,
		"ws://ws.example.com/chat/v1": http.StatusSwitchingProtocols,
		"ws://ws.example.com/chat":    http.StatusForbidden,
		"ws://other.example.com/":     http.StatusForbidden,
		strings.Replace(stack.Endpoint(), "http:", "ws:", 1) + "/_aws/execute-api/" + terraform.OutputContext(t, t.Context(), options, "api_id") + "/live": http.StatusForbidden,
	} {
		if status := stack.dial(url); status != want {
			t.Errorf("%s: status %d, want %d", url, status, want)
		}
	}

	endpoint := stack.Endpoint()
	stack.Close(t.Context())
	stack.start()
	if stack.Endpoint() != endpoint {
		t.Fatalf("endpoint %s, then %s", endpoint, stack.Endpoint())
	}
	unchanged(t, options, "after a restart")
	if status := stack.dial("ws://ws.example.com/chat/v1"); status != http.StatusSwitchingProtocols {
		t.Errorf("after a restart the custom domain name answers %d", status)
	}

	if _, err := terraform.DestroyContextE(t, t.Context(), options); err != nil {
		t.Fatal(err)
	}
	stack.isEmpty()
}

// isEmpty asks the services, and looks at what the adapter keeps.
func (s *ownStack) isEmpty() {
	s.Helper()
	must := func(err error) {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
	}
	gateway := apigatewayv2.NewFromConfig(s.config(region))
	apis, err := gateway.GetApis(s.Context(), &apigatewayv2.GetApisInput{})
	must(err)
	domains, err := gateway.GetDomainNames(s.Context(), &apigatewayv2.GetDomainNamesInput{})
	must(err)
	if len(apis.Items)+len(domains.Items) > 0 {
		s.Errorf("%d APIs and %d domain names are left", len(apis.Items), len(domains.Items))
	}
	for scope, in := range map[waftypes.Scope]string{waftypes.ScopeCloudfront: "us-east-1", waftypes.ScopeRegional: region} {
		acls, err := wafv2.NewFromConfig(s.config(in)).ListWebACLs(s.Context(), &wafv2.ListWebACLsInput{Scope: scope})
		must(err)
		if len(acls.WebACLs) > 0 {
			s.Errorf("%d web ACLs of scope %s are left", len(acls.WebACLs), scope)
		}
	}
	alarms, err := cloudwatch.NewFromConfig(s.config(region)).DescribeAlarms(s.Context(), &cloudwatch.DescribeAlarmsInput{
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	must(err)
	if len(alarms.MetricAlarms)+len(alarms.CompositeAlarms) > 0 {
		s.Errorf("%d alarms are left", len(alarms.MetricAlarms)+len(alarms.CompositeAlarms))
	}
	data, err := os.ReadFile(s.folder.Data("adapter.json"))
	must(err)
	var kept struct {
		Kinds map[string]map[string]json.RawMessage `json:"kinds"`
	}
	must(json.Unmarshal(data, &kept))
	if len(kept.Kinds) < 5 {
		s.Errorf("the adapter kept %d kinds of what it mends", len(kept.Kinds))
	}
	for kind, left := range kept.Kinds {
		if len(left) > 0 {
			s.Errorf("the adapter keeps of %s: %s", kind, left)
		}
	}
}

// TestAdapterRefusesWhatNobodyServes: each resource fails with a refusal in
// words, and none crashes the provider or is tried again for minutes.
func TestAdapterRefusesWhatNobodyServes(t *testing.T) {
	localOnly(t, "AWS serves it")
	options := fixture(t, "refused")
	declared, err := os.ReadFile(filepath.Join(options.TerraformDir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	_, err = terraform.InitAndApplyContextE(t, t.Context(), options)
	if err == nil {
		_, _ = terraform.DestroyContextE(t, t.Context(), options)
		t.Fatal("it was applied")
	}
	// Terraform breaks lines where it likes.
	said := strings.Join(strings.Fields(err.Error()), " ")
	reasons := map[string]string{}
	for _, failure := range strings.Split(said, "Error: ")[1:] {
		_, rest, _ := strings.Cut(failure, " with ")
		resource, _, _ := strings.Cut(rest, ",")
		reasons[resource] = failure
	}
	resources := 0
	for line := range strings.Lines(string(declared)) {
		resource, ok := strings.CutPrefix(line, `resource "`)
		if !ok {
			continue
		}
		resources++
		kind, _, _ := strings.Cut(resource, `"`)
		if reason := reasons[kind+".this"]; !strings.Contains(reason, "not served by the local stack: ") || !strings.Contains(reason, "StatusCode: 501") {
			t.Errorf("%s: %q", kind, reason)
		}
	}
	if resources < 10 || len(reasons) != resources {
		t.Errorf("%d resources, %d failures", resources, len(reasons))
	}
	if strings.Contains(said, "Plugin did not respond") || strings.Contains(said, "panic") {
		t.Errorf("the provider crashed: %s", said)
	}
	t.Logf("refused within %s", time.Since(started).Round(time.Second))
}
