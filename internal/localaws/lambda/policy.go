package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/portcullis-chat/portcullis/internal/localaws/policydoc"
)

// MayInvoke tells whether the resource policy of a function lets a service
// principal invoke exactly this ARN (function, version or alias), on behalf of
// the given source. A function without a policy, or no function, is a no.
//
// It judges what AddPermission can write and treats the rest as a no: a
// statement with a condition operator or key that is not understood never
// allows, and a Deny statement that names the action denies whatever its
// conditions say.
func (r *Runner) MayInvoke(ctx context.Context, arn, principal, sourceARN, sourceAccount string) (bool, error) {
	statements, err := r.policies.of(ctx, arn)
	if err != nil || ctx.Err() != nil {
		return false, errors.Join(err, ctx.Err())
	}
	call := invokeCall{resource: arn, principal: principal, sourceARN: sourceARN, sourceAccount: sourceAccount}
	allowed := false
	for _, s := range statements {
		if !s.covers(call) {
			continue
		}
		if s.Effect != "Allow" {
			return false, nil
		}
		allowed = allowed || s.conditionsHold(call)
	}
	return allowed, nil
}

type invokeCall struct {
	resource      string
	principal     string
	sourceARN     string
	sourceAccount string
}

// policies reads resource policies from MiniStack.
type policies struct {
	client  *awslambda.Client
	account string
	cache   *cache[[]statement]
}

func newPolicies(client *awslambda.Client, account string) *policies {
	return &policies{client: client, account: account, cache: newCache[[]statement]()}
}

func (p *policies) forget(name string) { p.cache.forget(name) }

func (p *policies) of(ctx context.Context, arn string) ([]statement, error) {
	a, err := parseFunctionARN(arn)
	if err != nil || a.account != p.account {
		return nil, nil // nothing of this account, so nobody may call it
	}
	return p.cache.get(ctx, a.name, arn, func(ctx context.Context) ([]statement, error) {
		input := &awslambda.GetPolicyInput{FunctionName: &a.name}
		if a.qualifier != "" {
			input.Qualifier = &a.qualifier
		}
		out, err := p.client.GetPolicy(ctx, input, func(o *awslambda.Options) { o.Region = a.region })
		if err := notFound(err); errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read policy of %s: %w", arn, err)
		}
		var document struct{ Statement policydoc.List[statement] }
		if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &document); err != nil {
			return nil, fmt.Errorf("policy of %s: %w", arn, err)
		}
		return document.Statement, nil
	})
}

// statement is one statement of a resource policy.
type statement struct {
	Effect    string
	Principal principal
	Action    policydoc.List[string]
	Resource  policydoc.List[string]
	Condition map[string]map[string]policydoc.List[string]
}

// principal holds the service names of a Principal element. Everything else in
// it ("*", accounts, roles) never matches a service.
type principal struct{ services policydoc.List[string] }

func (p *principal) UnmarshalJSON(b []byte) error {
	var element struct{ Service policydoc.List[string] }
	if json.Unmarshal(b, &element) == nil {
		p.services = element.Service
	}
	return nil
}

// covers tells whether the statement is about this principal, action and
// resource. MiniStack returns every statement of a function for an unqualified
// ARN; a permission for an alias must not count there, so the resource decides.
func (s statement) covers(call invokeCall) bool {
	return s.Principal.services.Any(func(service string) bool { return service == call.principal }) &&
		s.Action.Any(func(action string) bool {
			return policydoc.Match(strings.ToLower(action), "lambda:invokefunction")
		}) &&
		s.Resource.Any(func(resource string) bool { return resource == call.resource })
}

func (s statement) conditionsHold(call invokeCall) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			var actual string
			switch strings.ToLower(key) {
			case "aws:sourcearn":
				actual = call.sourceARN
			case "aws:sourceaccount":
				actual = call.sourceAccount
			}
			if actual == "" || !values.Any(func(value string) bool { return conditionHolds(operator, value, actual) }) {
				return false
			}
		}
	}
	return true
}

func conditionHolds(operator, value, actual string) bool {
	switch operator {
	case "StringEquals":
		return value == actual
	case "StringLike":
		return policydoc.Match(value, actual)
	case "ArnLike", "ArnEquals":
		return policydoc.MatchARN(value, actual)
	default:
		return false
	}
}
