//go:build linux

package main

import (
	"context"
	"runtime"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"golang.org/x/sync/errgroup"
)

// all evaluates queries beside each other, as the gate does.
func all(ctx context.Context, queries []rego.PreparedEvalQuery, input ast.Value) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, query := range queries {
		group.Go(func() error {
			_, err := query.Eval(ctx, rego.EvalParsedInput(input))
			return err
		})
	}
	return group.Wait()
}
