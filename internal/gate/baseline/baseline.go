// Package baseline lets a team begin with a configuration that has findings:
// those of today are recorded, and only new ones count. A baseline gets smaller
// as findings are fixed, and never larger.
package baseline

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/waiver"
)

// DefaultFile is where a baseline is kept unless another file is named.
const DefaultFile = ".portcullis/baseline.json"

// maxFile is some hundred thousand findings.
const maxFile = 64 << 20

// File is a baseline.
type File struct {
	Version  int                  `json:"version"`
	Findings []gate.BaselineEntry `json:"findings"`
}

// recordable tells of a finding that can be in a baseline: not what a waiver
// excuses already, nor what is wrong with waivers.
func recordable(f *gate.Finding) bool {
	return f.Waiver == nil && f.Kind != gate.Warning && !strings.HasPrefix(f.Rule, waiver.Group+"/")
}

// Record makes the baseline of a report.
func Record(r *gate.Report) *File {
	file := &File{Version: 1, Findings: []gate.BaselineEntry{}}
	for i := range r.Findings {
		if f := &r.Findings[i]; recordable(f) {
			file.Findings = append(file.Findings, gate.BaselineEntry{Fingerprint: f.Fingerprint, Rule: f.Rule, Kind: f.Kind, Address: f.Address, Path: f.Path})
		}
	}
	slices.SortFunc(file.Findings, func(a, b gate.BaselineEntry) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return file
}

// Open reads a baseline. One that cannot be read is an error: without it old
// findings would look new, and with half of it new ones old.
func Open(name string) (*File, error) {
	from, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the baseline cannot be read: %w", err)
	}
	defer func() { _ = from.Close() }()
	body, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("the baseline cannot be read: %w", err)
	}
	file := &File{}
	wrong := func(err error) (*File, error) {
		return nil, fmt.Errorf("%s is not a baseline (%w): make it again with portcullis gate baseline", name, err)
	}
	if len(body) > maxFile {
		return wrong(fmt.Errorf("it is larger than %d MiB", maxFile>>20))
	}
	if err := json.Unmarshal(body, file, json.RejectUnknownMembers(true)); err != nil {
		return wrong(err)
	}
	if file.Version != 1 {
		return wrong(fmt.Errorf("version is %d and not 1", file.Version))
	}
	seen := map[string]bool{}
	for _, entry := range file.Findings {
		if entry.Fingerprint == "" || seen[entry.Fingerprint] {
			return wrong(errors.New("a fingerprint is missing or there twice"))
		}
		seen[entry.Fingerprint] = true
	}
	return file, nil
}

// Apply marks the findings of a report that are in the baseline, and notes what
// is in it and no longer found.
func (b *File) Apply(r *gate.Report, name string) {
	old := map[string]bool{}
	for _, entry := range b.Findings {
		old[entry.Fingerprint] = true
	}
	use, found := &gate.Baseline{File: name, Fixed: []gate.BaselineEntry{}}, map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		found[f.Fingerprint] = true
		if f.Baseline = recordable(f) && old[f.Fingerprint]; f.Baseline {
			use.Known++
		}
	}
	for _, entry := range b.Findings {
		if !found[entry.Fingerprint] {
			use.Fixed = append(use.Fixed, entry)
		}
	}
	r.Baseline = use
}

// Shrink gives the baseline without what a report no longer has.
func (b *File) Shrink(r *gate.Report) *File {
	found := map[string]bool{}
	for i := range r.Findings {
		found[r.Findings[i].Fingerprint] = true
	}
	return &File{Version: 1, Findings: slices.DeleteFunc(slices.Clone(b.Findings), func(entry gate.BaselineEntry) bool { return !found[entry.Fingerprint] })}
}

// Write writes a baseline, a line for each finding, so that a review shows what
// went.
func (b *File) Write(to io.Writer) error {
	var lines bytes.Buffer
	lines.WriteString("{\n\"version\": 1,\n\"findings\": [")
	for i, entry := range b.Findings {
		body, err := json.Marshal(entry, jsontext.SpaceAfterComma(true), jsontext.SpaceAfterColon(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err
		}
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		lines.WriteString(separator + output.CleanJSON(string(body)))
	}
	lines.WriteString("\n]\n}\n")
	_, err := to.Write(lines.Bytes())
	return err
}
