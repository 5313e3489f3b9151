package lambda

import (
	"fmt"
	"strings"
)

// functionARN is arn:<partition>:lambda:<region>:<account>:function:<name> with
// an optional :<qualifier>, taken apart.
type functionARN struct {
	region    string
	account   string
	name      string
	qualifier string // a version, an alias, or empty
}

func parseFunctionARN(s string) (functionARN, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 7 && len(parts) != 8 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "function" || parts[6] == "" {
		return functionARN{}, fmt.Errorf("%w: %q is not the ARN of a function", ErrNotFound, s)
	}
	a := functionARN{region: parts[3], account: parts[4], name: parts[6]}
	if len(parts) == 8 {
		a.qualifier = parts[7]
	}
	return a, nil
}

// nameOf returns the function name of what the Lambda API takes as
// FunctionName: a name, name:qualifier, a partial or a full ARN.
func nameOf(reference string) string {
	if _, rest, ok := strings.Cut(reference, ":function:"); ok {
		reference = rest
	}
	name, _, _ := strings.Cut(reference, ":")
	return name
}

// isVersion tells a version from an alias: AWS allows no alias of digits only.
func isVersion(qualifier string) bool {
	return qualifier == latest || strings.Trim(qualifier, "0123456789") == ""
}
