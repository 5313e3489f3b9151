// Package policies carries the gate's rules: one Rego package a rule, each with
// its metadata. docs/gate.md says how they are written.
package policies

import "embed"

// FS has the rules and, in lib, the helpers that all rules use.
//
//go:embed */*.rego
var FS embed.FS

// Packed is what gate.Pack has made of them: make gate-docs.
//
//go:embed packed.bin
var Packed string
