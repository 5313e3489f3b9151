// Package scaffold writes what a team begins with: a waiver file, a rule of its
// own with tests, and jobs for CI.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed all:start
var start embed.FS

// folder is where everything is written.
const folder = ".portcullis"

// Write writes the start into .portcullis of a folder and gives the names of
// the files. If one of them is there already nothing is written.
func Write(dir string) ([]string, error) {
	var names []string
	bodies := map[string][]byte{}
	err := fs.WalkDir(start, "start", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := start.ReadFile(name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, folder, filepath.FromSlash(strings.TrimPrefix(name, "start/")))
		if _, err := os.Lstat(to); err == nil {
			return fmt.Errorf("%s is there already: nothing was written", to)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		names, bodies[to] = append(names, to), body
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return nil, err
		}
		if err := create(name, bodies[name]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// create writes a file that must not be there, so that one that somebody else
// writes at this moment is not lost either.
func create(name string, body []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the user names the folder
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	return errors.Join(err, file.Close())
}
