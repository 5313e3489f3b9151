package apigw

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// templateVariables are the $context variables of the WebSocket mapping
// template reference, besides the properties that an authorizer adds.
var templateVariables = strings.Fields(`
	apiId connectedAt connectionId domainName eventType extendedRequestId messageId requestId requestTime
	requestTimeEpoch routeKey stage status
	error.messageString error.validationErrorString
	identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.cognitoAuthenticationProvider
	identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId
	identity.sourceIp identity.user identity.userAgent identity.userArn`)

var (
	variableProperty = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

	// templateReference is $name.name or ${name.name} as Velocity reads it:
	// names may have hyphens, and a dot that no letter follows is text.
	templateReference = regexp.MustCompile(`^\$(?:\{([A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*)\}|([A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*))`)
)

// CheckTemplate tells whether RenderTemplate renders a mapping template as API
// Gateway does. That is so for text and $context variables; every directive,
// and every other reference, of the Velocity language is an error.
func CheckTemplate(template string) error {
	return scanTemplate(template, func(string) {}, func(string) {})
}

// RenderTemplate fills a template that CheckTemplate accepts. The keys of
// context are the names after "$context.", such as authorizer.principalId. A
// variable without a value renders as nothing.
func RenderTemplate(template string, context map[string]string) string {
	var rendered strings.Builder
	write := func(text string) { rendered.WriteString(text) }
	// A template that was not checked is rendered as far as it is understood.
	_ = scanTemplate(template, write, func(name string) { write(context[name]) })
	return rendered.String()
}

// scanTemplate hands out the template's text and variables in their order.
func scanTemplate(template string, text, variable func(string)) error {
	for rest := template; rest != ""; {
		at := strings.IndexAny(rest, `$#\`)
		if at < 0 {
			text(rest)
			return nil
		}
		text(rest[:at])
		rest = rest[at:]
		next := byte(0)
		if len(rest) > 1 {
			next = rest[1]
		}
		switch {
		case rest[0] == '\\' && (next == '$' || next == '#'):
			return fmt.Errorf("escapes (%s) are not supported", rest[:2])
		case rest[0] == '#' && (isLetter(next) || next == '#' || next == '*' || next == '{' || next == '[' || next == '@'):
			return fmt.Errorf("directives of Velocity (%s) are not supported", firstWord(rest))
		case rest[0] == '$' && (isLetter(next) || next == '{' || next == '!'):
			match := templateReference.FindStringSubmatch(rest)
			if match == nil {
				return fmt.Errorf("reference %s is not supported", firstWord(rest))
			}
			name, err := variableName(match[1]+match[2], rest[len(match[0]):])
			if err != nil {
				return err
			}
			variable(name)
			rest = rest[len(match[0]):]
		default:
			text(rest[:1])
			rest = rest[1:]
		}
	}
	return nil
}

// variableName checks a reference, and what follows it, and gives the name of
// the $context variable.
func variableName(reference, following string) (string, error) {
	name, ok := strings.CutPrefix(reference, "context.")
	if !ok {
		return "", fmt.Errorf("reference $%s is not supported; $context variables are", reference)
	}
	if strings.HasPrefix(following, "(") || strings.HasPrefix(following, "[") {
		return "", fmt.Errorf("methods and indexes ($%s%s) are not supported", reference, following[:1])
	}
	property, ofAuthorizer := strings.CutPrefix(name, "authorizer.")
	if !slices.Contains(templateVariables, name) && !(ofAuthorizer && variableProperty.MatchString(property)) {
		return "", fmt.Errorf("$%s is not a variable of WebSocket APIs", reference)
	}
	return name, nil
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// firstWord is enough of a construct to find it in its template.
func firstWord(s string) string {
	if end := strings.IndexAny(s[1:], " \t\r\n\"(,"); end >= 0 {
		s = s[:end+1]
	}
	return s[:min(len(s), 40)]
}
