package lambda

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheRuntimeAPIRefusesWhatIsNotItsRuntimes(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	var seen struct{ Environment []string }
	if err := json.Unmarshal(s.invoke(t, "f", map[string]any{"do": "environment"}).Payload, &seen); err != nil {
		t.Fatal(err)
	}
	address := ""
	for _, variable := range seen.Environment {
		if value, ok := strings.CutPrefix(variable, "AWS_LAMBDA_RUNTIME_API="); ok {
			address = value
		}
	}
	tests := []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
		want               string
	}{
		{"a web page", "GET", "invocation/next", func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }, 403, "Forbidden"},
		{"a web page without CORS", "GET", "invocation/next", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, "Forbidden"},
		{"another host name", "GET", "invocation/next", func(r *http.Request) { r.Host = "example.com" }, 403, "Forbidden"},
		{"an answer to no request", "POST", "invocation/1/response", nil, 400, "InvalidRequestID"},
		{"an error for no request", "POST", "invocation/1/error", nil, 400, "InvalidRequestID"},
		{"a late initialisation error", "POST", "init/error", nil, 403, "InvalidStateTransition"},
		{"another path", "GET", "extension/register", nil, 404, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequest(test.method, "http://"+address+"/2018-06-01/runtime/"+test.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(req)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != test.status || !strings.Contains(string(body), test.want) {
				t.Errorf("status %d, body %s, error %v", resp.StatusCode, body, err)
			}
		})
	}
	if result := s.invoke(t, "f", map[string]any{"do": "echo", "text": "well"}); string(result.Payload) != `"well"` {
		t.Errorf("afterwards: %s", result.Payload)
	}
}
