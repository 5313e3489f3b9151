package dataplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/localaws/policydoc"
)

// maxPolicyResource is the length of a Resource in characters
// (developer guide, api-gateway-lambda-authorizer-output).
const maxPolicyResource = 512

// authorizerResult is what a REQUEST authorizer returns
// (developer guide, api-gateway-lambda-authorizer-output).
type authorizerResult struct {
	principalID string
	context     map[string]any
	allowed     bool
}

// parseAuthorizerResult reads an authorizer's answer and judges its policy for
// methodARN. An error means that AWS would answer 500: the result is too
// large, incomplete, or its context is not flat.
func parseAuthorizerResult(payload []byte, methodARN string) (*authorizerResult, error) {
	if len(payload) > maxAuthorizerResult {
		return nil, fmt.Errorf("result has %d bytes, the limit is %d", len(payload), maxAuthorizerResult)
	}
	var result struct {
		PrincipalID    string                    `json:"principalId"`
		PolicyDocument jsontext.Value            `json:"policyDocument"`
		Context        map[string]jsontext.Value `json:"context"`
	}
	if err := decode(payload, &result); err != nil {
		return nil, fmt.Errorf("result is not the object that an authorizer returns: %w", err)
	}
	if result.PrincipalID == "" {
		return nil, errors.New("result has no principalId")
	}
	context := make(map[string]any, len(result.Context)+1)
	for key, value := range result.Context {
		scalar, err := contextValue(value)
		if err != nil {
			return nil, fmt.Errorf("context key %q: %w", key, err)
		}
		context[key] = scalar
	}
	allowed, err := policyAllows(result.PolicyDocument, "execute-api:Invoke", methodARN)
	if err != nil {
		return nil, err
	}
	return &authorizerResult{principalID: result.PrincipalID, context: context, allowed: allowed}, nil
}

// contextValue reads a value of an authorizer's context. Numbers reach later
// events and logs as they were written.
func contextValue(value jsontext.Value) (any, error) {
	switch value.Kind() {
	case '"':
		var text string
		err := decode(value, &text)
		return text, err
	case '0':
		return json.Number(value), nil
	case 't', 'f':
		return value.Kind() == 't', nil
	default:
		return nil, errors.New("it is not a string, number or boolean")
	}
}

// policyAllows evaluates a policy document for one action on one resource as
// IAM does: an explicit Deny wins, and without a matching Allow it is denied.
// A statement with a Condition or with NotAction/NotResource is beyond what is
// evaluated here; it is an error, never a silent pass.
func policyAllows(document jsontext.Value, action, resource string) (bool, error) {
	var policy struct {
		Statement oneOrMany[struct {
			Effect      string
			Action      oneOrMany[string]
			Resource    oneOrMany[string]
			NotAction   jsontext.Value
			NotResource jsontext.Value
			Condition   jsontext.Value
		}]
	}
	if len(document) == 0 {
		return false, errors.New("result has no policyDocument")
	}
	if err := decode(document, &policy); err != nil {
		return false, fmt.Errorf("policyDocument: %w", err)
	}
	if len(policy.Statement) == 0 {
		return false, errors.New("policyDocument has no Statement")
	}
	allowed, denied := false, false
	for _, s := range policy.Statement {
		if s.NotAction != nil || s.NotResource != nil || s.Condition != nil {
			return false, errors.New("policyDocument has NotAction, NotResource or Condition, which the local stack does not evaluate")
		}
		for _, pattern := range s.Resource {
			if len(pattern) > maxPolicyResource {
				return false, fmt.Errorf("policyDocument has a Resource of %d characters, the limit is %d", len(pattern), maxPolicyResource)
			}
		}
		if !matchesAny(s.Action, action, true) || !matchesAny(s.Resource, resource, false) {
			continue
		}
		switch s.Effect {
		case "Allow":
			allowed = true
		case "Deny":
			denied = true
		default:
			return false, fmt.Errorf("policyDocument has the Effect %q; legal are Allow and Deny", s.Effect)
		}
	}
	return allowed && !denied, nil
}

// oneOrMany decodes a JSON value that may be a list or a single item.
type oneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany[T]) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		return decode(data, (*[]T)(o))
	}
	var one T
	if err := decode(data, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

func matchesAny(patterns []string, value string, ignoreCase bool) bool {
	for _, pattern := range patterns {
		if ignoreCase {
			pattern, value = strings.ToLower(pattern), strings.ToLower(value)
		}
		if policydoc.Match(pattern, value) {
			return true
		}
	}
	return false
}
