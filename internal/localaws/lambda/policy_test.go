package lambda

import (
	"net/http"
	"strings"
	"testing"
)

const (
	gateway   = "apigateway.amazonaws.com"
	routeARN  = "arn:aws:execute-api:us-east-1:000000000000:api1/live/$connect"
	aPolicy   = `{"Version":"2012-10-17","Statement":[%s]}`
	liveRoute = `{"Sid":"s","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f:live","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:api1/live/$connect"},"StringEquals":{"AWS:SourceAccount":"000000000000"}}}`
)

func TestMayInvokeJudgesAsAWSDoes(t *testing.T) {
	// Each case changes the statement of a permission that is right.
	tests := []struct {
		name     string
		old, new string
		source   string
		want     bool
	}{
		{name: "the permission of a route", want: true},
		{name: "another route", source: "arn:aws:execute-api:us-east-1:000000000000:api1/live/$default", want: false},
		{name: "another API", source: "arn:aws:execute-api:us-east-1:000000000000:api2/live/$connect", want: false},
		{name: "a wildcard for routes", old: "live/$connect\"", new: "*/*\"", want: true},
		{name: "a wildcard that would reach over a colon", old: "arn:aws:execute-api:us-east-1:000000000000:api1/live/$connect", new: "arn:aws:*", want: false},
		{name: "a wildcard for the region", old: "execute-api:us-east-1:", new: "execute-api:*:", want: true},
		{name: "one character of any kind", old: "api1/", new: "api?/", want: true},
		{name: "a pattern under StringEquals", old: `"ArnLike"`, new: `"StringEquals"`, want: true},
		{name: "a pattern under StringLike", old: `"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:api1/live/$connect"`, new: `"StringLike":{"AWS:SourceArn":"arn:*"`, want: true},
		{name: "another account as source", old: `"AWS:SourceAccount":"000000000000"`, new: `"AWS:SourceAccount":"111111111111"`, want: false},
		{name: "keys in another case", old: "AWS:SourceArn", new: "aws:sourcearn", want: true},
		{name: "several values", old: `"AWS:SourceAccount":"000000000000"`, new: `"AWS:SourceAccount":["1","000000000000"]`, want: true},
		{name: "an unknown operator", old: `"ArnLike"`, new: `"ArnNotLike"`, want: false},
		{name: "an unknown key", old: `"AWS:SourceAccount"`, new: `"aws:PrincipalOrgID"`, want: false},
		{name: "another service", old: "apigateway.amazonaws.com", new: "events.amazonaws.com", want: false},
		{name: "any principal", old: `{"Service":"apigateway.amazonaws.com"}`, new: `"*"`, want: false},
		{name: "an account as principal", old: `"Service"`, new: `"AWS"`, want: false},
		{name: "several services", old: `"apigateway.amazonaws.com"`, new: `["x","apigateway.amazonaws.com"]`, want: true},
		{name: "another action", old: "lambda:InvokeFunction", new: "lambda:GetFunction", want: false},
		{name: "every action", old: "lambda:InvokeFunction", new: "lambda:*", want: true},
		{name: "the function without the alias", old: "function:f:live", new: "function:f", want: false},
		{name: "another version", old: "function:f:live", new: "function:f:1", want: false},
		{name: "a denial beside it", old: `{"Sid":"s"`, new: strings.Replace(liveRoute, "Allow", "Deny", 1) + `,{"Sid":"s"`, want: false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStack(t)
			statement := liveRoute
			if test.old != "" {
				statement = strings.Replace(liveRoute, test.old, test.new, 1)
				if statement == liveRoute {
					t.Fatal("nothing replaced")
				}
			}
			s.fake.policies["f:live"] = strings.Replace(aPolicy, "%s", statement, 1)
			source := routeARN
			if test.source != "" {
				source = test.source
			}
			got, err := s.runner.MayInvoke(t.Context(), arnOf("f:live"), gateway, source, testAccount)
			if err != nil || got != test.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAFunctionWithoutAPolicyMayNotBeInvoked(t *testing.T) {
	s := newStack(t)
	for _, arn := range []string{arnOf("f"), "arn:aws:lambda:us-east-1:111111111111:function:f", "nonsense"} {
		if may, err := s.runner.MayInvoke(t.Context(), arn, gateway, routeARN, testAccount); may || err != nil {
			t.Errorf("%s: %v, %v", arn, may, err)
		}
	}
}

func TestARemovedPermissionEndsAtOnce(t *testing.T) {
	s := newStack(t)
	s.fake.policies["f:live"] = strings.Replace(aPolicy, "%s", liveRoute, 1)
	may := func() bool {
		t.Helper()
		may, err := s.runner.MayInvoke(t.Context(), arnOf("f:live"), gateway, routeARN, testAccount)
		if err != nil {
			t.Fatal(err)
		}
		return may
	}
	if !may() {
		t.Fatal("refused before")
	}
	s.fake.mu.Lock()
	delete(s.fake.policies, "f:live")
	s.fake.mu.Unlock()
	if !may() {
		t.Error("a cached answer was read anew")
	}
	s.fake.status = http.StatusNoContent
	s.send(t, "lambda", "DELETE", "/2015-03-31/functions/f/policy/s?Qualifier=live", "")
	if may() {
		t.Error("allowed after RemovePermission passed")
	}
}
