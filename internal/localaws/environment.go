package localaws

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// ForeignVariables are settings of another AWS account that would win over, or
// not go with, those of the stack.
var ForeignVariables = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
}

// Environment are the settings with which AWS's SDKs, its CLI and Terraform
// work on the stack at endpoint. The TF_VAR settings are those inputs of the
// examples that depend on where they are deployed.
func Environment(endpoint, region string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_ACCESS_KEY_ID=" + RootAccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + RootSecretAccessKey,
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"TF_VAR_cognito_endpoint=" + endpoint,
		"TF_VAR_architecture=" + Architecture(),
	}
}

// WithoutForeign returns an environment without ForeignVariables and without
// endpoints of single services.
func WithoutForeign(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return slices.Contains(ForeignVariables, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL")
	})
}

// Print writes a status for people.
func (s Status) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "endpoint\t%s\n", s.Endpoint)
	fmt.Fprintf(w, "process\tpid %d, up %s\n", s.PID, s.Uptime)
	fmt.Fprintf(w, "folder\t%s\n", s.Folder)
	fmt.Fprintf(w, "region\t%s\n", s.Region)
	fmt.Fprintf(w, "MiniStack\t%s\n", s.MiniStack)
	fmt.Fprintf(w, "connections\t%d open\n", s.Connections)
	return w.Flush()
}
