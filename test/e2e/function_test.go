package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/gruntwork-io/terratest/modules/terraform"
)

// TestAFunctionByItself applies the function module alone: with a zip from a
// bucket, and with a queue for failures, into which a failure goes. A zip whose
// sum is not the given one never gets behind the alias. Code that is planned
// anew each time, or another when it is applied, or code that was changed and is not
// deployed, is the bug of terraform-aws-modules/terraform-aws-lambda#330, #339, #663
// and #705.
func TestAFunctionByItself(t *testing.T) {
	t.Parallel()
	localOnly(t, "its key has no policy that CloudWatch Logs takes")
	options := moduleFixture(t, "function", map[string]any{"package_dir": packages, "package_name": "disconnect", "architecture": architecture()})
	if _, err := terraform.InitAndApplyContextE(t, t.Context(), options); err != nil {
		t.Fatal(err)
	}
	unchanged(t, options, "after apply")
	settings, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	client := awslambda.NewFromConfig(settings)
	alias := terraform.OutputContext(t, t.Context(), options, "alias_arn")

	t.Run("what fails for good goes to the queue, with the reason", func(t *testing.T) {
		if _, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &alias, InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"kept":"this"}`)}); err != nil {
			t.Fatal(err)
		}
		queues := sqs.NewFromConfig(settings)
		var record struct {
			RequestContext struct {
				FunctionARN string `json:"functionArn"`
				Condition   string `json:"condition"`
			} `json:"requestContext"`
			RequestPayload  json.RawMessage `json:"requestPayload"`
			ResponseContext struct {
				FunctionError string `json:"functionError"`
			} `json:"responseContext"`
		}
		deadline := time.Now().Add(time.Minute)
		for record.RequestContext.Condition == "" {
			if time.Now().After(deadline) {
				t.Fatal("nothing came")
			}
			received, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(terraform.OutputContext(t, t.Context(), options, "queue_url")), WaitTimeSeconds: 5})
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range received.Messages {
				if err := json.Unmarshal([]byte(*message.Body), &record); err != nil {
					t.Fatal(err)
				}
			}
		}
		if record.RequestContext.Condition != "RetriesExhausted" || record.ResponseContext.FunctionError == "" || string(record.RequestPayload) != `{"kept":"this"}` || !strings.Contains(record.RequestContext.FunctionARN, options.Vars["name"].(string)) {
			t.Errorf("the record is %+v", record)
		}
	})

	t.Run("a zip of another sum does not get behind the alias", func(t *testing.T) {
		before := terraform.OutputContext(t, t.Context(), options, "version")
		options.Vars["package_name"], options.Vars["package_sum"] = "connect", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
		_, err := terraform.ApplyContextE(t, t.Context(), options)
		if err == nil || !strings.Contains(err.Error(), "Lambda holds another zip than package_object.sha256") {
			t.Fatalf("it was applied: %v", err)
		}
		named, err := client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String(options.Vars["name"].(string)), Name: aws.String("live")})
		if err != nil {
			t.Fatal(err)
		}
		if *named.FunctionVersion != before {
			t.Errorf("the alias names version %s, before %s", *named.FunctionVersion, before)
		}
		delete(options.Vars, "package_sum")
		if _, err := terraform.ApplyContextE(t, t.Context(), options); err != nil {
			t.Fatalf("the right sum does not help: %v", err)
		}
		unchanged(t, options, "after the right sum")
		if after := terraform.OutputContext(t, t.Context(), options, "version"); after == before {
			t.Errorf("the alias still names version %s", after)
		}
	})
}
