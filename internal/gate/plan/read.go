package plan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options say what to read and how.
type Options struct {
	// Path is a plan file, plan JSON, a folder with a configuration to plan, or
	// - for plan JSON on Stdin.
	Path string
	// Dir is the folder the plan was made in, initialised: the source lines of
	// plan JSON are read from it, and Terraform is run in it on a plan file.
	// Default: the folder of a plan file; no source lines for JSON.
	Dir string
	// SourceFile is the plan file that plan JSON was made from, as a second
	// source of lines: with it nothing has to be initialised or run.
	SourceFile string
	// Terraform is the binary that plans a folder and decodes a plan file.
	Terraform string
	Stdin     io.Reader
	// Progress is told what Terraform does, line by line. Nil tells nobody.
	Progress io.Writer
}

// Input is a plan with its sources.
type Input struct {
	Name    string // how the user called it
	Plan    *Plan
	Sources *Sources // never nil; empty where there are none
	// Once has the raw values of the plan go when they have been read, where they
	// can: it is judged a single time, and takes less memory.
	Once bool
}

// Read reads a plan in any of its forms. Each error is an *Error.
func Read(ctx context.Context, o Options) (*Input, error) {
	if o.Path == "-" {
		return fromJSON("standard input", o.Stdin, o)
	}
	info, err := os.Stat(o.Path)
	if err != nil {
		return nil, &Error{File: o.Path, Problem: "cannot be read", Remedy: "name a plan file, plan JSON or a folder", Err: bare(err)}
	}
	if info.IsDir() {
		return fromFolder(ctx, o)
	}
	file, err := os.Open(o.Path)
	if err != nil {
		return nil, &Error{File: o.Path, Problem: "cannot be read", Err: bare(err)}
	}
	defer func() { _ = file.Close() }()
	var first [4]byte
	n, err := file.ReadAt(first[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, &Error{File: o.Path, Problem: "cannot be read", Err: bare(err)}
	}
	if bytes.HasPrefix(first[:n], []byte("PK")) {
		return fromFile(ctx, o, file, info.Size())
	}
	return fromJSON(o.Path, file, o)
}

// bare takes the path from an error that is printed after the path.
func bare(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func fromJSON(name string, from io.Reader, o Options) (*Input, error) {
	buffered := bufio.NewReaderSize(from, 1<<16)
	switch first, _ := buffered.Peek(3); {
	case len(first) == 0:
		return nil, damaged(name, "is empty", nil)
	case bytes.HasPrefix(first, []byte{0xFF, 0xFE}), bytes.HasPrefix(first, []byte{0xFE, 0xFF}):
		return nil, &Error{File: name, Problem: "is UTF-16, which is what `>` of Windows PowerShell writes", Remedy: "write UTF-8: terraform show -json tfplan | Out-File -Encoding utf8 plan.json"}
	case bytes.Equal(first, []byte{0xEF, 0xBB, 0xBF}):
		if _, err := buffered.Discard(3); err != nil {
			return nil, damaged(name, "cannot be read", err)
		}
	}
	plan, err := Decode(name, buffered)
	if err != nil {
		return nil, err
	}
	input := &Input{Name: name, Plan: plan, Sources: newSources()}
	switch {
	case o.SourceFile != "":
		input.Sources, err = openSources(o.SourceFile, o.Dir)
	case o.Dir != "":
		input.Sources, err = DirSources(o.Dir, &plan.Config)
	}
	if err != nil {
		return nil, err
	}
	return input, nil
}

func openSources(name, root string) (*Sources, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, &Error{File: name, Problem: "cannot be read", Err: bare(err)}
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, &Error{File: name, Problem: "cannot be read", Err: bare(err)}
	}
	if root == "" {
		root = filepath.Dir(name)
	}
	return ZipSources(name, root, file, info.Size())
}

// fromFile reads a plan file. Its configuration is read here, its values by
// Terraform: they are in a form of Terraform's own that needs the providers'
// schemas, hence an initialised folder.
func fromFile(ctx context.Context, o Options, file io.ReaderAt, size int64) (*Input, error) {
	dir := o.Dir
	if dir == "" {
		dir = filepath.Dir(o.Path)
	}
	sources, err := ZipSources(o.Path, dir, file, size)
	if err != nil {
		return nil, err
	}
	plan, err := show(ctx, o, dir, o.Path)
	if err != nil {
		return nil, err
	}
	return &Input{Name: o.Path, Plan: plan, Sources: sources}, nil
}

// fromFolder makes a plan of a folder and reads it. The plan file holds state
// and secrets: it lies in a folder that only this user may enter, and goes.
func fromFolder(ctx context.Context, o Options) (*Input, error) {
	private, err := os.MkdirTemp("", "portcullis-gate-")
	if err != nil {
		return nil, &Error{File: o.Path, Problem: "cannot be planned", Remedy: "set TMPDIR to a folder that can be written", Err: err}
	}
	defer func() { _ = os.RemoveAll(private) }()
	file := filepath.Join(private, "tfplan")
	if err := makePlan(ctx, o, file); err != nil {
		return nil, err
	}
	sources, err := openSources(file, o.Path)
	if err != nil {
		return nil, err
	}
	plan, err := show(ctx, o, o.Path, file)
	if err != nil {
		return nil, err
	}
	return &Input{Name: o.Path, Plan: plan, Sources: sources}, nil
}

func tell(to io.Writer, format string, values ...any) {
	if to != nil {
		fmt.Fprintf(to, format+"\n", values...)
	}
}
