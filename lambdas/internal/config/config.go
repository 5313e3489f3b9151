// Package config reads the environment variables of the functions. All of a
// function's variables are read once at start; whatever is missing or
// malformed is reported together, each by its name and with what is legal, and
// the function refuses to start.
package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Reader reads variables and collects what is wrong with them.
type Reader struct {
	lookup func(string) (string, bool)
	errs   []error
}

// NewReader returns a Reader on a lookup function, which is os.LookupEnv in a
// function.
func NewReader(lookup func(string) (string, bool)) *Reader {
	return &Reader{lookup: lookup}
}

// Err returns everything that was wrong so far.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Refuse records that a variable is wrong and what is legal for it. The value
// is not repeated: a variable may have been filled with something secret.
func (r *Reader) Refuse(name, legal string) {
	r.errs = append(r.errs, fmt.Errorf("environment variable %s: want %s", name, legal))
}

// Has says whether a variable has a value.
func (r *Reader) Has(name string) bool {
	value, _ := r.lookup(name)
	return value != ""
}

// Optional reads a variable that may be missing and whose value the caller
// checks.
func (r *Reader) Optional(name string) string {
	value, _ := r.lookup(name)
	return value
}

// String reads a variable that must be set and match a pattern.
func (r *Reader) String(name string, pattern *regexp.Regexp, legal string) string {
	value, _ := r.lookup(name)
	if !pattern.MatchString(value) {
		r.Refuse(name, legal)
	}
	return value
}

// OneOf reads a variable that must have one of some values.
func (r *Reader) OneOf(name string, values ...string) string {
	value, _ := r.lookup(name)
	for _, legal := range values {
		if value == legal {
			return value
		}
	}
	r.Refuse(name, "one of "+strings.Join(values, ", "))
	return ""
}

// Bool reads a variable that must be true or false.
func (r *Reader) Bool(name string) bool {
	return r.OneOf(name, "true", "false") == "true"
}

// Int reads a whole number from least to most.
func (r *Reader) Int(name string, least, most int) int {
	value, _ := r.lookup(name)
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		r.Refuse(name, fmt.Sprintf("a whole number from %d to %d", least, most))
		return least
	}
	return n
}

// List reads a comma-separated list. The variable must be set; a value without
// any element is an empty list, an empty element is not legal.
func (r *Reader) List(name string) []string {
	value, set := r.lookup(name)
	if !set {
		r.Refuse(name, "a comma-separated list (set it to nothing for an empty one)")
		return nil
	}
	if value == "" {
		return nil
	}
	list := strings.Split(value, ",")
	for i, element := range list {
		list[i] = strings.TrimSpace(element)
		if list[i] == "" {
			r.Refuse(name, "a comma-separated list without empty elements")
			return nil
		}
	}
	return list
}

// address is the rule by which modules/auth judges oidc.jwks_uri, so that what the
// plan lets through the function takes, and nothing else.
var address = regexp.MustCompile(`^(https://(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)|http://(127(\.(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])){3}|\[::1\]|localhost))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?$`)

// URL reads an https URL without user, query and fragment. Plain http is legal
// for a loopback address only, where nobody can listen.
func (r *Reader) URL(name string) string {
	return r.String(name, address, "an https URL without user, query and fragment, with a port of at most 65535 if any (http for a loopback address only)")
}

var tableName = regexp.MustCompile(`\A[A-Za-z0-9_.-]{3,255}\z`)

// Table reads the name of a DynamoDB table.
func (r *Reader) Table(name string) string {
	return r.String(name, tableName, "the name of a DynamoDB table (3 to 255 letters, digits, _, . and -)")
}

// LogLevel reads Lambda's own variable for the level of log lines, which is
// set only when the function's logging configuration names one.
func (r *Reader) LogLevel() string {
	return r.Optional("AWS_LAMBDA_LOG_LEVEL")
}
