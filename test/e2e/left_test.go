package e2e_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
)

// nothingIsLeft asks the services themselves, not Terraform's state alone.
func (d *deployment) nothingIsLeft(t *testing.T) {
	t.Helper()
	if state := strings.TrimSpace(terraform.RunTerraformCommandContext(t, t.Context(), d.options, "state", "list")); state != "" {
		t.Errorf("in the state: %s", state)
	}
	var left []string
	add := func(kind, name string) {
		if strings.Contains(name, d.name) || d.APIID != "" && strings.Contains(name, d.APIID) {
			left = append(left, kind+" "+name)
		}
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()

	apis, err := apigatewayv2.NewFromConfig(d.aws).GetApis(ctx, &apigatewayv2.GetApisInput{})
	check(err)
	for _, api := range apis.Items {
		add("API", *api.Name)
	}
	tables := dynamodb.NewListTablesPaginator(dynamodb.NewFromConfig(d.aws), &dynamodb.ListTablesInput{})
	for tables.HasMorePages() {
		page, err := tables.NextPage(ctx)
		check(err)
		for _, name := range page.TableNames {
			add("table", name)
		}
	}
	functions := lambda.NewListFunctionsPaginator(lambda.NewFromConfig(d.aws), &lambda.ListFunctionsInput{})
	for functions.HasMorePages() {
		page, err := functions.NextPage(ctx)
		check(err)
		for _, function := range page.Functions {
			add("function", *function.FunctionName)
		}
	}
	ofTheEdge := d.aws.Copy()
	ofTheEdge.Region = edge.Region
	for _, cfg := range []aws.Config{d.aws, ofTheEdge} {
		groups := cloudwatchlogs.NewDescribeLogGroupsPaginator(cloudwatchlogs.NewFromConfig(cfg), &cloudwatchlogs.DescribeLogGroupsInput{})
		for groups.HasMorePages() {
			page, err := groups.NextPage(ctx)
			check(err)
			for _, group := range page.LogGroups {
				add("log group", *group.LogGroupName)
			}
		}
	}
	for scope, cfg := range map[waf.Scope]aws.Config{waf.ScopeRegional: d.aws, waf.ScopeCloudfront: ofTheEdge} {
		acls, err := wafv2.NewFromConfig(cfg).ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: scope, Limit: ptr(int32(100))})
		check(err)
		for _, acl := range acls.WebACLs {
			add("web ACL", *acl.Name)
		}
	}
	distributions := cloudfront.NewListDistributionsPaginator(cloudfront.NewFromConfig(ofTheEdge), &cloudfront.ListDistributionsInput{})
	for distributions.HasMorePages() {
		page, err := distributions.NextPage(ctx)
		check(err)
		for _, distribution := range page.DistributionList.Items {
			add("distribution", *distribution.Comment)
		}
	}
	buckets, err := s3.NewFromConfig(ofTheEdge, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{})
	check(err)
	for _, bucket := range buckets.Buckets {
		add("bucket", *bucket.Name)
	}
	pools := cognito.NewListUserPoolsPaginator(cognito.NewFromConfig(d.aws), &cognito.ListUserPoolsInput{MaxResults: ptr(int32(60))})
	for pools.HasMorePages() {
		page, err := pools.NextPage(ctx)
		check(err)
		for _, pool := range page.UserPools {
			add("user pool", *pool.Name)
		}
	}
	alarms := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(d.aws), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &d.name})
	for alarms.HasMorePages() {
		page, err := alarms.NextPage(ctx)
		check(err)
		for _, alarm := range page.MetricAlarms {
			add("alarm", *alarm.AlarmName)
		}
	}
	topics := sns.NewListTopicsPaginator(sns.NewFromConfig(d.aws), &sns.ListTopicsInput{})
	for topics.HasMorePages() {
		page, err := topics.NextPage(ctx)
		check(err)
		for _, topic := range page.Topics {
			add("topic", *topic.TopicArn)
		}
	}
	policies := iam.NewListPoliciesPaginator(iam.NewFromConfig(d.aws), &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	for policies.HasMorePages() {
		page, err := policies.NextPage(ctx)
		check(err)
		for _, policy := range page.Policies {
			add("policy", *policy.Arn)
		}
	}
	roles := iam.NewListRolesPaginator(iam.NewFromConfig(d.aws), &iam.ListRolesInput{})
	for roles.HasMorePages() {
		page, err := roles.NextPage(ctx)
		check(err)
		for _, role := range page.Roles {
			add("role", *role.RoleName)
		}
	}
	if len(left) > 0 {
		t.Errorf("left: %s", strings.Join(left, ", "))
	}
}

func ptr[T any](v T) *T { return &v }

// cognitoEndpoint is the input that tells the functions where Cognito is, when
// it is not AWS's own.
func cognitoEndpoint() map[string]any {
	if onAWS {
		return nil
	}
	return map[string]any{"cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL")}
}

// readAll reads a response and leaves it readable.
func readAll(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// decodeSegment decodes a part of a JWT.
func decodeSegment(t *testing.T, segment string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
