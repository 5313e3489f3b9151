package ministack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// interpreter is the path of a python that behaves as a script says.
func interpreter(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryRequirementIsPinnedByHash(t *testing.T) {
	if !strings.Contains(requirements, "ministack=="+Version+" ") {
		t.Errorf("the requirements have no ministack==%s", Version)
	}
	for _, needed := range []string{"cryptography==", "botocore==", "cbor2=="} {
		if !strings.Contains(requirements, needed) {
			t.Errorf("the requirements have no %s", needed)
		}
	}
	for requirement := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(requirements), "\\\n", " "), "\n") {
		if !strings.Contains(requirement, "==") || !strings.Contains(requirement, "--hash=sha256:") {
			t.Errorf("not pinned: %s", requirement)
		}
	}
}
