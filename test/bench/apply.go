//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
)

// What the aws provider waits after a call whatever the answer, in version 5.100
// (measured): it serialises the creation of functions from files at this pace,
// and waits this long for each of a key's policy, rotation and tags.
const (
	functionWait = 5 * time.Second
	keyWait      = 4 * time.Second
)

// apply is a run of terraform apply.
type apply struct {
	Took      time.Duration
	Resources int
	Functions int
	KeyWaits  int
	Planning  time.Duration // until the first resource is begun
	CPU       cpu
}

// Waits is how long the provider waits whatever the answers: the functions need
// the key, so the one comes after the other.
func (a apply) Waits() time.Duration {
	return time.Duration(a.Functions)*functionWait + time.Duration(a.KeyWaits)*keyWait
}

// Rest is the time above those waits.
func (a apply) Rest() time.Duration { return a.Took - a.Waits() }

// Above is Rest as a part of the waits.
func (a apply) Above() float64 { return a.Rest().Seconds() / a.Waits().Seconds() }

// measureApply applies the minimal example.
func (b *bench) measureApply(ctx context.Context, r *report) error {
	host, err := packaging.Host()
	if err != nil {
		return err
	}
	example, err := tfroot.Copy(".", filepath.Join(b.work, "minimal"), "examples/minimal", map[string]any{
		"name": "portcullis-bench", "region": region, "package_dir": b.packages, "architecture": string(host), "cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL"),
	})
	if err != nil {
		return err
	}
	if err := example.Init(ctx); err != nil {
		return err
	}
	before, err := b.usage()
	if err != nil {
		return err
	}
	start := time.Now()
	log, err := example.Apply(ctx, new(map[string]any))
	if err != nil {
		return err
	}
	r.Apply.Took = time.Since(start)
	after, err := b.usage()
	if err != nil {
		return err
	}
	r.Apply.CPU = after.since(before)
	return r.Apply.read(log, start)
}

// read counts what was made in what Terraform said.
func (a *apply) read(log []byte, start time.Time) error {
	for line := range bytes.Lines(log) {
		var said struct {
			Type string
			At   time.Time `json:"@timestamp"`
			Hook struct {
				Resource struct {
					Type string `json:"resource_type"`
				}
			}
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return fmt.Errorf("terraform apply: %w", err)
		}
		if said.Type == "apply_start" && a.Planning == 0 {
			a.Planning = said.At.Sub(start)
		}
		if said.Type != "apply_complete" {
			continue
		}
		a.Resources++
		switch said.Hook.Resource.Type {
		case "aws_lambda_function":
			a.Functions++
		case "aws_kms_key":
			a.KeyWaits += 2 // its policy and its rotation
		}
	}
	return nil
}
