package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPagesAreWrittenOnceAndCheckedAfterwards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rules")
	written, err := run(dir, false)
	if err != nil || !slices.Contains(written, "README.md") || !slices.Contains(written, "websocket.md") || !slices.Contains(written, "waivers.md") {
		t.Fatal(written, err)
	}
	if stale, err := run(dir, true); err != nil || len(stale) > 0 {
		t.Fatal(stale, err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "websocket.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n## websocket/data-trace\n", "Severity: high. Looks at `aws_apigatewayv2_stage`.", "Good:\n\n```hcl\n", "Checkov: CKV_AWS_276"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %q", want)
		}
	}
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !strings.Contains(string(index), "| CKV_AWS_276 | [websocket/data-trace](websocket.md#websocketdata-trace) |") {
		t.Error(string(index), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "websocket.md"), append(body, 'x'), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gone.md"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if stale, err := run(dir, true); err != nil || !slices.Equal(stale, []string{"gone.md", "websocket.md"}) {
		t.Error(stale, err)
	}
	if _, err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if stale, err := run(dir, true); err != nil || len(stale) > 0 {
		t.Error(stale, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone.md")); err == nil {
		t.Error("the page of a group that is gone stays")
	}
}
