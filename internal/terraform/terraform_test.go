package terraform

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// alone gives a test a machine without a mirror or settings of its user.
func alone(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("TF_CLI_CONFIG_FILE", "")
	t.Setenv("TF_PLUGIN_CACHE_DIR", "")
	t.Setenv(Variable, "")
	before := usualPlaces
	usualPlaces = []string{"$HOME/.terraform.d/plugins", "$TF_PLUGIN_CACHE_DIR", home + "/opt/*"}
	t.Cleanup(func() { usualPlaces = before })
	return home
}

// mirror makes a folder that has the provider.
func mirror(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, provider), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAMirrorIsFoundInTheUsualPlaces(t *testing.T) {
	home := alone(t)
	if dir, err := Find(); err != nil || dir != "" {
		t.Fatalf("found %q, %v where nothing is", dir, err)
	}
	want := mirror(t, filepath.Join(home, "opt", "some-folder"))
	if dir, err := Find(); err != nil || dir != want {
		t.Fatalf("found %q, %v, want %q", dir, err, want)
	}
	named := mirror(t, t.TempDir())
	t.Setenv(Variable, named)
	if dir, err := Find(); err != nil || dir != named {
		t.Fatalf("found %q, %v, want the one that %s names", dir, err, Variable)
	}
}

func TestANamedMirrorWithoutTheProviderIsAnError(t *testing.T) {
	alone(t)
	t.Setenv(Variable, t.TempDir())
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), Variable) || !strings.Contains(err.Error(), provider) {
		t.Fatalf("error %v", err)
	}
}

func TestTerraformIsPointedToTheMirrorUnlessItsUserHasSettings(t *testing.T) {
	home := alone(t)
	file := filepath.Join(t.TempDir(), "settings", "terraform.rc")
	if env, err := Environment(file); err != nil || env != nil {
		t.Fatalf("%v, %v without a mirror", env, err)
	}
	dir := mirror(t, filepath.Join(home, "opt", "plugins"))
	t.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(home, "missing")) // names nothing
	env, err := Environment(file)
	if err != nil || len(env) != 1 || env[0] != "TF_CLI_CONFIG_FILE="+file {
		t.Fatalf("%v, %v", env, err)
	}
	written, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(written), dir) {
		t.Fatalf("%s, %v", written, err)
	}
	own := filepath.Join(home, "own.rc")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TF_CLI_CONFIG_FILE", own)
	if env, err := Environment(file); err != nil || env != nil {
		t.Fatalf("%v, %v although the user has settings", env, err)
	}
	t.Setenv(Variable, dir)
	if env, err := Environment(file); err != nil || len(env) != 1 {
		t.Fatalf("%v, %v although the user names a mirror", env, err)
	}
}

func TestOpenTofuFindsWhatTheMirrorHas(t *testing.T) {
	home := alone(t)
	file := filepath.Join(t.TempDir(), "terraform.rc")
	dir := mirror(t, filepath.Join(home, "opt", "plugins"))
	unpacked := filepath.Join("5.100.0", "linux_amd64", "terraform-provider-aws")
	for _, name := range []string{unpacked, "terraform-provider-aws_5.100.0_linux_arm64.zip"} {
		if err := os.MkdirAll(filepath.Join(dir, provider, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, provider, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second finds the links of the first
		if _, err := Environment(file); err != nil {
			t.Fatal(err)
		}
	}
	links := filepath.Join(filepath.Dir(file), "terraform-opentofu")
	for _, name := range []string{unpacked, "terraform-provider-aws_5.100.0_linux_arm64.zip"} {
		if got, err := os.ReadFile(filepath.Join(links, "registry.opentofu.org/hashicorp/aws", name)); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if written, err := os.ReadFile(file); err != nil || !strings.Contains(string(written), links) {
		t.Errorf("%s, %v", written, err)
	}
}

func TestWithoutMirrorAndRegistryTheErrorSaysJustThat(t *testing.T) {
	home := alone(t)
	answer := http.StatusBadGateway
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) }))
	t.Cleanup(server.Close)
	before := registry
	registry = server.URL
	t.Cleanup(func() { registry = before })

	err := CheckProvider(t.Context())
	if err == nil || !strings.Contains(err.Error(), "neither from a provider mirror") || !strings.Contains(err.Error(), Variable) || !strings.Contains(err.Error(), "502") {
		t.Fatalf("error %v", err)
	}
	answer = http.StatusOK
	if err := CheckProvider(t.Context()); err != nil {
		t.Fatalf("with the registry: %v", err)
	}
	answer = http.StatusBadGateway
	mirror(t, filepath.Join(home, ".terraform.d", "plugins"))
	if err := CheckProvider(t.Context()); err != nil {
		t.Fatalf("with a mirror: %v", err)
	}
}

func TestTheVersionOfTerraformIsChecked(t *testing.T) {
	for version, good := range map[string]bool{"1.9.0": true, "1.11.4": true, "2.0.0": true, "1.8.5": false, "0.15.5": false, "": false, "new": false} {
		binary := filepath.Join(t.TempDir(), "terraform")
		script := "#!/bin/sh\necho '{\"terraform_version\":\"" + version + "\"}'\n"
		if err := os.WriteFile(binary, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TERRAFORM", binary)
		got, err := CheckBinary(t.Context())
		if good && (err != nil || got != version) {
			t.Errorf("%s: %q, %v", version, got, err)
		}
		if !good && (err == nil || !strings.Contains(err.Error(), "TERRAFORM=<binary>")) {
			t.Errorf("%s: error %v", version, err)
		}
	}
	t.Setenv("TERRAFORM", "/does/not/exist")
	if _, err := CheckBinary(t.Context()); err == nil || !strings.Contains(err.Error(), "install Terraform") {
		t.Errorf("error %v", err)
	}
}
