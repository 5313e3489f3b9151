package plan

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
)

// What a plan file may hold. It is unpacked in memory and never to a disk.
const (
	maxPacked  = 1 << 30   // bytes of the file
	maxSources = 256 << 20 // bytes of all .tf files together
	maxSource  = 16 << 20  // bytes of one .tf file, or of the manifest
	maxFiles   = 100_000
)

// module is one entry of the manifest of modules, which Terraform keeps in
// .terraform/modules/modules.json and in each plan file.
type module struct {
	Key string
	Dir string
}

// ZipSources reads the configuration that a plan file carries: the .tf files of
// every module, those from registries and repositories too, as they were when
// the plan was made. Root is the folder that the plan was made in, which the
// paths of positions begin with.
func ZipSources(name, root string, from io.ReaderAt, size int64) (*Sources, error) {
	if size > maxPacked {
		return nil, tooLarge(name, "the file", maxPacked)
	}
	archive, err := zip.NewReader(from, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, damaged(name, "is not a plan file, or is cut off or damaged", err)
	}
	if len(archive.File) > maxFiles {
		return nil, damaged(name, fmt.Sprintf("is not a plan file: it holds more than %d files", maxFiles), nil)
	}
	var (
		manifest []module
		sources  = newSources()
		plan     bool
		total    int64
		names    = map[string]bool{}
	)
	read := func(f *zip.File) ([]byte, error) {
		body, err := unpack(f)
		if errors.Is(err, errOversized) {
			return nil, tooLarge(name, "a file in it", maxSource)
		}
		if err != nil {
			return nil, damaged(name, "has a file that cannot be unpacked", err)
		}
		if total += int64(len(body)); total > maxSources {
			return nil, tooLarge(name, "the configuration in it", maxSources)
		}
		return body, nil
	}
	for _, f := range archive.File {
		if names[f.Name] {
			return nil, damaged(name, "holds two files of one name", nil)
		}
		names[f.Name] = true
		switch {
		case f.Name == "tfplan":
			plan = true
		case f.Name == "tfconfig/modules.json":
			body, err := read(f)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(body, &manifest); err != nil {
				return nil, damaged(name, "has a list of modules that cannot be read", plain(err))
			}
		case strings.HasPrefix(f.Name, "tfconfig/m-"):
			key, file, ok := strings.Cut(strings.TrimPrefix(f.Name, "tfconfig/m-"), "/")
			if !ok || file == "" || file == ".." || strings.ContainsAny(file, `/\`) {
				return nil, damaged(name, "holds a file outside of its modules", nil)
			}
			if suffix(file) == "" {
				continue
			}
			body, err := read(f)
			if err != nil {
				return nil, err
			}
			sources.add(key, file, body)
		}
	}
	if !plan {
		return nil, damaged(name, "is a zip without a plan in it", nil)
	}
	sources.place(root, manifest)
	return sources, nil
}

func unpack(f *zip.File) ([]byte, error) {
	if f.UncompressedSize64 > maxSource {
		return nil, errOversized
	}
	opened, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	var body bytes.Buffer
	if _, err := io.Copy(&body, &bounded{from: opened, left: maxSource}); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}
