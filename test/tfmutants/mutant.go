// Package tfmutants undoes one hardening of the Terraform modules at a time, for
// a test that expects the modules' own tests to notice each.
package tfmutants

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Mutant is a module's main.tf with one hardening less.
type Mutant struct {
	// Name says where and what: "table:42 without server_side_encryption".
	Name string
	// Text is the whole file.
	Text string
	// About is what was changed, as it was, and the block that it stands in.
	About string
}

// rule undoes hardenings that a line has.
type rule struct {
	line *regexp.Regexp
	// with is what the line is replaced by, as of regexp.ReplaceAllString. An
	// empty one deletes it.
	with string
	// what names the mutant, expanded as with is.
	what string
	// anywhere is for lines that do not stand in a resource or data block.
	anywhere bool
}

func line(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(\s+)` + pattern + `\z`) }

var rules = []rule{
	// Switches. What a variable turns on is taken for off.
	{line: line(`(\w+)(\s*=\s*)true`), with: "${1}${2}${3}false", what: "$2 off"},
	{line: line(`(\w+)(\s*=\s*)false`), with: "${1}${2}${3}true", what: "$2 on"},
	{line: line(`(deletion_protection_enabled|enabled)(\s*=\s*)var\..*`), with: "${1}${2}${3}false", what: "$2 off"},
	{line: line(`(deletion_protection)(\s*=\s*).*"ACTIVE".*`), with: `${1}${2}${3}"INACTIVE"`, what: "$2 off"},

	// Keys, bounds, conditions of a grant.
	{line: line(`(kms_key_id|kms_key_arn|kms_master_key_id|permissions_boundary|source_arn|retention_in_days|skip_destroy|source_code_hash|code_signing_config_arn)(\s*=\s*).*`), what: "without $2"},
	{line: line(`(throttling_rate_limit|throttling_burst_limit)(\s*=\s*).*`), with: "${1}${2}${3}0", what: "$2 of 0"},
	{line: line(`(reserved_concurrent_executions)(\s*=\s*).*`), with: "${1}${2}${3}-1", what: "$2 unreserved"},
	{line: line(`(principal)(\s*=\s*)".*"`), with: `${1}${2}${3}"*"`, what: "anybody for a $2"},
	{line: line(`(identifiers)(\s*=\s*)\[.*\]`), with: `${1}${2}${3}["*"]`, what: "anybody among the $2"},

	// Statements: one action more, a wider resource.
	{line: line(`(actions)(\s*=\s*)\["dynamodb:(.*)\]`), with: `${1}${2}${3}["dynamodb:DeleteTable", "dynamodb:${4}]`, what: "DeleteTable allowed", anywhere: true},
	{line: line(`(actions)(\s*=\s*)\["(sts|logs|xray|kms):(.*)\]`), with: `${1}${2}${3}["${4}:TagResource", "${4}:${5}]`, what: "one more of $4 allowed"},
	{line: line(`(resources)(\s*=\s*)\[([a-z][A-Za-z0-9_.\[\]]*)\]`), with: `${1}${2}${3}["${${4}}*"]`, what: "wider resource $4", anywhere: true},
	{line: line(`(resources)(\s*=\s*)\["(.*)/(?:POST|DELETE)/@connections/\*"\]`), with: `${1}${2}${3}["${4}/*"]`, what: "every call of the stage", anywhere: true},
	{line: line(`(resources)(\s*=\s*)\["(\$\{aws_cloudwatch_log_group[^"]*):\*"\]`), with: `${1}${2}${3}["*"]`, what: "every log"},

	// API Gateway.
	{line: line(`(authorization_type)(\s*=\s*).*"CUSTOM".*`), with: `${1}${2}${3}"NONE"`, what: "open $$connect", anywhere: true},
	{line: line(`(logging_level)(\s*=\s*)"ERROR"`), with: `${1}${2}${3}"OFF"`, what: "$2 OFF"},
	{line: line(`(security_policy)(\s*=\s*)".*"`), with: `${1}${2}${3}"TLS_1_0"`, what: "$2 TLS_1_0"},

	// Lambda.
	{line: line(`(mode)(\s*=\s*)var\.tracing_mode`), with: `${1}${2}${3}"PassThrough"`, what: "no traces"},
	{line: line(`(untrusted_artifact_on_deployment)(\s*=\s*)"Enforce"`), with: `${1}${2}${3}"Warn"`, what: "$2 Warn"},

	// Cognito.
	{line: line(`(mfa_configuration|advanced_security_mode)(\s*=\s*).*`), with: `${1}${2}${3}"OFF"`, what: "$2 OFF"},
	{line: line(`(prevent_user_existence_errors)(\s*=\s*).*`), with: `${1}${2}${3}"LEGACY"`, what: "$2 LEGACY"},
	{line: line(`(explicit_auth_flows)(\s*=\s*)(.*?)\[(.*)`), with: `${1}${2}${3}${4}["ALLOW_USER_PASSWORD_AUTH", ${5}`, what: "passwords sent"},
	{line: line(`(allowed_oauth_flows)(\s*=\s*)(.*)"code"(.*)`), with: `${1}${2}${3}${4}"implicit"${5}`, what: "implicit flow"},
	{line: line(`(minimum_length)(\s*=\s*).*`), with: "${1}${2}${3}6", what: "$2 of 6"},
	{line: line(`(require_\w+|allow_admin_create_user_only)(\s*=\s*)!?(?:var|local)\..*`), with: "${1}${2}${3}false", what: "$2 off"},
	{line: line(`(access_token_validity)(\s*=\s*).*`), with: "${1}${2}${3}1440", what: "$2 of a day"},

	// CloudFront and its web ACL.
	{line: line(`(viewer_protocol_policy)(\s*=\s*).*`), with: `${1}${2}${3}"allow-all"`, what: "$2 allow-all"},
	{line: line(`(origin_protocol_policy)(\s*=\s*).*`), with: `${1}${2}${3}"http-only"`, what: "$2 http-only"},
	{line: line(`(origin_ssl_protocols)(\s*=\s*)\[(.*)\]`), with: `${1}${2}${3}["TLSv1", ${4}]`, what: "TLSv1 among the $2"},
	{line: line(`(minimum_protocol_version)(\s*=\s*).*`), with: `${1}${2}${3}"TLSv1"`, what: "$2 TLSv1"},
	{line: line(`(web_acl_id|response_headers_policy_id|origin_access_control_id)(\s*=\s*).*`), what: "without $2"},
	{line: line(`(cache_policy_id)(\s*=\s*)local\.caching_disabled`), with: "${1}${2}${3}local.caching_optimized", what: "answers kept"},
	{line: line(`(origin_request_policy_id)(\s*=\s*)local.*`), with: `${1}${2}${3}"216adef6-5c7f-47e4-b989-5492eafa07d3"`, what: "the viewer's Host passed on"},
	{line: line(`(signing_behavior)(\s*=\s*).*`), with: `${1}${2}${3}"never"`, what: "$2 never"},
	{line: line(`(frame_option)(\s*=\s*).*`), with: `${1}${2}${3}"SAMEORIGIN"`, what: "$2 SAMEORIGIN"},
	{line: line(`(referrer_policy)(\s*=\s*)".*"`), with: `${1}${2}${3}"unsafe-url"`, what: "$2 unsafe-url"},
	{line: line(`"(default-src|script-src|style-src|base-uri|form-action|frame-ancestors|require-trusted-types-for|trusted-types) .*",`), what: "without $2", anywhere: true},
	{line: line(`(\w+)\s*=\s*\{ name = "AWSManagedRules.*\}`), what: "without the group $2", anywhere: true},
	{line: line(`(for_each)(\s*=\s*)var\.count_only \? \[\] : \[true\]`), with: "${1}${2}${3}[]", what: "nothing blocked"},
	{line: line(`(oversize_handling)(\s*=\s*).*`), with: `${1}${2}${3}"CONTINUE"`, what: "$2 CONTINUE"},
	{line: line(`(type)(\s*=\s*)text_transformation\.value`), with: `${1}${2}${3}"NONE"`, what: "another spelling passes"},

	// S3.
	{line: line(`(object_ownership)(\s*=\s*).*`), with: `${1}${2}${3}"ObjectWriter"`, what: "$2 ObjectWriter"},
	{line: line(`(status)(\s*=\s*)"Enabled"`), with: `${1}${2}${3}"Disabled"`, what: "$2 Disabled"},

	// What is secret stays out of a function's settings.
	{line: line(`(origin_secret_digests)(\s*=\s*).*`), with: "${1}${2}${3}nonsensitive(var.origin_secrets)", what: "secrets in clear", anywhere: true},
}

// blocks are those that are taken out as a whole.
var blocks = regexp.MustCompile(`\A\s+(?:(condition|access_log_settings|server_side_encryption|point_in_time_recovery|ttl|tracing_config|logging_config|password_policy|user_pool_add_ons|token_validity_units|username_configuration|account_recovery_setting|user_attribute_update_settings|custom_header|redacted_fields|content_type_options)|dynamic "(condition|redacted_fields|logging_filter|refresh_token_rotation)") \{\z`)

// Of returns the mutants of a file of Terraform, formatted as `terraform fmt`
// does.
func Of(module, text string) []Mutant {
	lines := strings.Split(text, "\n")
	var mutants []Mutant
	header := "" // of the block at the top
	// add is a mutant with other lines from first until next.
	add := func(first, next int, what string, instead ...string) {
		changed := slices.Concat(lines[:first], instead, lines[next:])
		about := append([]string{header}, lines[first:next]...)
		mutants = append(mutants, Mutant{fmt.Sprintf("%s:%d %s", module, first+1, what), strings.Join(changed, "\n"), strings.Join(about, "\n")})
	}
	inside := false // a resource or data block
	for n, l := range lines {
		if strings.HasSuffix(l, "{") && !strings.HasPrefix(l, " ") {
			header = l
		}
		switch {
		case strings.HasPrefix(l, "resource ") || strings.HasPrefix(l, "data "):
			inside = true
		case strings.HasPrefix(l, "}"):
			inside = false
		}
		if m := blocks.FindStringSubmatch(l); m != nil && inside && !filters(lines[n:end(lines, n)]) {
			add(n, end(lines, n)+1, "without "+m[1]+m[2])
		}
		for _, r := range rules {
			m := r.line.FindStringSubmatchIndex(l)
			if m == nil || !inside && !r.anywhere || rollout.MatchString(l) {
				continue
			}
			what := string(r.line.ExpandString(nil, r.what, l, m))
			if r.with == "" {
				add(n, n+1, what)
				continue
			}
			with := strings.ReplaceAll(r.with, "${${4}}", "$${${4}}")
			changed := string(r.line.ExpandString(nil, with, l, m))
			if changed != l {
				add(n, n+1, what, changed)
			}
		}
	}
	return mutants
}

// filters tells whether a block is the conditions of a log's filter, without which
// Terraform takes no filter: that there is none is a mutant of its own.
func filters(block []string) bool {
	return strings.Contains(block[0], `"condition"`) && slices.ContainsFunc(block, func(l string) bool { return strings.Contains(l, "action_condition {") })
}

// rollout are switches of how a change is made, not of what is made.
var rollout = regexp.MustCompile(`\A\s+(create_before_destroy|evaluate_target_health)\s*=`)

// end is the line that closes the block which begins at a line.
func end(lines []string, begin int) int {
	indent := lines[begin][:len(lines[begin])-len(strings.TrimLeft(lines[begin], " "))]
	for n := begin + 1; n < len(lines); n++ {
		if lines[n] == indent+"}" {
			return n
		}
	}
	return begin
}
