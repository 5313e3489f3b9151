package gate

import "github.com/portcullis-chat/portcullis/internal/gate/plan"

// Waiver is a person's word that a finding is to stand for a while.
type Waiver struct {
	Rule    string `json:"rule"`
	Address string `json:"address"` // or a pattern of addresses; of an inline one the address of its block
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Until   string `json:"until"` // the last day, in UTC: 2026-12-31
	// Inline ones stand in a comment beside the resource.
	Inline bool       `json:"inline"`
	Place  plan.Range `json:"place"`
	// Findings is how many findings of the plan it covers.
	Findings int `json:"findings"`
}

// WaiverChange is a difference between the waiver file and the one it is
// compared with.
type WaiverChange struct {
	Change string  `json:"change"` // added, changed or removed
	Before *Waiver `json:"before,omitempty"`
	After  *Waiver `json:"after,omitempty"`
}

// Waivers are those that a plan was judged with.
type Waivers struct {
	File    string    `json:"file"`   // "" if there is none
	SHA256  string    `json:"sha256"` // of the file
	InForce []*Waiver `json:"in_force"`
	// Ignored is how many inline waivers do not count by the pipeline's will.
	Ignored int `json:"ignored"`
	// Base is the file that Changes are the differences from; "" if none was
	// named.
	Base    string         `json:"base"`
	Changes []WaiverChange `json:"changes"`
}

// Baseline is what a plan's findings were compared with.
type Baseline struct {
	File  string          `json:"file"`
	Known int             `json:"known"` // findings of the plan that are in it
	Fixed []BaselineEntry `json:"fixed"` // what is in it and no longer found
}

// BaselineEntry is a finding of a baseline. Only the fingerprint is compared;
// the rest is for whoever reads the file.
type BaselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Kind        Kind   `json:"kind"`
	Address     string `json:"address"`
	Path        string `json:"path"`
}

// Excused tells of a finding that is shown but never counts, since it is waived
// or older than the baseline.
func (f *Finding) Excused() bool { return f.Waiver != nil || f.Baseline }
