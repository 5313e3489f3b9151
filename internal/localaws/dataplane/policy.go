package dataplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

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
		PrincipalID    any             `json:"principalId"`
		PolicyDocument json.RawMessage `json:"policyDocument"`
		Context        map[string]any  `json:"context"`
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber() // numbers reach later events and logs as they were
	if err := decoder.Decode(&result); err != nil {
		return nil, fmt.Errorf("result is not the object that an authorizer returns: %w", err)
	}
	principal, ok := result.PrincipalID.(string)
	if !ok || principal == "" {
		return nil, errors.New("result has no principalId")
	}
	for key, value := range result.Context {
		switch value.(type) {
		case string, json.Number, bool, nil:
		default:
			return nil, fmt.Errorf("context key %q is not a string, number or boolean", key)
		}
	}
	allowed, err := policyAllows(result.PolicyDocument, "execute-api:Invoke", methodARN)
	if err != nil {
		return nil, err
	}
	return &authorizerResult{principalID: principal, context: result.Context, allowed: allowed}, nil
}

// policyAllows evaluates a policy document for one action on one resource as
// IAM does: an explicit Deny wins, and without a matching Allow it is denied.
// A statement with a Condition or with NotAction/NotResource is beyond what is
// evaluated here; it is an error, never a silent pass.
func policyAllows(document json.RawMessage, action, resource string) (bool, error) {
	var policy struct {
		Statement oneOrMany[struct {
			Effect      string
			Action      oneOrMany[string]
			Resource    oneOrMany[string]
			NotAction   json.RawMessage
			NotResource json.RawMessage
			Condition   json.RawMessage
		}]
	}
	if len(document) == 0 {
		return false, errors.New("result has no policyDocument")
	}
	if err := json.Unmarshal(document, &policy); err != nil {
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
		return json.Unmarshal(data, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
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
		if wildcardMatch(pattern, value) {
			return true
		}
	}
	return false
}

// wildcardMatch matches IAM's * (any run of characters) and ? (one character).
func wildcardMatch(pattern, value string) bool {
	star, mark := -1, 0
	p, v := 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
