// Package faults makes the local stack fail on purpose, so that a test can see
// what a deployed system does then: AWS calls that are throttled, failed,
// delayed or hang, sandboxes that are killed, connections that are cut or not
// read, $disconnect that is lost. Each fault counts how often it happened.
//
// Set holds the faults, Handler is the stack's endpoint to administer them, and
// Client is for those who do.
package faults

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// Type is what goes wrong.
type Type string

// The types of faults.
const (
	// AWS is an AWS call through the stack's door.
	AWS Type = "aws"
	// SandboxKill kills sandboxes of functions: at once, or while they have a
	// request if the fault has a Count or a Probability.
	SandboxKill Type = "sandbox-kill"
	// Cut ends connections at once, without a close frame.
	Cut Type = "cut"
	// LoseDisconnect lets $disconnect integrations not be called.
	LoseDisconnect Type = "lose-disconnect"
	// SlowReader lets the client of a connection look as if it read nothing.
	SlowReader Type = "slow-reader"
)

// Kind is what becomes of an AWS call.
type Kind string

// The kinds of faults of the type AWS.
const (
	// Throttle answers with the service's own error for too many requests.
	Throttle Kind = "throttle"
	// Fail answers with the service's own internal error, status 500.
	Fail Kind = "fail"
	// Delay lets the call wait before it is served.
	Delay Kind = "delay"
	// Hang never answers.
	Hang Kind = "hang"
)

// Fault says what is to go wrong, and when.
type Fault struct {
	Type Type `json:"type"`

	// Service and Operation are the AWS call, by the names of awscall.Call. A *
	// in Operation stands for any characters; empty is every operation.
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	// Resource narrows calls of REST APIs down to what comes first in their
	// path: a connection id, a function, an API id, a bucket.
	Resource string `json:"resource,omitempty"`
	Kind     Kind   `json:"kind,omitempty"`
	// Delay is how long calls of the kind Delay wait.
	Delay Duration `json:"delay,omitempty"`

	// Function is whose sandboxes are killed; empty for all.
	Function string `json:"function,omitempty"`

	// Connection is the id of a connection, API that of an API.
	Connection string `json:"connection,omitempty"`
	API        string `json:"api,omitempty"`

	// Count is how often it happens; 0 is until the fault is removed.
	Count int `json:"count,omitempty"`
	// Probability is that with which it happens each time it could, above 0 and
	// at most 1; 0 means always. The draws are the same for the same Seed.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
}

// Listed is a fault that was added.
type Listed struct {
	ID string `json:"id"`
	Fault
	// Happened is how often it has happened: calls, killed sandboxes, cut
	// connections, lost $disconnects, writes that had to wait.
	Happened int `json:"happened"`
	// Over says that it will not happen again.
	Over bool `json:"over"`
}

// Duration is a time.Duration that JSON has as text, such as "1.5s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("a duration is written as 500ms, 1.5s or 11m: %w", err)
	}
	*d = Duration(parsed)
	return nil
}

// maxDelay is as long as no caller waits.
const maxDelay = time.Hour

// members are what the types can have beside their own name.
var members = map[Type][]string{
	AWS:            {"service", "operation", "resource", "kind", "delay", "count", "probability", "seed"},
	SandboxKill:    {"function", "count", "probability", "seed"},
	Cut:            {"connection", "api"},
	LoseDisconnect: {"connection", "api", "count", "probability", "seed"},
	SlowReader:     {"connection"},
}

// given are the members that a fault has.
func (f Fault) given() map[string]bool {
	return map[string]bool{
		"service": f.Service != "", "operation": f.Operation != "", "resource": f.Resource != "", "kind": f.Kind != "", "delay": f.Delay != 0,
		"function": f.Function != "", "connection": f.Connection != "", "api": f.API != "",
		"count": f.Count != 0, "probability": f.Probability != 0, "seed": f.Seed != 0,
	}
}

// check says what is wrong with a fault and what would be right.
func (f Fault) check() error {
	allowed, ok := members[f.Type]
	if !ok {
		return fmt.Errorf("unknown type of fault %q: the types are %s", f.Type, list(maps.Keys(members)))
	}
	given := f.given()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] && !slices.Contains(allowed, name) {
			return fmt.Errorf("a fault of the type %s has no %s: it can have %s", f.Type, name, strings.Join(allowed, ", "))
		}
	}
	switch {
	case f.Count < 0:
		return badCount(f.Count)
	case !(f.Probability >= 0 && f.Probability <= 1): // nor is it NaN
		return badProbability(f.Probability)
	case f.Seed != 0 && f.Probability == 0:
		return errors.New("a seed means nothing without a probability")
	}
	switch f.Type {
	case AWS:
		return f.checkCall()
	case Cut:
		if (f.Connection == "") == (f.API == "") {
			return errors.New("a cut needs the id of a connection, or that of an API to cut all of its connections")
		}
	case SlowReader:
		if f.Connection == "" {
			return errors.New("a slow reader needs the id of its connection")
		}
	}
	return nil
}

func badCount(n int) error {
	return fmt.Errorf("count is %d: it is how often the fault happens, 1 or more; without it, until the fault is removed", n)
}

func badProbability(p float64) error {
	return fmt.Errorf("probability is %v: it is above 0 and at most 1; without it, the fault happens each time", p)
}

func (f Fault) checkCall() error {
	if _, ok := services[f.Service]; !ok {
		return fmt.Errorf("unknown service %q: services have the names that requests are signed for, such as monitoring for CloudWatch; known are %s",
			f.Service, list(maps.Keys(services)))
	}
	switch f.Kind {
	case Throttle, Fail, Hang:
		if f.Delay != 0 {
			return fmt.Errorf("a call of the kind %s has no delay; that is for the kind %s", f.Kind, Delay)
		}
	case Delay:
		if f.Delay <= 0 || time.Duration(f.Delay) > maxDelay {
			return fmt.Errorf("the kind %s needs a delay above 0 and of at most %v, such as 500ms", Delay, maxDelay)
		}
	default:
		return fmt.Errorf("unknown kind %q: the kinds are %s, %s, %s and %s", f.Kind, Throttle, Fail, Delay, Hang)
	}
	api := awscall.Operations(f.Service)
	if f.Resource != "" && api == nil {
		return fmt.Errorf("calls of %s have no resource in their path; only those of REST APIs have", f.Service)
	}
	if strings.ContainsAny(f.Operation, `[]?\`) {
		return fmt.Errorf("operation %q: * is the only wildcard", f.Operation)
	}
	if api != nil && !slices.ContainsFunc(api, f.matchesOperation) {
		return fmt.Errorf("%s has no operation %q: operations have the names of the API, such as %s", f.Service, f.Operation, api[0])
	}
	return nil
}

func (f Fault) matchesOperation(name string) bool {
	if f.Operation == "" {
		return true
	}
	matched, _ := path.Match(f.Operation, name)
	return matched
}

// list names things in order.
func list[T ~string](things func(yield func(T) bool)) string {
	var names []string
	for thing := range things {
		names = append(names, string(thing))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
