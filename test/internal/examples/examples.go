// Package examples plans this project's examples for tests, without AWS.
package examples

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
)

// inputs are the examples, with the inputs that have no default.
var inputs = map[string]map[string]any{
	"minimal":      {},
	"complete":     {},
	"external-idp": {"issuer": "https://id.example.com/", "jwks_uri": "https://id.example.com/jwks", "audiences": []string{"chat"}},
	"own-handlers": {},
}

// Names lists the examples of the repository at source. One whose inputs are not
// known here is an error.
func Names(source string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(source, "examples", "*", "main.tf"))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		if _, ok := inputs[name]; !ok {
			return nil, fmt.Errorf("the inputs of examples/%s are not known to test/internal/examples", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// Inputs are those of an example that have no default.
func Inputs(name string) map[string]any { return maps.Clone(inputs[name]) }

// Provider are the settings of a provider block for aws that plans without asking
// AWS.
func Provider() map[string]any {
	return map[string]any{
		"access_key": "none", "secret_key": "none",
		"skip_credentials_validation": true, "skip_requesting_account_id": true, "skip_metadata_api_check": true,
	}
}

// alias finds the names of a root's further provider blocks.
var alias = regexp.MustCompile(`(?m)^  alias += "(\w+)"$`)

// Offline has the root r plan without asking AWS.
func Offline(r *tfroot.Root) error {
	root, err := os.ReadFile(filepath.Join(r.Dir, "main.tf"))
	if err != nil {
		return err
	}
	providers := []map[string]any{Provider()}
	for _, found := range alias.FindAllSubmatch(root, -1) {
		further := Provider()
		further["alias"] = string(found[1])
		providers = append(providers, further)
	}
	override, err := json.Marshal(map[string]any{"provider": map[string]any{"aws": providers}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Dir, "offline_override.tf.json"), override, 0o600)
}

// Copy copies an example of the repository at source below work, to be planned
// without AWS. Stand-ins for the functions' packages are where the example looks
// for them: what is in a package does not matter to a plan, its sum does.
func Copy(source, work, name string) (*tfroot.Root, error) {
	r, err := tfroot.Copy(source, work, filepath.Join("examples", name), Inputs(name))
	if err != nil {
		return nil, err
	}
	for dir, packages := range map[string][]string{
		filepath.Join(work, "dist", "arm64"):  {"authorizer", "connect", "disconnect", "message"},
		filepath.Join(r.Dir, "dist", "arm64"): {"presence", "vote"}, // of own-handlers
	} {
		if err := standIns(dir, packages); err != nil {
			return nil, err
		}
	}
	return r, Offline(r)
}

func standIns(dir string, names []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var sums strings.Builder
	for _, name := range names {
		fmt.Fprintf(&sums, "%x  %s.zip\n", sha256.Sum256([]byte(name)), name)
		if err := os.WriteFile(filepath.Join(dir, name+".zip"), []byte(name), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o600)
}
