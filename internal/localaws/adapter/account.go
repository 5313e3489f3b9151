package adapter

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The account's settings of API Gateway are MiniStack's, which takes any role
// for CloudWatch Logs. AWS takes one only that API Gateway may assume and that
// may write logs, and refuses stages with logs while there is none.

// The role with which the account begins.
const (
	loggingRoleName   = "portcullis-local-api-gateway-logs"
	loggingRolePolicy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
	loggingRoleTrust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"apigateway.amazonaws.com"}}]}`
)

// loggingActions are what API Gateway wants of the role (developer guide, "Set
// up CloudWatch logging").
var loggingActions = []string{
	"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
}

// LoggingRole is the role with which API Gateway writes the logs of a Region;
// empty when the account has none.
func (a *Adapter) LoggingRole(ctx context.Context, region string) (string, error) {
	if err := a.begin(ctx, region); err != nil {
		return "", err
	}
	return a.emulator.loggingRole(ctx, region)
}

func (m *emulator) loggingRole(ctx context.Context, region string) (string, error) {
	var account struct {
		CloudwatchRoleARN string `json:"cloudwatchRoleArn"`
	}
	err := m.rest(ctx, http.MethodGet, region, "/account", nil, &account)
	return account.CloudwatchRoleARN, err
}

func (m *emulator) setLoggingRole(ctx context.Context, region, arn string) error {
	return m.rest(ctx, http.MethodPatch, region, "/account",
		map[string]any{"patchOperations": []any{map[string]string{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}}}, nil)
}

// begin gives the account a role for API Gateway's logs in a Region, once: what
// somebody does by hand on AWS before the first stage with logs. What has become
// of it since is left alone. The role's tags say where it was done.
func (a *Adapter) begin(ctx context.Context, region string) error {
	a.beginning.Lock()
	defer a.beginning.Unlock()
	var role struct {
		Begun []string `xml:"GetRoleResult>Role>Tags>member>Key"`
	}
	err := a.emulator.query(ctx, url.Values{"Action": {"GetRole"}, "RoleName": {loggingRoleName}}, &role)
	switch {
	case refused(err):
		err = a.emulator.query(ctx, url.Values{
			"Action": {"CreateRole"}, "RoleName": {loggingRoleName}, "AssumeRolePolicyDocument": {loggingRoleTrust},
			"Description": {"The role with which this account begins: lets API Gateway write logs."},
		}, nil)
		if err == nil {
			err = a.emulator.query(ctx, url.Values{"Action": {"AttachRolePolicy"}, "RoleName": {loggingRoleName}, "PolicyArn": {loggingRolePolicy}}, nil)
		}
	case slices.Contains(role.Begun, region):
		return nil
	}
	if err != nil {
		return err
	}
	arn, err := a.emulator.loggingRole(ctx, region)
	if err == nil && arn == "" {
		err = a.emulator.setLoggingRole(ctx, region, "arn:aws:iam::000000000000:role/"+loggingRoleName)
	}
	if err != nil {
		return err
	}
	return a.emulator.query(ctx, url.Values{"Action": {"TagRole"}, "RoleName": {loggingRoleName}, "Tags.member.1.Key": {region}, "Tags.member.1.Value": {"begun"}}, nil)
}

// account answers for the account's settings. It refuses a role that cannot
// write logs, as AWS does.
func (a *Adapter) account(c *call) (*answer, error) {
	before, err := a.LoggingRole(c.request.Context(), c.Region)
	if err != nil {
		return nil, err
	}
	given := c.forward() // which judges the caller
	if !given.ok() {
		return given, nil
	}
	now, err := a.LoggingRole(c.request.Context(), c.Region)
	if err != nil || now == before || now == "" {
		return given, err
	}
	able, err := a.maySendLogs(c.request.Context(), now)
	if err != nil || able {
		return given, err
	}
	if err := a.emulator.setLoggingRole(c.request.Context(), c.Region, before); err != nil {
		return nil, err
	}
	return refusal(c.request, c.Call, http.StatusBadRequest, "BadRequestException",
		"The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy."), nil
}

// maySendLogs tells whether API Gateway may assume a role, and the role write
// logs.
func (a *Adapter) maySendLogs(ctx context.Context, arn string) (bool, error) {
	var role struct {
		Trust string `xml:"GetRoleResult>Role>AssumeRolePolicyDocument"`
	}
	err := a.emulator.query(ctx, url.Values{"Action": {"GetRole"}, "RoleName": {arn[strings.LastIndex(arn, "/")+1:]}}, &role)
	if refused(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	trust, err := url.PathUnescape(role.Trust)
	if err != nil || !trusts(trust, "apigateway.amazonaws.com") {
		return false, err
	}
	form := url.Values{"Action": {"SimulatePrincipalPolicy"}, "PolicySourceArn": {arn}, "ResourceArns.member.1": {"*"}}
	for i, action := range loggingActions {
		form.Set("ActionNames.member."+string(rune('1'+i)), action)
	}
	var simulated struct {
		Decisions []string `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member>EvalDecision"`
	}
	if err := a.emulator.query(ctx, form, &simulated); err != nil {
		return false, err
	}
	denied := slices.ContainsFunc(simulated.Decisions, func(decision string) bool { return decision != "allowed" })
	return len(simulated.Decisions) == len(loggingActions) && !denied, nil
}

// trusts tells whether a trust policy names a service as one who may assume the
// role.
func trusts(document, service string) bool {
	var policy struct {
		Statement oneOrMore[struct {
			Effect    string
			Principal struct{ Service oneOrMore[string] }
		}]
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return false
	}
	for _, statement := range policy.Statement {
		if statement.Effect == "Allow" && slices.Contains(statement.Principal.Service, service) {
			return true
		}
	}
	return false
}

// oneOrMore is a list that may be written as its only member.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]T)(l))
	}
	*l = make([]T, 1)
	return json.Unmarshal(data, &(*l)[0])
}
