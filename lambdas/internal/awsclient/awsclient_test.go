package awsclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/lambdas/internal/awsclient"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
)

func variables() map[string]string {
	return map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}
}

func read(env map[string]string) (awsclient.Environment, error) {
	r := config.NewReader(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	e := awsclient.Read(r)
	return e, r.Err()
}

func TestDynamoDBIsWhereTheEnvironmentSays(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} {
		var got *http.Request
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r
			io.WriteString(w, "{}")
		}))
		defer server.Close()
		env := variables()
		env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
		env[name] = server.URL
		e, err := read(env)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.DynamoDB().Query(context.Background(), &dynamodb.QueryInput{TableName: aws.String("table")})
		if err != nil || got.Header.Get("X-Amz-Security-Token") != "session" ||
			!strings.Contains(got.Header.Get("Authorization"), "Credential=AKID/") ||
			!strings.Contains(got.Header.Get("Authorization"), "/eu-west-1/dynamodb/aws4_request") {
			t.Errorf("%s: %v, %v", name, err, got)
		}
	}
}

func TestDynamoDBIsAtAWSOtherwise(t *testing.T) {
	e, err := read(variables())
	if err != nil {
		t.Fatal(err)
	}
	if endpoint := e.DynamoDB().Options().BaseEndpoint; endpoint != nil {
		t.Errorf("the endpoint is %s", *endpoint)
	}
}

func TestEveryVariableIsChecked(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"AWS_REGION", ""},
		{"AWS_REGION", "eu west"},
		{"AWS_ACCESS_KEY_ID", ""},
		{"AWS_SECRET_ACCESS_KEY", ""},
		{"AWS_SESSION_TOKEN", "a\nb"},
		{"AWS_ENDPOINT_URL", "http://dynamodb.example.com"},
		{"AWS_ENDPOINT_URL_DYNAMODB", "nonsense"},
	} {
		env := variables()
		env[c.name] = c.value
		if _, err := read(env); err == nil || !strings.Contains(err.Error(), c.name+": want") || strings.Contains(err.Error(), "nonsense") {
			t.Errorf("%s=%q: got %v", c.name, c.value, err)
		}
	}
}
