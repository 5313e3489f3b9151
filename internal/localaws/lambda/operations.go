package lambda

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
	// served: answered here, after MiniStack has judged the caller.
	served
)

// operations is the whole API as of AWS's SDK models; awscall has the paths. A
// request that is none of these is refused: MiniStack finds its handlers by
// looser patterns than AWS.
//
// Reads of what cannot be created here pass when MiniStack's answer ("none") is
// true and tools ask for it while they look at a function.
var operations = map[string]kind{
	"InvokeAsync":                            refused,
	"ListEventSourceMappings":                served,
	"CreateEventSourceMapping":               served,
	"DeleteEventSourceMapping":               served,
	"GetEventSourceMapping":                  served,
	"UpdateEventSourceMapping":               served,
	"ListFunctions":                          passed,
	"CreateFunction":                         code,
	"DeleteFunction":                         write,
	"GetFunction":                            served,
	"ListAliases":                            passed,
	"CreateAlias":                            write,
	"DeleteAlias":                            write,
	"GetAlias":                               passed,
	"UpdateAlias":                            write,
	"UpdateFunctionCode":                     code,
	"GetFunctionConfiguration":               passed,
	"UpdateFunctionConfiguration":            write,
	"Invoke":                                 served,
	"GetPolicy":                              passed,
	"AddPermission":                          write,
	"RemovePermission":                       write,
	"ListVersionsByFunction":                 passed,
	"PublishVersion":                         write,
	"GetAccountSettings":                     passed,
	"UntagResource":                          passed,
	"ListTags":                               passed,
	"TagResource":                            passed,
	"DeleteFunctionConcurrency":              write,
	"PutFunctionConcurrency":                 write,
	"ListLayers":                             passed,
	"ListLayerVersions":                      passed,
	"PublishLayerVersion":                    refused,
	"DeleteLayerVersion":                     refused,
	"GetLayerVersion":                        passed,
	"GetLayerVersionPolicy":                  passed,
	"AddLayerVersionPermission":              refused,
	"RemoveLayerVersionPermission":           refused,
	"GetLayerVersionByArn":                   passed,
	"DeleteFunctionEventInvokeConfig":        write,
	"GetFunctionEventInvokeConfig":           passed,
	"UpdateFunctionEventInvokeConfig":        refused,
	"PutFunctionEventInvokeConfig":           write,
	"ListFunctionEventInvokeConfigs":         passed,
	"GetFunctionConcurrency":                 passed,
	"DeleteProvisionedConcurrencyConfig":     refused,
	"GetProvisionedConcurrencyConfig":        passed,
	"PutProvisionedConcurrencyConfig":        refused,
	"ListProvisionedConcurrencyConfigs":      passed,
	"ListCodeSigningConfigs":                 refused,
	"CreateCodeSigningConfig":                refused,
	"DeleteCodeSigningConfig":                refused,
	"GetCodeSigningConfig":                   refused,
	"UpdateCodeSigningConfig":                refused,
	"ListFunctionsByCodeSigningConfig":       refused,
	"DeleteFunctionCodeSigningConfig":        refused,
	"GetFunctionCodeSigningConfig":           passed,
	"PutFunctionCodeSigningConfig":           refused,
	"GetRuntimeManagementConfig":             passed,
	"PutRuntimeManagementConfig":             refused,
	"DeleteFunctionUrlConfig":                refused,
	"GetFunctionUrlConfig":                   passed,
	"CreateFunctionUrlConfig":                refused,
	"UpdateFunctionUrlConfig":                refused,
	"ListFunctionUrlConfigs":                 passed,
	"InvokeWithResponseStream":               refused,
	"GetFunctionRecursionConfig":             passed,
	"PutFunctionRecursionConfig":             write,
	"ListCapacityProviders":                  refused,
	"CreateCapacityProvider":                 refused,
	"DeleteCapacityProvider":                 refused,
	"GetCapacityProvider":                    refused,
	"UpdateCapacityProvider":                 refused,
	"ListFunctionVersionsByCapacityProvider": refused,
	"GetFunctionScalingConfig":               refused,
	"PutFunctionScalingConfig":               refused,
	"SendDurableExecutionCallbackFailure":    refused,
	"SendDurableExecutionCallbackHeartbeat":  refused,
	"SendDurableExecutionCallbackSuccess":    refused,
	"GetDurableExecution":                    refused,
	"CheckpointDurableExecution":             refused,
	"GetDurableExecutionHistory":             refused,
	"GetDurableExecutionState":               refused,
	"StopDurableExecution":                   refused,
	"ListDurableExecutionsByFunction":        refused,
}
