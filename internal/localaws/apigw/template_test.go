package apigw

import (
	"strings"
	"testing"
)

func TestTemplatesThatAreRendered(t *testing.T) {
	context := map[string]string{
		"requestId": "R=", "connectionId": "C=", "authorizer.principalId": "ann", "authorizer.x-y": "z", "stage": "live", "requestTimeEpoch": "17",
	}
	for template, want := range map[string]string{
		"":                                    "",
		`{"type":"pong"}`:                     `{"type":"pong"}`,
		`{"id":"$context.requestId"}`:         `{"id":"R="}`,
		`${context.stage}ly`:                  `lively`,
		`$context.stage.`:                     `live.`,
		`$context.connectionId$context.stage`: `C=live`,
		`$context.authorizer.principalId $context.authorizer.x-y`: `ann z`,
		`[$context.requestTimeEpoch]`:                             `[17]`,
		`"$context.messageId"`:                                    `""`,
		`$5, 100%, # 1, a#1, $, #, \n \"`:                         `$5, 100%, # 1, a#1, $, #, \n \"`,
	} {
		if err := CheckTemplate(template); err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		equal(t, template, RenderTemplate(template, context), want)
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	for template, message := range map[string]string{
		`#set($x = 1)`:                "directives of Velocity (#set)",
		`a #if($context.stage) b`:     "directives of Velocity (#if)",
		`#foreach($a in $b)x#end`:     "directives of Velocity (#foreach)",
		`## comment`:                  "directives of Velocity (##)",
		`#* comment *#`:               "directives of Velocity (#*)",
		`#[[ raw ]]#`:                 "directives of Velocity (#[[)",
		`#{end}`:                      "directives of Velocity (#{end})",
		`$input.body`:                 "$input.body",
		`$util.escapeJavaScript("x")`: "$util.escapeJavaScript",
		`$stageVariables.x`:           "$stageVariables.x",
		`$!context.stage`:             "$!context.stage",
		`${context.stage`:             "${context.stage",
		`$context`:                    "$context",
		`$context.protocol`:           "$context.protocol is not a variable",
		`$context.stage-x`:            "$context.stage-x is not a variable",
		`$context.authorizer.a.b`:     "$context.authorizer.a.b is not a variable",
		`$context.stage.length()`:     "methods and indexes",
		`$context.stage[0]`:           "methods and indexes",
		`\$context.stage`:             "escapes",
	} {
		if err := CheckTemplate(template); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: got %v, want …%s…", template, err, message)
		}
	}
}

func TestRenderingAnUncheckedTemplateStopsWhereItIsNotUnderstood(t *testing.T) {
	equal(t, "rendered", RenderTemplate("$context.stage #set($x=1) y", map[string]string{"stage": "live"}), "live ")
}

func FuzzTemplate(f *testing.F) {
	f.Add("a $context.stage ${context.requestId} #if \\$ $5")
	f.Fuzz(func(t *testing.T, template string) {
		err := CheckTemplate(template)
		rendered := RenderTemplate(template, nil)
		if err == nil && !strings.Contains(template, "context") && rendered != template {
			t.Errorf("text %q rendered as %q", template, rendered)
		}
	})
}

func TestSelectionExpressions(t *testing.T) {
	for expression, legal := range map[string]bool{
		"": true, "200": true, `\$default`: true, "$request.body.action": true, "${request.body.a.b}": true,
		"${request.body.action}-${request.body.kind}": true, "$request.body.a[0]": true, `\`: true,
		"$default": false, "$request.body": false, "${request.body.}": false, "$request.header.x": false,
		"$context.routeKey": false, "${request.body.a": false, "x$": false,
		"$request.body['a']": false, "$request.body.a[*]": false, "${request.body.a[?(@.b)]}": false, "$request.body.a[b]": false,
		"$request.body.a.": true, "$request.body.a[0][1].b-c": true,
	} {
		if err := checkBodyExpression("X", expression); legal != (err == nil) {
			t.Errorf("%q: got %v", expression, err)
		}
	}
}

func TestAccessLogFormats(t *testing.T) {
	for format, legal := range map[string]bool{
		`{"id":"$context.requestId","who":"$context.authorizer.principalId","error":$context.error.messageString}`: true,
		"$context.extendedRequestId.": true,
		"$context.identity.sourceIp - - [$context.requestTime] $context.requestId": true,
		"$context.requestId-$context.stage costs $5":                               true,
		"$context.authorize.status $context.requestId":                             true,
		"${context.requestId}":                                                     false,
		"$!context.requestId":                                                      false,
		"$context.requestId $context.authorizer.":                                  false,
		"$context.requestId $stageVariables.x":                                     false,
	} {
		if err := (&accessLogSettings{logGroup, format}).check(); legal != (err == nil) {
			t.Errorf("%s: got %v", format, err)
		}
	}
}
