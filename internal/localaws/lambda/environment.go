package lambda

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// runtimeDir is where AWS keeps what belongs to a runtime. Nothing is there for
// OS-only runtimes.
const runtimeDir = "/var/runtime"

// reservedVariables cannot be set in a function's configuration (Lambda,
// "Defined runtime environment variables").
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// sandboxSettings is what a sandbox's environment says besides the function's
// own configuration.
type sandboxSettings struct {
	runtimeAPI  string // host:port
	gatewayURL  string
	codeDir     string
	logStream   string
	credentials types.Credentials
}

// environment is the whole environment of a sandbox: AWS's variables, the
// function's own, and AWS_ENDPOINT_URL, which leads the SDK to the local stack.
// Nothing is inherited. AWS_EXECUTION_ENV is not defined for OS-only runtimes.
func environment(v *version, s sandboxSettings) []string {
	all := map[string]string{
		"LANG":             "en_US.UTF-8",
		"TZ":               ":UTC",
		"PATH":             "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH":  "/lib64:/usr/lib64:" + runtimeDir + ":" + runtimeDir + "/lib:" + s.codeDir + ":" + s.codeDir + "/lib:/opt/lib",
		"AWS_ENDPOINT_URL": s.gatewayURL,
	}
	maps.Copy(all, v.environment)
	maps.Copy(all, map[string]string{
		"_HANDLER":                        v.handler,
		"AWS_REGION":                      v.region,
		"AWS_DEFAULT_REGION":              v.region,
		"AWS_LAMBDA_FUNCTION_NAME":        v.name,
		"AWS_LAMBDA_FUNCTION_VERSION":     v.number,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(v.memoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       v.logging.group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      s.logStream,
		"AWS_LAMBDA_RUNTIME_API":          s.runtimeAPI,
		"AWS_ACCESS_KEY_ID":               *s.credentials.AccessKeyId,
		"AWS_SECRET_ACCESS_KEY":           *s.credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               *s.credentials.SessionToken,
		"LAMBDA_TASK_ROOT":                s.codeDir,
		"LAMBDA_RUNTIME_DIR":              runtimeDir,
	})
	if v.logging.json {
		all["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		all["AWS_LAMBDA_LOG_LEVEL"] = v.logging.application.String()
	}
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}
