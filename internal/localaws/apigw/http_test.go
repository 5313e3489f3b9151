package apigw

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

func (f *fixture) send(method, path, body string) (*http.Response, map[string]any) {
	f.Helper()
	request := must(http.NewRequestWithContext(f.Context(), method, f.url+path, strings.NewReader(body)))
	response := must(http.DefaultClient.Do(request))
	defer response.Body.Close()
	data := must(io.ReadAll(response.Body))
	if len(data) == 0 {
		return response, nil
	}
	var answer map[string]any
	if err := json.Unmarshal(data, &answer); err != nil {
		f.Fatalf("%s %s answered %s", method, path, data)
	}
	return response, answer
}

func TestStatusCodesAndShapes(t *testing.T) {
	f := newFixture(t)
	api := "/v2/apis/" + *f.api
	for _, test := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{"POST", api + "/routes", `{"routeKey":"join"}`, 201, ""},
		{"GET", api, "", 200, ""},
		{"PATCH", api, `{"name":"n"}`, 200, ""},
		{"PATCH", api, "", 200, ""},
		{"POST", api + "/routes", `{"routeKey":"join"}`, 409, "ConflictException"},
		{"POST", api + "/routes", `{"routeKey":7}`, 400, "BadRequestException"},
		{"POST", api + "/routes", `{`, 400, "BadRequestException"},
		{"GET", api + "/routes/none", "", 404, "NotFoundException"},
		{"POST", "/v2/apis", `{"name":"n","protocolType":"HTTP"}`, 501, "NotServedByLocalStack"},
		{"PUT", api + "/routes", "", 501, "NotServedByLocalStack"},
		{"GET", "/", "", 501, "NotServedByLocalStack"},
		{"GET", "/restapis", "", 501, "NotServedByLocalStack"},
		{"DELETE", api, "", 204, ""},
	} {
		response, answer := f.send(test.method, test.path, test.body)
		what := test.method + " " + test.path + " " + test.body
		equal(t, what, response.StatusCode, test.status)
		equal(t, what, response.Header.Get("x-amzn-errortype"), test.kind)
		equal(t, what, response.Header.Get("x-amzn-requestid") != "", true)
		if _, ok := answer["message"]; ok != (test.kind != "") {
			t.Errorf("%s answered %v", what, answer)
		}
	}
}

func TestAReachedLimitIsStatus429(t *testing.T) {
	f := newFixture(t)
	for i := range 10 {
		f.newStage(fmt.Sprint("s", i), nil)
	}
	response, _ := f.send("POST", "/v2/apis/"+*f.api+"/stages", `{"stageName":"s10"}`)
	equal(t, "status", response.StatusCode, 429)
	equal(t, "type", response.Header.Get("x-amzn-errortype"), "ConflictException")
}

func TestUnknownAndNullMembersAreIgnored(t *testing.T) {
	f := newFixture(t)
	response, answer := f.send("POST", "/v2/apis/"+*f.api+"/stages",
		`{"stageName":"live","novelty":{"a":[1]},"clientCertificateId":null,"tags":null,"routeSettings":null}`)
	equal(t, "status", response.StatusCode, 201)
	if _, ok := answer["novelty"]; ok {
		t.Error("the unknown member came back")
	}
	if tags, ok := answer["tags"].(map[string]any); !ok || len(tags) != 0 {
		t.Errorf("tags: got %v, want {}", answer["tags"])
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	f := newFixture(t)
	response, _ := f.send("PATCH", "/v2/apis/"+*f.api, `{"name":"`+strings.Repeat("x", maxBody)+`"}`)
	equal(t, "status", response.StatusCode, 400)
}

func TestListsArePaged(t *testing.T) {
	f := newFixture(t)
	for i := range 7 {
		f.newRoute(fmt.Sprint("r", i))
	}
	seen := map[string]bool{}
	pages := 0
	in := &apigatewayv2.GetRoutesInput{ApiId: f.api, MaxResults: aws.String("3")}
	for {
		out := must(f.client.GetRoutes(t.Context(), in))
		pages++
		for _, route := range out.Items {
			seen[*route.RouteId] = true
		}
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	equal(t, "pages", pages, 3)
	equal(t, "routes", len(seen), 7)

	for _, size := range []string{"0", "501", "x"} {
		_, err := f.client.GetRoutes(t.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api, MaxResults: &size})
		wantRefusal(t, err, "BadRequestException", "Invalid maxResults")
	}
	_, err := f.client.GetRoutes(t.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api, NextToken: aws.String("!")})
	wantRefusal(t, err, "BadRequestException", "Invalid nextToken")
}

func TestAnARNInThePathMayComeDecoded(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"arn:aws:apigateway:us-east-1::/apis/" + *f.api, "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2F" + *f.api} {
		response, _ := f.send("GET", "/v2/tags/"+path, "")
		equal(t, path, response.StatusCode, 200)
	}
}
