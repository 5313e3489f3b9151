//go:build linux

package main

import (
	"context"

	"github.com/portcullis-chat/portcullis/test/internal/examples"
)

// examplePlan plans examples/minimal below work and gives the plan file and its
// JSON.
func examplePlan(ctx context.Context, work string) (file, shown string, err error) {
	r, err := examples.Copy(".", work, "minimal")
	if err != nil {
		return "", "", err
	}
	if err := r.Init(ctx); err != nil {
		return "", "", err
	}
	plan, err := r.Plan(ctx)
	return plan.Binary, plan.File, err
}
