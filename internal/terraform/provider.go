// Package terraform finds Terraform and its provider, also on machines that
// cannot reach the Terraform registry but have a provider mirror.
package terraform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The only provider the modules use, as a path below a mirror: provider is what
// Terraform calls it, and tofuProvider what OpenTofu calls the same one.
const (
	provider     = "registry.terraform.io/hashicorp/aws"
	tofuProvider = "registry.opentofu.org/hashicorp/aws"
)

// Variable names a mirror's folder, ahead of all usual places.
const Variable = "TF_PROVIDER_MIRROR"

// usualPlaces are searched in this order. The first three are those in which
// Terraform itself looks for an implied mirror; the others are where images and
// packages put one.
var usualPlaces = []string{
	"$HOME/.terraform.d/plugins",
	"$HOME/.local/share/terraform/plugins",
	"/usr/local/share/terraform/plugins",
	"/usr/share/terraform/plugins",
	"$TF_PLUGIN_CACHE_DIR",
	"$HOME/.terraform.d/plugin-cache",
	"/usr/local/share/*",
	"/usr/share/*",
	"/opt/*",
}

// Find returns the folder of a mirror that has the provider, or "" when there
// is none. It fails when TF_PROVIDER_MIRROR names a folder without it.
func Find() (string, error) {
	if dir := os.Getenv(Variable); dir != "" {
		if !has(dir) {
			return "", fmt.Errorf("%s=%s has no %s: name a folder made by `terraform providers mirror`, or unset it", Variable, dir, provider)
		}
		return filepath.Abs(dir)
	}
	for _, place := range usualPlaces {
		expanded := os.ExpandEnv(place)
		if !filepath.IsAbs(expanded) { // its variable is not set
			continue
		}
		dirs, err := filepath.Glob(expanded)
		if err != nil {
			return "", err
		}
		for _, dir := range dirs {
			if has(dir) {
				return dir, nil
			}
		}
	}
	return "", nil
}

func has(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, provider))
	return err == nil && info.IsDir()
}

// Environment returns what Terraform needs in its environment to find the
// provider: TF_CLI_CONFIG_FILE with a configuration written to file when there
// is a mirror and the caller has no configuration of their own, otherwise
// nothing. A TF_CLI_CONFIG_FILE that names a missing file counts as none.
//
// OpenTofu reads the same variable. It looks for the provider under the name of its
// own registry, which mirrors made by Terraform do not have, so it gets links
// beside file.
func Environment(file string) ([]string, error) {
	if configured() && os.Getenv(Variable) == "" {
		return nil, nil
	}
	dir, err := Find()
	if err != nil || dir == "" {
		return nil, err
	}
	links := strings.TrimSuffix(file, filepath.Ext(file)) + "-opentofu"
	if err := link(dir, links); err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`provider_installation {
  filesystem_mirror {
    path    = %q
    include = [%q]
  }
  filesystem_mirror {
    path    = %q
    include = [%q]
  }
  direct {
    exclude = [%q, %q]
  }
}
`, dir, provider, links, tofuProvider, provider, tofuProvider)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return []string{"TF_CLI_CONFIG_FILE=" + file}, nil
}

// link makes the folder to a mirror for OpenTofu of what the mirror dir has. It links
// single packages, zips or unpacked folders, since OpenTofu follows no links above
// them.
func link(dir, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	zips, err := filepath.Glob(filepath.Join(dir, provider, "*.zip"))
	if err != nil {
		return err
	}
	folders, err := filepath.Glob(filepath.Join(dir, provider, "*", "*_*"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(to, tofuProvider), 0o700); err != nil {
		return err
	}
	for _, from := range append(zips, folders...) {
		target := filepath.Join(to, tofuProvider, strings.TrimPrefix(from, filepath.Join(dir, provider)))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		if err := os.Symlink(from, target); err != nil {
			return err
		}
	}
	return nil
}

// configured tells whether the caller has a Terraform CLI configuration.
func configured() bool {
	file := os.Getenv("TF_CLI_CONFIG_FILE")
	if file == "" {
		file = os.ExpandEnv("$HOME/.terraformrc")
	}
	_, err := os.Stat(file)
	return err == nil
}

// registry is asked only to learn whether it can be reached; tests replace it.
var registry = "https://registry.terraform.io/.well-known/terraform.json"

// CheckProvider fails when the provider can be had from nowhere, and says where it
// looked and what to do.
func CheckProvider(ctx context.Context) error {
	if configured() && os.Getenv(Variable) == "" {
		return nil // the caller's own configuration decides
	}
	dir, err := Find()
	if err != nil || dir != "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, registry, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		err = errors.New(res.Status)
	}
	return fmt.Errorf("the Terraform provider hashicorp/aws can be had neither from a provider mirror on this machine nor from the Terraform registry (%w)\n"+
		"looked for %s in %s\n"+
		"make a mirror on a machine that reaches the registry (terraform providers mirror <folder>), copy it here and set %s=<folder>",
		err, provider, strings.Join(usualPlaces, ", "), Variable)
}
