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

// BodyPath is a path into a message that the data plane can follow: names with
// indexes, separated by dots.
const BodyPath = `[A-Za-z0-9_-]+(?:\[[0-9]+\])*(?:\.[A-Za-z0-9_-]+(?:\[[0-9]+\])*)*`

var (
	bodyReference = regexp.MustCompile(`^(?:\$request\.body\.` + BodyPath + `|\$\{request\.body\.` + BodyPath + `\})`)

	// beyondBodyPath is what of JSONPath BodyPath has not: filters, wildcards
	// and quoted names.
	beyondBodyPath = regexp.MustCompile(`^(?:\$request\.body[.\[]|\$\{request\.body[.\[])[A-Za-z0-9_.\[\]-]*['"*@?(]`)
)

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
		if beyondBodyPath.MatchString(rest) || reference != "" && strings.HasPrefix(rest[len(reference):], "[") {
			return notServed("%s %q: paths of other than names and indexes", member, expression)
		}
		if reference == "" {
			return badRequest("Invalid %s %q: a WebSocket API selects by $request.body.<path>", member, expression)
		}
		rest = rest[len(reference):]
	}
	return nil
}

// checkStaticExpression checks a selection expression of which only the form
// without variables is served.
func checkStaticExpression(member, expression string) error {
	if err := checkBodyExpression(member, expression); err != nil {
		return err
	}
	if strings.Contains(strings.ReplaceAll(expression, `\$`, ""), "$") {
		return notServed("%s %q: variables in it", member, expression)
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
