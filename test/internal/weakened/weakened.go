// Package weakened makes this project's modules worse, for tests of who notices.
package weakened

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Weakening is a change of a module's file, with the rule of the gate that is
// meant for it. One without a rule makes the next one whole.
type Weakening struct{ File, From, To, Rule string }

// List are changes that can be made together.
var List = []Weakening{
	{"api/main.tf", `data_trace_enabled       = false`, `data_trace_enabled       = true`, "websocket/data-trace"},
	{"api/main.tf", `logging_level            = "ERROR"`, `logging_level            = "OFF"`, "websocket/execution-log"},
	{"api/main.tf", `throttling_rate_limit    = var.throttle.rate`, `throttling_rate_limit    = 0`, "websocket/stage-throttling"},
	{"api/main.tf", `key == "$connect" ? "CUSTOM" : "NONE"`, `key == "$connect" ? "NONE" : "NONE"`, "websocket/connect-authorizer"},
	{"api/main.tf", `execution_arn}/${var.stage_name}/${each.key}"`, `execution_arn}/*/*"`, "websocket/permission-scope"},
	{"api/main.tf", "  source_arn    = \"${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.this.id}\"\n", "", "websocket/permission-source"},
	{"api/main.tf", `deployment_id = aws_apigatewayv2_deployment.this.id`, `auto_deploy   = true`, "websocket/auto-deploy"},
	{"auth/main.tf", `prevent_user_existence_errors = "ENABLED"`, `prevent_user_existence_errors = "LEGACY"`, "identity/user-existence"},
	{"auth/main.tf", `enable_token_revocation       = true`, `enable_token_revocation       = false`, "identity/token-revocation"},
	{"auth/main.tf", `"ALLOW_USER_SRP_AUTH"]`, `"ALLOW_USER_PASSWORD_AUTH"]`, "identity/password-flows"},
	{"auth/main.tf", `case_sensitive = false`, `case_sensitive = true`, "identity/username-case"},
	{"auth/main.tf", `name     = "verified_email"`, `name     = "verified_phone_number"`, "identity/account-recovery"},
	{"function/main.tf", `resources = ["${aws_cloudwatch_log_group.this.arn}:*"]`, `resources = ["*"]`, ""},
	{"function/main.tf", `actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]`, `actions   = ["*"]`, "iam/full-admin"},
	{"function/main.tf", "type        = \"Service\"\n      identifiers = [\"lambda.amazonaws.com\"]", "type        = \"AWS\"\n      identifiers = [\"*\"]", "iam/trust-anyone"},
	{"function/main.tf", "  kms_key_id        = var.kms_key_arn\n", "", "encryption/log-group-key"},
	{"function/main.tf", "  retention_in_days = var.log_retention_days\n", "", "observability/log-retention"},
	{"function/main.tf", "  kms_key_arn                    = var.kms_key_arn\n", "", "function/environment-key"},
	{"function/main.tf", `mode = var.tracing_mode`, `mode = "PassThrough"`, "function/tracing"},
	{"function/main.tf", `"provided.al2023"`, `"provided.al2"`, "function/runtime"},
	{"function/main.tf", `  reserved_concurrent_executions = var.reserved_concurrency == "unreserved" ? -1 : tonumber(var.reserved_concurrency)` + "\n", "", "function/concurrency"},
	{"table/main.tf", `enabled                 = var.point_in_time_recovery`, `enabled                 = false`, "data/point-in-time-recovery"},
	{"table/main.tf", `enabled        = var.ttl_enabled`, `enabled        = false`, "data/ttl"},
	{"table/main.tf", "    enabled     = true\n    kms_key_arn = local.kms_key_arn\n", "    enabled = false\n", "encryption/table-key"},
	{"chat/main.tf", `enable_key_rotation     = true`, `enable_key_rotation     = false`, "encryption/key-rotation"},
	{"chat/main.tf", "  kms_master_key_id = local.kms_key_arn\n", "", "encryption/topic-key"},
	{"chat/main.tf", "  alarm_actions = [local.topic_arn]\n", "", "observability/alarm-actions"},
}

// Apply makes all changes of the List in a copy of the modules.
func Apply(modules string) error {
	for _, w := range List {
		file := filepath.Join(modules, w.File)
		body, err := os.ReadFile(file) // #nosec G304 -- a copy that a test has made
		if err != nil {
			return err
		}
		if !strings.Contains(string(body), w.From) {
			return fmt.Errorf("%s has no %s", w.File, w.From)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(body), w.From, w.To, 1)), 0o600); err != nil {
			return err
		}
	}
	return nil
}
