package lambda

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
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

func (a functionARN) String() string {
	s := "arn:aws:lambda:" + a.region + ":" + a.account + ":function:" + a.name
	if a.qualifier != "" {
		s += ":" + a.qualifier
	}
	return s
}

// reference is what the Lambda API takes as FunctionName: a name, a partial or a
// full ARN, each with or without a qualifier (Lambda API, Invoke).
var (
	reference        = regexp.MustCompile(`\A(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?\z`)
	qualifierPattern = regexp.MustCompile(`\A(?:\$LATEST|[a-zA-Z0-9-_]{1,128})\z`)
)

// resolveReference takes a FunctionName and a Qualifier, as a request in that
// Region has them, for the function they name in this account.
func (r *Runner) resolveReference(name, qualifier, region string) (functionARN, *apierr.Error) {
	m := reference.FindStringSubmatch(name)
	if m == nil {
		return functionARN{}, apierr.InvalidValue(name, "functionName", "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?")
	}
	if qualifier != "" && !qualifierPattern.MatchString(qualifier) {
		return functionARN{}, apierr.InvalidValue(qualifier, "qualifier", "Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+")
	}
	a := functionARN{region: region, account: r.config.AccountID, name: m[3], qualifier: m[4]}
	switch {
	case m[1] != "" && m[1] != region:
		return functionARN{}, apierr.NotFound(fmt.Sprintf("Functions from '%s' are not reachable in this region ('%s')", m[1], region))
	case a.qualifier != "" && qualifier != "" && a.qualifier != qualifier:
		return functionARN{}, apierr.InvalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
	case qualifier != "":
		a.qualifier = qualifier
	}
	if m[2] != "" && m[2] != a.account {
		a.account = m[2]
		return functionARN{}, apierr.NotFound("Function not found: " + a.String())
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
