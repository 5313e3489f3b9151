package localaws

import (
	"slices"
	"strings"
)

// foreignVariables are settings of another AWS account that would win over, or
// not go with, those of the stack.
var foreignVariables = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", // with it AWS_ENDPOINT_URL means nothing, and calls go to AWS
}

// EdgeURL is the setting that says where the first CloudFront distribution of a
// stack is served.
const EdgeURL = "PORTCULLIS_EDGE_URL"

// Environment are the settings with which AWS's SDKs, its CLI and Terraform
// work on a stack. The TF_VAR settings are those inputs of the examples that
// depend on where they are deployed; EdgeURL is for those that name the site.
func Environment(run Run) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + run.Endpoint,
		EdgeURL + "=" + run.Edge,
		"AWS_ACCESS_KEY_ID=" + RootAccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + RootSecretAccessKey,
		"AWS_REGION=" + run.Region,
		"AWS_DEFAULT_REGION=" + run.Region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"TF_VAR_cognito_endpoint=" + run.Endpoint,
		"TF_VAR_architecture=" + Architecture(),
	}
}

// WithoutForeign returns an environment without what Foreign finds in it.
func WithoutForeign(env []string) []string {
	foreign := Foreign(env)
	return slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return slices.Contains(foreign, name)
	})
}

// Foreign are the settings of another AWS account that would win over, or not go
// with, those of the stack, and the endpoints that an environment has.
func Foreign(env []string) []string {
	names := slices.Clone(foreignVariables)
	for _, setting := range env {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_ENDPOINT_URL") {
			names = append(names, name)
		}
	}
	return names
}
