package apigw

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxTemplate is AWS's limit of a mapping template: 300 KB.
const maxTemplate = 300 << 10

func checkLength(member, value string, shortest, longest int) error {
	if n := utf8.RuneCountInString(value); n < shortest || n > longest {
		return badRequest("Invalid %s: its length must be between %d and %d characters", member, shortest, longest)
	}
	return nil
}

func checkOneOf(member, value string, legal ...string) error {
	if !slices.Contains(legal, value) {
		return badRequest("Invalid %s %q: must be one of [%s]", member, value, strings.Join(legal, ", "))
	}
	return nil
}

var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)

// checkRole refuses credentials that are not a role's, also the caller's own
// (arn:aws:iam::*:user/*).
func checkRole(member, arn string) error {
	if arn == "arn:aws:iam::*:user/*" {
		return notServed("%s %s, the caller's own credentials", member, arn)
	}
	if arn != "" && !roleARN.MatchString(arn) {
		return badRequest("Invalid %s: %s is not the ARN of an IAM role", member, arn)
	}
	return nil
}

var (
	serviceURI  = regexp.MustCompile(`^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:([a-zA-Z0-9.-]+):(?:path|action)/`)
	functionURI = regexp.MustCompile(`^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/` +
		`(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]{1,64}(?::(?:\$LATEST|[a-zA-Z0-9_-]{1,128}))?)/invocations$`)
)

// FunctionARN takes the ARN of the function, with its qualifier if it has one,
// out of the URI of a Lambda integration or authorizer:
// arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations.
func FunctionARN(uri string) (string, error) {
	match := functionURI.FindStringSubmatch(uri)
	if match == nil {
		return "", fmt.Errorf("%q is not the invocation URI of a Lambda function", uri)
	}
	return match[1], nil
}

func checkFunctionURI(uri string) error {
	_, err := FunctionARN(uri)
	if err == nil {
		return nil
	}
	if strings.Contains(uri, "stageVariables.") {
		return notServed("stage variables in the URI of a function")
	}
	if service := serviceURI.FindStringSubmatch(uri); service != nil && service[1] != "lambda" {
		return notServed("integrations with the service %s", service[1])
	}
	return badRequest("Invalid function ARN or invalid uri: %s", uri)
}

var bodyReference = regexp.MustCompile(`^(?:\$request\.body\.[A-Za-z0-9_.\[\]'"*@-]+|\$\{request\.body\.[A-Za-z0-9_.\[\]'"*@-]+\})`)

// checkBodyExpression checks a selection expression that is evaluated against
// a message: static text, \$ for a dollar sign, $request.body.<path> and
// ${request.body.<path>}, in any number.
func checkBodyExpression(member, expression string) error {
	for rest := expression; rest != ""; {
		at := strings.IndexAny(rest, `\$`)
		if at < 0 {
			return nil
		}
		rest = rest[at:]
		if rest[0] == '\\' {
			rest = rest[min(2, len(rest)):]
			continue
		}
		reference := bodyReference.FindString(rest)
		if reference == "" {
			return badRequest("Invalid %s %q: a WebSocket API selects by $request.body.<path>", member, expression)
		}
		rest = rest[len(reference):]
	}
	return nil
}

func checkTemplates(templates map[string]string) error {
	for key, template := range templates {
		if len(template) > maxTemplate {
			return badRequest("Mapping template %s must not be longer than 300 KB", key)
		}
		if err := CheckTemplate(template); err != nil {
			return notServed("mapping template %s: %v", key, err)
		}
	}
	return nil
}
