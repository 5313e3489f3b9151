package lambda

import "strings"

// kind says what the gateway does with an operation of the Lambda API.
type kind int

const (
	// refused: the local stack does not serve it, and MiniStack would do
	// something else than AWS.
	refused kind = iota
	// passed: MiniStack answers, nothing changes for us.
	passed
	// write: MiniStack answers, and what we know of the function is forgotten.
	write
	// code: a write that brings code.
	code
)

// operation is one operation of the Lambda API.
type operation struct {
	method string
	path   string // "*" stands for one segment
	name   string
	kind   kind
}

// operations is the whole API as of AWS's SDK models. A request that is none of
// these is refused: MiniStack finds its handlers by looser patterns than AWS.
//
// Reads of what cannot be created here pass when MiniStack's answer ("none") is
// true and tools ask for it while they look at a function.
var operations = []operation{
	{"POST", "/2014-11-13/functions/*/invoke-async", "InvokeAsync", refused},
	{"GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings", refused},
	{"POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping", refused},
	{"DELETE", "/2015-03-31/event-source-mappings/*", "DeleteEventSourceMapping", refused},
	{"GET", "/2015-03-31/event-source-mappings/*", "GetEventSourceMapping", refused},
	{"PUT", "/2015-03-31/event-source-mappings/*", "UpdateEventSourceMapping", refused},
	{"GET", "/2015-03-31/functions", "ListFunctions", passed},
	{"POST", "/2015-03-31/functions", "CreateFunction", code},
	{"DELETE", "/2015-03-31/functions/*", "DeleteFunction", write},
	{"GET", "/2015-03-31/functions/*", "GetFunction", passed},
	{"GET", "/2015-03-31/functions/*/aliases", "ListAliases", passed},
	{"POST", "/2015-03-31/functions/*/aliases", "CreateAlias", write},
	{"DELETE", "/2015-03-31/functions/*/aliases/*", "DeleteAlias", write},
	{"GET", "/2015-03-31/functions/*/aliases/*", "GetAlias", passed},
	{"PUT", "/2015-03-31/functions/*/aliases/*", "UpdateAlias", write},
	{"PUT", "/2015-03-31/functions/*/code", "UpdateFunctionCode", code},
	{"GET", "/2015-03-31/functions/*/configuration", "GetFunctionConfiguration", passed},
	{"PUT", "/2015-03-31/functions/*/configuration", "UpdateFunctionConfiguration", write},
	{"POST", "/2015-03-31/functions/*/invocations", "Invoke", refused},
	{"GET", "/2015-03-31/functions/*/policy", "GetPolicy", passed},
	{"POST", "/2015-03-31/functions/*/policy", "AddPermission", write},
	{"DELETE", "/2015-03-31/functions/*/policy/*", "RemovePermission", write},
	{"GET", "/2015-03-31/functions/*/versions", "ListVersionsByFunction", passed},
	{"POST", "/2015-03-31/functions/*/versions", "PublishVersion", write},
	{"GET", "/2016-08-19/account-settings", "GetAccountSettings", passed},
	{"DELETE", "/2017-03-31/tags/*", "UntagResource", passed},
	{"GET", "/2017-03-31/tags/*", "ListTags", passed},
	{"POST", "/2017-03-31/tags/*", "TagResource", passed},
	{"DELETE", "/2017-10-31/functions/*/concurrency", "DeleteFunctionConcurrency", write},
	{"PUT", "/2017-10-31/functions/*/concurrency", "PutFunctionConcurrency", write},
	{"GET", "/2018-10-31/layers", "ListLayers", passed},
	{"GET", "/2018-10-31/layers/*/versions", "ListLayerVersions", passed},
	{"POST", "/2018-10-31/layers/*/versions", "PublishLayerVersion", refused},
	{"DELETE", "/2018-10-31/layers/*/versions/*", "DeleteLayerVersion", refused},
	{"GET", "/2018-10-31/layers/*/versions/*", "GetLayerVersion", passed},
	{"GET", "/2018-10-31/layers/*/versions/*/policy", "GetLayerVersionPolicy", passed},
	{"POST", "/2018-10-31/layers/*/versions/*/policy", "AddLayerVersionPermission", refused},
	{"DELETE", "/2018-10-31/layers/*/versions/*/policy/*", "RemoveLayerVersionPermission", refused},
	{"DELETE", "/2019-09-25/functions/*/event-invoke-config", "DeleteFunctionEventInvokeConfig", write},
	{"GET", "/2019-09-25/functions/*/event-invoke-config", "GetFunctionEventInvokeConfig", passed},
	{"POST", "/2019-09-25/functions/*/event-invoke-config", "UpdateFunctionEventInvokeConfig", write},
	{"PUT", "/2019-09-25/functions/*/event-invoke-config", "PutFunctionEventInvokeConfig", write},
	{"GET", "/2019-09-25/functions/*/event-invoke-config/list", "ListFunctionEventInvokeConfigs", passed},
	{"GET", "/2019-09-30/functions/*/concurrency", "GetFunctionConcurrency", passed},
	{"DELETE", "/2019-09-30/functions/*/provisioned-concurrency", "DeleteProvisionedConcurrencyConfig", refused},
	{"GET", "/2019-09-30/functions/*/provisioned-concurrency", "GetProvisionedConcurrencyConfig", passed},
	{"PUT", "/2019-09-30/functions/*/provisioned-concurrency", "PutProvisionedConcurrencyConfig", refused},
	{"GET", "/2020-04-22/code-signing-configs", "ListCodeSigningConfigs", refused},
	{"POST", "/2020-04-22/code-signing-configs", "CreateCodeSigningConfig", refused},
	{"DELETE", "/2020-04-22/code-signing-configs/*", "DeleteCodeSigningConfig", refused},
	{"GET", "/2020-04-22/code-signing-configs/*", "GetCodeSigningConfig", refused},
	{"PUT", "/2020-04-22/code-signing-configs/*", "UpdateCodeSigningConfig", refused},
	{"GET", "/2020-04-22/code-signing-configs/*/functions", "ListFunctionsByCodeSigningConfig", refused},
	{"DELETE", "/2020-06-30/functions/*/code-signing-config", "DeleteFunctionCodeSigningConfig", refused},
	{"GET", "/2020-06-30/functions/*/code-signing-config", "GetFunctionCodeSigningConfig", passed},
	{"PUT", "/2020-06-30/functions/*/code-signing-config", "PutFunctionCodeSigningConfig", refused},
	{"GET", "/2021-07-20/functions/*/runtime-management-config", "GetRuntimeManagementConfig", passed},
	{"PUT", "/2021-07-20/functions/*/runtime-management-config", "PutRuntimeManagementConfig", refused},
	{"DELETE", "/2021-10-31/functions/*/url", "DeleteFunctionUrlConfig", refused},
	{"GET", "/2021-10-31/functions/*/url", "GetFunctionUrlConfig", passed},
	{"POST", "/2021-10-31/functions/*/url", "CreateFunctionUrlConfig", refused},
	{"PUT", "/2021-10-31/functions/*/url", "UpdateFunctionUrlConfig", refused},
	{"GET", "/2021-10-31/functions/*/urls", "ListFunctionUrlConfigs", passed},
	{"POST", "/2021-11-15/functions/*/response-streaming-invocations", "InvokeWithResponseStream", refused},
	{"GET", "/2024-08-31/functions/*/recursion-config", "GetFunctionRecursionConfig", passed},
	{"PUT", "/2024-08-31/functions/*/recursion-config", "PutFunctionRecursionConfig", write},
	{"GET", "/2025-11-30/capacity-providers", "ListCapacityProviders", refused},
	{"POST", "/2025-11-30/capacity-providers", "CreateCapacityProvider", refused},
	{"DELETE", "/2025-11-30/capacity-providers/*", "DeleteCapacityProvider", refused},
	{"GET", "/2025-11-30/capacity-providers/*", "GetCapacityProvider", refused},
	{"PUT", "/2025-11-30/capacity-providers/*", "UpdateCapacityProvider", refused},
	{"GET", "/2025-11-30/capacity-providers/*/function-versions", "ListFunctionVersionsByCapacityProvider", refused},
	{"GET", "/2025-11-30/functions/*/function-scaling-config", "GetFunctionScalingConfig", refused},
	{"PUT", "/2025-11-30/functions/*/function-scaling-config", "PutFunctionScalingConfig", refused},
	{"POST", "/2025-12-01/durable-execution-callbacks/*/fail", "SendDurableExecutionCallbackFailure", refused},
	{"POST", "/2025-12-01/durable-execution-callbacks/*/heartbeat", "SendDurableExecutionCallbackHeartbeat", refused},
	{"POST", "/2025-12-01/durable-execution-callbacks/*/succeed", "SendDurableExecutionCallbackSuccess", refused},
	{"GET", "/2025-12-01/durable-executions/*", "GetDurableExecution", refused},
	{"POST", "/2025-12-01/durable-executions/*/checkpoint", "CheckpointDurableExecution", refused},
	{"GET", "/2025-12-01/durable-executions/*/history", "GetDurableExecutionHistory", refused},
	{"GET", "/2025-12-01/durable-executions/*/state", "GetDurableExecutionState", refused},
	{"POST", "/2025-12-01/durable-executions/*/stop", "StopDurableExecution", refused},
	{"GET", "/2025-12-01/functions/*/durable-executions", "ListDurableExecutionsByFunction", refused},
}

// findOperation matches a request. segment is what stood for the first "*".
func findOperation(method, path string) (op operation, segment string, ok bool) {
	if strings.Contains(path, "%") {
		// Encoded twice. MiniStack would decode it again and see another path.
		return operation{}, "", false
	}
	got := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for _, op := range operations {
		if op.method != method {
			continue
		}
		if segment, ok := matchPath(strings.Split(op.path, "/"), got); ok {
			return op, segment, true
		}
	}
	return operation{}, "", false
}

func matchPath(pattern, got []string) (segment string, ok bool) {
	if len(pattern) != len(got) {
		return "", false
	}
	for i, part := range pattern {
		switch {
		case part == "*" && got[i] != "":
			if segment == "" {
				segment = got[i]
			}
		case part != got[i]:
			return "", false
		}
	}
	return segment, true
}
