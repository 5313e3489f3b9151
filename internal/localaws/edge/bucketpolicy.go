package edge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/policydoc"
)

// principal is who CloudFront is to a bucket's policy when it signs its
// requests.
const principal = "cloudfront.amazonaws.com"

// bucketPolicy is the policy of a bucket.
type bucketPolicy struct{ Statement policydoc.List[statement] }

type statement struct {
	Effect       string
	Principal    principals
	NotPrincipal *principals
	Action       policydoc.List[string]
	NotAction    policydoc.List[string]
	Resource     policydoc.List[string]
	NotResource  policydoc.List[string]
	Condition    map[string]map[string]policydoc.List[scalar]
}

func parsePolicy(document string) (bucketPolicy, error) {
	var policy bucketPolicy
	if document == "" {
		return policy, nil
	}
	err := json.Unmarshal([]byte(document), &policy)
	return policy, err
}

// read is a request that CloudFront makes in the name of a distribution.
type read struct {
	action, resource string
	// keys are the condition keys that the request has, in lower case.
	keys map[string]string
}

func newRead(action, resource, distributionARN, account string) read {
	return read{action: action, resource: resource, keys: map[string]string{
		"aws:sourcearn": distributionARN, "aws:sourceaccount": account, "aws:securetransport": "true",
		"aws:principalisawsservice": "true", "aws:principalservicename": principal, "s3:tlsversion": "1.3",
		"aws:resourceaccount": account, "s3:resourceaccount": account,
	}}
}

// absentKeys are condition keys that a request of a service does not have: those
// of users, roles, organisations and networks.
var absentKeys = []string{
	"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principaltype", "aws:userid", "aws:username",
	"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:referer", "aws:useragent",
}

// allows judges a request as IAM does: an explicit Deny wins, and without a
// matching Allow it is refused. A condition that cannot be judged here does not
// let an Allow through and does not stop a Deny.
func (p bucketPolicy) allows(r read) bool {
	allowed := false
	for _, s := range p.Statement {
		holds, known := s.conditionsHold(r)
		if !s.covers(r) {
			continue
		}
		switch s.Effect {
		case "Deny":
			if holds {
				return false
			}
		case "Allow":
			allowed = allowed || holds && known
		}
	}
	return allowed
}

func (s statement) covers(r read) bool {
	switch {
	case s.NotPrincipal != nil && s.NotPrincipal.has(principal), s.NotPrincipal == nil && !s.Principal.has(principal):
		return false
	case s.NotAction != nil && anyMatch(s.NotAction, r.action, true), s.NotAction == nil && !anyMatch(s.Action, r.action, true):
		return false
	default:
		return !(s.NotResource != nil && anyMatch(s.NotResource, r.resource, false) || s.NotResource == nil && !anyMatch(s.Resource, r.resource, false))
	}
}

func anyMatch(patterns []string, value string, fold bool) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if fold {
			return policydoc.Match(strings.ToLower(pattern), strings.ToLower(value))
		}
		return policydoc.Match(pattern, value)
	})
}

// conditionsHold tells whether all conditions hold as far as they can be judged,
// and whether all could be.
func (s statement) conditionsHold(r read) (holds, known bool) {
	known = true
	for operator, keys := range s.Condition {
		for key, values := range keys {
			h, k := r.holds(operator, strings.ToLower(key), values)
			if k && !h {
				return false, true
			}
			known = known && k
		}
	}
	return true, known
}

func (r read) holds(operator, key string, values []scalar) (holds, known bool) {
	operator = strings.TrimPrefix(strings.TrimPrefix(operator, "ForAllValues:"), "ForAnyValue:") // each key has one value
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	actual, present := r.keys[key]
	if !present && !slices.Contains(absentKeys, key) {
		return false, false
	}
	if operator == "Null" {
		return slices.ContainsFunc(values, func(v scalar) bool { return string(v) == strconv.FormatBool(!present) }), true
	}
	compare, negated := comparisons[operator], false
	if positive, ok := negations[operator]; ok {
		compare, negated = comparisons[positive], true
	}
	switch {
	case compare == nil:
		return false, false
	case !present:
		return ifExists || negated, true
	default:
		return slices.ContainsFunc(values, func(v scalar) bool { return compare(string(v), actual) }) != negated, true
	}
}

// comparisons are IAM's condition operators, by name (IAM user guide,
// reference_policies_elements_condition_operators). The policy's value comes
// first.
var comparisons = map[string]func(want, actual string) bool{
	"StringEquals":             func(want, actual string) bool { return want == actual },
	"StringEqualsIgnoreCase":   strings.EqualFold,
	"StringLike":               policydoc.Match,
	"ArnEquals":                policydoc.MatchARN,
	"ArnLike":                  policydoc.MatchARN,
	"Bool":                     strings.EqualFold,
	"NumericEquals":            numeric(func(want, actual float64) bool { return actual == want }),
	"NumericLessThan":          numeric(func(want, actual float64) bool { return actual < want }),
	"NumericLessThanEquals":    numeric(func(want, actual float64) bool { return actual <= want }),
	"NumericGreaterThan":       numeric(func(want, actual float64) bool { return actual > want }),
	"NumericGreaterThanEquals": numeric(func(want, actual float64) bool { return actual >= want }),
}

var negations = map[string]string{
	"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
	"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "NumericNotEquals": "NumericEquals",
}

func numeric(compare func(want, actual float64) bool) func(want, actual string) bool {
	return func(want, actual string) bool {
		w, errW := strconv.ParseFloat(want, 64)
		a, errA := strconv.ParseFloat(actual, 64)
		return errW == nil && errA == nil && compare(w, a)
	}
}

// principals is a Principal element.
type principals struct{ services []string }

// UnmarshalJSON reads "*" or principals by kind. "*" is everybody, also as an
// account's; of the rest only services matter here.
func (p *principals) UnmarshalJSON(b []byte) error {
	var everybody string
	if json.Unmarshal(b, &everybody) == nil {
		p.services = []string{everybody}
		return nil
	}
	var kinds map[string]policydoc.List[string]
	if err := json.Unmarshal(b, &kinds); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, name := range kinds[kind] {
			if kind == "Service" || kind == "AWS" && name == "*" {
				p.services = append(p.services, name)
			}
		}
	}
	return nil
}

func (p principals) has(service string) bool {
	return slices.Contains(p.services, service) || slices.Contains(p.services, "*")
}

// scalar is a value of a condition: a string, number or boolean.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(b []byte) error {
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	*s = scalar(fmt.Sprint(value))
	return nil
}
