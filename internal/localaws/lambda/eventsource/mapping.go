package eventsource

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/eventpattern"
)

// States of a mapping (Lambda API, EventSourceMappingConfiguration).
const (
	creating  = "Creating"
	enabling  = "Enabling"
	enabled   = "Enabled"
	disabling = "Disabling"
	disabled  = "Disabled"
	updating  = "Updating"
	deleting  = "Deleting"
)

const reportBatchItemFailures = "ReportBatchItemFailures"

// Mapping is one event source mapping, as it is kept.
type Mapping struct {
	UUID           string
	EventSourceARN string
	FunctionARN    string // qualified if it was named so
	State          string
	LastModified   time.Time
	Tags           map[string]string `json:",omitempty"`
	Settings
}

// Settings are what an update can change, besides the function.
type Settings struct {
	Enabled               bool
	BatchSize             int
	WindowSeconds         int
	Filters               []string `json:",omitempty"`
	FunctionResponseTypes []string `json:",omitempty"`
	MaximumConcurrency    *int     `json:",omitempty"`
}

func (s *Settings) reportsFailures() bool {
	return slices.Contains(s.FunctionResponseTypes, reportBatchItemFailures)
}

// busy tells whether the mapping is on its way to another state.
func (m *Mapping) busy() bool { return m.State != enabled && m.State != disabled }

// answer is how the API shows a mapping.
type answer struct {
	UUID                           string
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	EventSourceArn                 string
	EventSourceMappingArn          string
	FunctionArn                    string
	LastModified                   float64 // seconds since 1970
	State                          string
	StateTransitionReason          string
	FunctionResponseTypes          []string
	FilterCriteria                 *filterCriteria `json:",omitempty"`
	ScalingConfig                  *scalingConfig  `json:",omitempty"`
}

type filterCriteria struct{ Filters []filter }

type filter struct{ Pattern string }

type scalingConfig struct {
	MaximumConcurrency *int `json:",omitempty"`
}

func (m *Mapping) answer(account string) answer {
	a := answer{
		UUID:                           m.UUID,
		BatchSize:                      m.BatchSize,
		MaximumBatchingWindowInSeconds: m.WindowSeconds,
		EventSourceArn:                 m.EventSourceARN,
		EventSourceMappingArn:          m.arn(account),
		FunctionArn:                    m.FunctionARN,
		LastModified:                   float64(m.LastModified.UnixMilli()) / 1000,
		State:                          m.State,
		StateTransitionReason:          "USER_INITIATED",
		FunctionResponseTypes:          append([]string{}, m.FunctionResponseTypes...),
	}
	if len(m.Filters) > 0 {
		a.FilterCriteria = new(filterCriteria)
		for _, pattern := range m.Filters {
			a.FilterCriteria.Filters = append(a.FilterCriteria.Filters, filter{pattern})
		}
	}
	if m.MaximumConcurrency != nil {
		a.ScalingConfig = &scalingConfig{m.MaximumConcurrency}
	}
	return a
}

// patterns compiles the filters, which were checked when they were set.
func (s *Settings) patterns() ([]bodyPattern, error) {
	var all []bodyPattern
	for _, text := range s.Filters {
		p, err := parseFilter(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// bodyPattern is what a filter asks of a message's body, which is the only key
// that filters of queues may have.
type bodyPattern struct {
	*eventpattern.Pattern
	fields bool // of a JSON body; otherwise the body is a plain string
}

func parseFilter(text string) (bodyPattern, error) {
	whole, err := eventpattern.Parse(text)
	if err != nil {
		return bodyPattern{}, err
	}
	body, fields, only := whole.Member("body")
	if !only {
		return bodyPattern{}, errors.New("filters of queues have the key \"body\" and no other")
	}
	return bodyPattern{body, fields}, nil
}

// matches compares a message's body: one that is JSON with a pattern for JSON,
// another with a pattern for strings. A mismatch of the two does not match
// (Lambda, "Using event filtering with an Amazon SQS event source").
func (p bodyPattern) matches(body string) bool {
	if p.fields {
		return isDocument(body) && p.MatchJSON([]byte(body))
	}
	return !isDocument(body) && p.MatchString(body)
}

// isDocument tells a JSON object or list from a plain string.
func isDocument(body string) bool {
	if !json.Valid([]byte(body)) {
		return false
	}
	for _, c := range body {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{' || c == '['
		}
	}
	return false
}

// load reads a state file. What was on its way has arrived by now.
func load(file string) ([]Mapping, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("event source mappings: %w", err)
	}
	var saved []Mapping
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, fmt.Errorf("event source mappings in %s: %w", file, err)
	}
	return slices.DeleteFunc(saved, func(one Mapping) bool { return one.State == deleting }), nil
}

// save writes the state file. The caller holds the lock.
func (m *Mappings) save() {
	if m.config.StateFile == "" {
		return
	}
	all := make([]Mapping, 0, len(m.mapping))
	for _, one := range m.mapping {
		all = append(all, one.Mapping)
	}
	slices.SortFunc(all, func(a, b Mapping) int { return a.LastModified.Compare(b.LastModified) })
	if err := write(m.config.StateFile, all); err != nil {
		m.config.Problem("event source mappings", "not saved: "+err.Error())
	}
}

func write(file string, all []Mapping) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	temporary := file + ".new"
	if err := os.WriteFile(temporary, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
