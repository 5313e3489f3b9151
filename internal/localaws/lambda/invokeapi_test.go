package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

// failure of an SDK call: the error type and the status, "" and 0 for none.
func failureOf(err error) (errorType string, status int) {
	var api smithy.APIError
	var response interface{ HTTPStatusCode() int }
	if errors.As(err, &api) {
		errorType = api.ErrorCode()
	}
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	return errorType, status
}

func TestTheInvokeAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	defer w.ranNowhereElse(t)
	arn := w.deploy("f", "", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(20) })
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.lambda.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: aws.String("f")}))
	must(w.lambda.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")}))

	t.Run("a function is named in every way", func(t *testing.T) {
		for _, test := range []struct{ name, qualifier, version, arn string }{
			{"f", "", "$LATEST", arn},
			{"f", "$LATEST", "$LATEST", arn + ":$LATEST"},
			{"f", "1", "1", arn + ":1"},
			{"f", "live", "1", arn + ":live"},
			{"f:live", "", "1", arn + ":live"},
			{"f:live", "live", "1", arn + ":live"},
			{arn, "", "$LATEST", arn},
			{arn + ":1", "", "1", arn + ":1"},
			{testAccount + ":function:f", "", "$LATEST", arn},
			{testAccount + ":f:live", "", "1", arn + ":live"},
			{"function:f", "", "$LATEST", arn},
		} {
			input := &awslambda.InvokeInput{FunctionName: &test.name, Payload: []byte(`{"do":"context"}`)}
			if test.qualifier != "" {
				input.Qualifier = &test.qualifier
			}
			out, err := w.lambda.Invoke(ctx, input)
			if err != nil {
				t.Errorf("%s, %s: %v", test.name, test.qualifier, err)
				continue
			}
			var seen struct{ ARN string }
			if err := json.Unmarshal(out.Payload, &seen); err != nil {
				t.Fatal(err)
			}
			if *out.ExecutedVersion != test.version || seen.ARN != test.arn {
				t.Errorf("%s, %s: version %s of %s", test.name, test.qualifier, *out.ExecutedVersion, seen.ARN)
			}
		}
	})

	t.Run("a request is refused", func(t *testing.T) {
		must(w.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: aws.String(w.name("none")), ReservedConcurrentExecutions: aws.Int32(0)}))
		for name, test := range map[string]struct {
			input   awslambda.InvokeInput
			want    string
			status  int
			message string
		}{
			"of an unknown function":           {awslambda.InvokeInput{FunctionName: aws.String("g")}, "ResourceNotFoundException", 404, "Function not found: " + arnOf("g")},
			"of an unknown version":            {awslambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("9")}, "ResourceNotFoundException", 404, "Function not found"},
			"of an unknown alias":              {awslambda.InvokeInput{FunctionName: aws.String("f:dead")}, "ResourceNotFoundException", 404, "Function not found"},
			"of another Region":                {awslambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-west-1:" + testAccount + ":function:f")}, "ResourceNotFoundException", 404, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
			"of another account":               {awslambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:111111111111:function:f")}, "ResourceNotFoundException", 404, "Function not found"},
			"with two qualifiers":              {awslambda.InvokeInput{FunctionName: aws.String("f:live"), Qualifier: aws.String("1")}, "InvalidParameterValueException", 400, "derived qualifier"},
			"of what is no name":               {awslambda.InvokeInput{FunctionName: aws.String("f f")}, "ValidationException", 400, "'functionName'"},
			"of an unknown type":               {awslambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: "Later"}, "ValidationException", 400, "[Event, RequestResponse, DryRun]"},
			"with an unknown type of log":      {awslambda.InvokeInput{FunctionName: aws.String("f"), LogType: "Head"}, "ValidationException", 400, "[None, Tail]"},
			"without JSON":                     {awslambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"do":`)}, "InvalidRequestContentException", 400, "Could not parse request body into json"},
			"with a client context of no JSON": {awslambda.InvokeInput{FunctionName: aws.String("f"), ClientContext: aws.String("e30")}, "InvalidRequestContentException", 400, "Client context must be a valid Base64-encoded JSON object."},
			"that is too large":                {awslambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`"` + strings.Repeat("x", maxRequest-1) + `"`)}, "RequestEntityTooLargeException", 413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
			"as an event that is too large":    {awslambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`"` + strings.Repeat("x", maxEvent-1) + `"`)}, "RequestEntityTooLargeException", 413, "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
			"of a function that may not run":   {awslambda.InvokeInput{FunctionName: aws.String("none")}, "TooManyRequestsException", 429, "Rate Exceeded."},
		} {
			_, err := w.lambda.Invoke(ctx, &test.input)
			errorType, status := failureOf(err)
			if errorType != test.want || status != test.status || !strings.Contains(err.Error(), test.message) {
				t.Errorf("%s: %v", name, err)
			}
			var throttled *types.TooManyRequestsException
			if errors.As(err, &throttled) && throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
				t.Errorf("%s: reason %s", name, throttled.Reason)
			}
		}
	})

	t.Run("payloads of the largest size pass", func(t *testing.T) {
		payload := []byte(`{"do":"echo","text":"ok","pad":"` + strings.Repeat("x", maxRequest-34) + `"}`)
		if len(payload) != maxRequest {
			t.Fatalf("%d bytes", len(payload))
		}
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), Payload: payload})
		if err != nil || string(out.Payload) != `"ok"` {
			t.Errorf("%v", err)
		}
	})

	t.Run("an empty payload is an empty object", func(t *testing.T) {
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f")})
		if err != nil || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), `cannot do \"\"`) {
			t.Errorf("%+v, %v", out, err)
		}
	})

	t.Run("the end of the log comes back", func(t *testing.T) {
		text := strings.Repeat("line of sixteen\n", 400)
		for _, do := range []string{"print", "crash"} {
			out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), LogType: types.LogTypeTail, Payload: mustJSON(map[string]string{"do": do, "text": text})})
			if err != nil {
				t.Fatal(err)
			}
			log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
			if err != nil || do == "print" && len(log) != maxTail || !strings.Contains(string(log), "\nREPORT RequestId: ") || !bytes.HasSuffix(log, []byte("\n")) {
				t.Errorf("%s: %d bytes of log: %.100q … %q, %v", do, len(log), log, log[max(0, len(log)-100):], err)
			}
			if do == "print" && !strings.Contains(string(log), "line of sixteen\nto stderr\nwithout line break\nEND RequestId: ") {
				t.Errorf("log %q", log)
			}
			if do == "crash" && !strings.HasPrefix(string(log), "START RequestId: ") {
				t.Errorf("log %q", log)
			}
		}
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"do":"echo"}`)})
		if err != nil || out.LogResult != nil {
			t.Errorf("a log without being asked: %v, %v", out.LogResult, err)
		}
	})

	t.Run("the function gets the client's context", func(t *testing.T) {
		document := base64.StdEncoding.EncodeToString([]byte("{\"custom\":\n{\"k\":\"v\"}}"))
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), ClientContext: &document, Payload: []byte(`{"do":"context"}`)})
		if err != nil || !strings.Contains(string(out.Payload), `"custom":{"k":"v"}`) {
			t.Errorf("%s, %v", out.Payload, err)
		}
	})

	t.Run("a dry run does not run", func(t *testing.T) {
		w.runner.awaitTurnaround(ctx)
		before := len(w.metrics.of("Invocations", "Count", map[string]string{"FunctionName": "f"}))
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeDryRun, Payload: []byte(`{"do":"echo"}`)})
		if err != nil || out.StatusCode != http.StatusNoContent || len(out.Payload) != 0 {
			t.Errorf("%+v, %v", out, err)
		}
		_, err = w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f:9"), InvocationType: types.InvocationTypeDryRun})
		if errorType, _ := failureOf(err); errorType != "ResourceNotFoundException" {
			t.Errorf("of an unknown version: %v", err)
		}
		if after := len(w.metrics.of("Invocations", "Count", map[string]string{"FunctionName": "f"})); after != before {
			t.Errorf("%d invocations, before %d", after, before)
		}
	})

	t.Run("headers say what ran", func(t *testing.T) {
		res := w.post(t, "/2015-03-31/functions/f:live/invocations", `{"do":"error","text":"no"}`, "test", "test", nil)
		h := res.Header
		if res.StatusCode != http.StatusOK || h.Get("X-Amz-Executed-Version") != "1" || h.Get("X-Amz-Function-Error") != "Unhandled" || len(h.Get("X-Amzn-Requestid")) != 36 || h.Get("Content-Type") != "application/json" {
			t.Errorf("status %d, header %v", res.StatusCode, h)
		}
	})
}

// name deploys a function of that name and returns it.
func (w *world) name(name string) string {
	w.deploy(name, "", nil)
	return name
}

// ranNowhereElse fails when MiniStack has run a function itself: it would have
// made a log group.
func (w *world) ranNowhereElse(t *testing.T) {
	t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(w.config).DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(out.LogGroups) > 0 {
		t.Errorf("MiniStack's log groups: %+v, %v", out, err)
	}
}

// post sends a request that is signed with a key; change comes after signing.
func (w *world) post(t *testing.T, path, body, key, secret string, change func(*http.Request)) *http.Response {
	t.Helper()
	return w.request(t, http.MethodPost, path, body, key, secret, change)
}

func (w *world) request(t *testing.T, method, path, body, key, secret string, change func(*http.Request)) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, *w.config.BaseEndpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		if err := signer.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, req, hexSum([]byte(body)), "lambda", testRegion, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestWhoMayInvoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	defer w.ranNowhereElse(t)
	arn := w.deploy("f", "", nil)
	w.deploy("caller", `{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}`, nil)
	for _, call := range []func() error{
		func() error {
			_, err := w.lambda.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: aws.String("f")})
			return err
		},
		func() error {
			_, err := w.lambda.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
			return err
		},
		func() error {
			_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve")})
			return err
		},
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	eve, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("eve")})
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.metrics.of("Invocations", "Count", map[string]string{"FunctionName": "f"}))
	ran := func() bool {
		w.runner.awaitTurnaround(ctx)
		after := len(w.metrics.of("Invocations", "Count", map[string]string{"FunctionName": "f"}))
		changed := after != before
		before = after
		return changed
	}
	const echo = `{"do":"echo"}`

	policy := func(resource string) {
		t.Helper()
		_, err := w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("eve"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + resource + `"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
	}

	t.Run("signatures", func(t *testing.T) {
		policy("*")
		path := "/2015-03-31/functions/f/invocations"
		id, secret := *eve.AccessKey.AccessKeyId, *eve.AccessKey.SecretAccessKey
		if res := w.post(t, path, `{"do": "echo"}`, id, secret, nil); res.StatusCode != http.StatusOK || !ran() {
			t.Errorf("a right one: status %d", res.StatusCode)
		}
		for name, test := range map[string]struct {
			key, secret string
			change      func(*http.Request)
		}{
			"none":                      {"", "", nil},
			"a bearer token":            {"", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
			"a key that does not exist": {"AKIAIOSFODNN7EXAMPLE", "x", nil},
			"root of another account":   {"111111111111", "x", nil},
			"a wrong secret":            {id, "x", nil},
			"of another body": {id, secret, func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(echo)), int64(len(echo))
			}},
			"of another body, with its hash": {id, secret, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hexSum([]byte(`{}`))) }},
			"of another function":            {id, secret, func(r *http.Request) { r.URL.Path = "/2015-03-31/functions/caller/invocations" }},
			"of another service": {id, secret, func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/lambda/", "/sqs/", 1))
			}},
			"two": {"test", "test", func(r *http.Request) {
				r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + id + "/20260101/us-east-1/lambda/aws4_request"
			}},
		} {
			res := w.post(t, path, `{"do": "echo"}`, test.key, test.secret, test.change)
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode/100 == 2 || ran() {
				t.Errorf("%s: status %d, %s", name, res.StatusCode, body)
			}
		}
	})

	t.Run("policies of a user", func(t *testing.T) {
		config := w.config.Copy()
		config.Credentials = credentials.NewStaticCredentialsProvider(*eve.AccessKey.AccessKeyId, *eve.AccessKey.SecretAccessKey, "")
		client := awslambda.NewFromConfig(config)
		may := func(name string) string {
			t.Helper()
			_, err := client.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(echo)})
			errorType, _ := failureOf(err)
			if (err == nil) != ran() {
				t.Errorf("%s: %v, and the function says otherwise", name, err)
			}
			_, err = client.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &name, InvocationType: types.InvocationTypeRequestResponse, Payload: []byte(echo)})
			if other, _ := failureOf(err); other != errorType || (err == nil) != ran() {
				t.Errorf("%s, with a type: %v", name, err)
			}
			return errorType
		}
		policy(arn + ":none")
		if got := may("f"); got != "AccessDeniedException" {
			t.Errorf("without a policy: %q", got)
		}
		policy(arn + ":live")
		for name, want := range map[string]string{"f:live": "", arn + ":live": "", "f": "AccessDeniedException", "f:1": "AccessDeniedException"} {
			if got := may(name); got != want {
				t.Errorf("%s with a policy for the alias: %q", name, got)
			}
		}
		policy(arn)
		if got := may("f"); got != "" {
			t.Errorf("with a policy for the function: %q", got)
		}
		for _, test := range []struct{ resource, name, qualifier, want string }{
			{arn + ":live", "f", "live", ""},
			{arn + ":live", testAccount + ":function:f", "live", ""},
			{arn + ":live", testAccount + ":function:f:live", "", ""},
			{arn + ":live", "function:f:live", "", ""},
			{arn + ":live", arn, "live", ""},
			{arn + ":live", "f:live", "live", ""},
			{arn + ":live", "f", "1", "AccessDeniedException"},
			{arn + ":live", testAccount + ":function:f", "", "AccessDeniedException"},
			{arn, "f", "live", "AccessDeniedException"},
			{arn, testAccount + ":function:f", "", ""},
			{arn + ":*", "f", "live", ""},
			{arn + ":*", testAccount + ":function:f", "", "AccessDeniedException"},
			{arn + ":none", "f", "none", "ResourceNotFoundException"},
			{arn, "f", "none", "AccessDeniedException"},
			{arn + "2", "f2", "", "ResourceNotFoundException"},
		} {
			policy(test.resource)
			input := &awslambda.InvokeInput{FunctionName: &test.name, Payload: []byte(echo)}
			if test.qualifier != "" {
				input.Qualifier = &test.qualifier
			}
			_, err := client.Invoke(ctx, input)
			if errorType, _ := failureOf(err); errorType != test.want || (err == nil) != ran() {
				t.Errorf("%s, %s with a policy for %s: %v", test.name, test.qualifier, test.resource, err)
			}
		}
		policy(arn)
		_, err := w.lambda.AddPermission(ctx, &awslambda.AddPermissionInput{
			FunctionName: aws.String("f"), Qualifier: aws.String("1"), StatementId: aws.String("eve"), Action: aws.String("lambda:InvokeFunction"),
			Principal: aws.String("arn:aws:iam::" + testAccount + ":user/eve"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := may("f:1"); got != "" {
			t.Errorf("a version whose resource policy allows it: %q", got)
		}
	})

	t.Run("a function, by its role", func(t *testing.T) {
		var seen struct{ Environment []string }
		out, err := w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("caller"), Payload: []byte(`{"do":"environment"}`)})
		if err != nil || json.Unmarshal(out.Payload, &seen) != nil {
			t.Fatal(err)
		}
		variable := func(name string) string {
			i := slices.IndexFunc(seen.Environment, func(s string) bool { return strings.HasPrefix(s, name+"=") })
			if i < 0 {
				t.Fatalf("the function does not see %s: %s", name, out.Payload)
			}
			return strings.TrimPrefix(seen.Environment[i], name+"=")
		}
		config := w.config.Copy()
		config.Credentials = credentials.NewStaticCredentialsProvider(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN"))
		client := awslambda.NewFromConfig(config)
		for _, test := range []struct{ resource, name, qualifier, want string }{
			{arn + ":live", "f", "live", ""},
			{arn + ":live", testAccount + ":function:f", "live", ""},
			{arn + ":live", "f", "1", "AccessDeniedException"},
			{arn + ":live", "f", "", "AccessDeniedException"},
			{arn, "f", "live", "AccessDeniedException"},
			{arn, "f", "", ""},
			{arn, testAccount + ":function:f", "", ""},
		} {
			w.allow("caller", `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"`+test.resource+`"}`)
			input := &awslambda.InvokeInput{FunctionName: &test.name, Payload: []byte(echo)}
			if test.qualifier != "" {
				input.Qualifier = &test.qualifier
			}
			_, err := client.Invoke(ctx, input)
			if errorType, _ := failureOf(err); errorType != test.want || (err == nil) != ran() {
				t.Errorf("%s, %s with a policy for %s: %v", test.name, test.qualifier, test.resource, err)
			}
		}
		config.Credentials = credentials.NewStaticCredentialsProvider(variable("AWS_ACCESS_KEY_ID"), "x", variable("AWS_SESSION_TOKEN"))
		_, err = awslambda.NewFromConfig(config).Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("live")})
		if err == nil || ran() {
			t.Error("a wrong secret passed, since the key is known")
		}
	})
}
