package localaws

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

func TestAStatusNamesWhatIsDeployedAndWhatWentWrong(t *testing.T) {
	status := Status{
		Endpoint: "http://127.0.0.1:4566", PID: 7, Folder: "/f", Region: "us-east-1", Uptime: "3s", MiniStack: "1.5.33", Connections: 2, Faults: 3,
		APIs: []apigw.Summary{
			{ID: "abcd1234", Name: "chat", Region: "eu-west-1", Stages: []string{"live", "next"}},
			{ID: "efgh5678", Name: "bare", Region: "us-east-1", Stages: []string{}},
		},
	}
	status.Edge = "http://127.0.0.1:4567"
	status.Distributions = []edge.Status{
		{ID: "E1", URL: "http://127.0.0.1:4567", NotEvaluated: []waf.Unevaluated{{Rule: "common", Reason: "it is managed"}}},
		{ID: "E2", URL: "http://127.0.0.1:4568"},
		{ID: "E3", URL: "http://127.0.0.1:4569", Problem: "no such policy"},
	}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	status.addFunctions(lambda.Status{
		Sandboxes: []lambda.SandboxStatus{{
			Function: "message", Version: "3", Region: "eu-west-1", PID: 9, State: "idle", Started: at, LastUsed: at, Invocations: 12,
			LogGroup: "/aws/lambda/message", LogStream: "s",
		}},
		Problems: []lambda.Problem{{Subject: "/aws/lambda/other", Message: "no such log group", Count: 4, Last: at}},
	})

	var text strings.Builder
	if err := status.Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"abcd1234", "chat", "live, next", "bare", "none", "3 added", "message", "idle", "12", "/aws/lambda/message", "/aws/lambda/other", "no such log group",
		"common (it is managed)", "http://127.0.0.1:4568  none", "not served: no such policy",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}

	data, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"apis":[{"id":"abcd1234","name":"chat","region":"eu-west-1","endpoint":"","stages":["live","next"]},`,
		`"edge":"http://127.0.0.1:4567","distributions":[{"id":"E1","domain":"","url":"http://127.0.0.1:4567","notEvaluated":[{"rule":"common","reason":"it is managed"}]},`,
		`"functions":[{"name":"message","version":"3","region":"eu-west-1","pid":9,"state":"idle","started":"2026-11-22T10:00:00Z","lastUsed":"2026-11-22T10:00:00Z","invocations":12,"logGroup":"/aws/lambda/message","logStream":"s"}]`,
		`"problems":[{"subject":"/aws/lambda/other","message":"no such log group","count":4,"last":"2026-11-22T10:00:00Z"}]`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}

func TestAStatusOfAnEmptyStackHasEmptyLists(t *testing.T) {
	status := Status{APIs: []apigw.Summary{}, Distributions: []edge.Status{}}
	status.addFunctions(lambda.Status{})
	data, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(data), `"apis":[],"edge":"","distributions":[],"functions":[],"problems":[]}`) {
		t.Error(string(data))
	}
	var text strings.Builder
	if err := status.Print(&text); err != nil || strings.Contains(text.String(), "FUNCTION") || strings.Contains(text.String(), "PROBLEM") || strings.Contains(text.String(), "faults") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
