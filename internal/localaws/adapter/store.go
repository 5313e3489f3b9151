package adapter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// store keeps what MiniStack loses: JSON documents by kind and key. It is on
// disk before a change counts.
type store struct {
	file string

	mu    sync.RWMutex
	kinds map[string]map[string]json.RawMessage
}

// storeVersion changes when an older file can no longer be read.
const storeVersion = 1

type storeFile struct {
	Version int                                   `json:"version"`
	Kinds   map[string]map[string]json.RawMessage `json:"kinds"`
}

// openStore restores what a file holds. A file that cannot be read is an error:
// starting empty would make Terraform see drift.
func openStore(file string) (*store, error) {
	s := &store{file: file, kinds: map[string]map[string]json.RawMessage{}}
	if file == "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("restoring the adapter's state: %w", err)
	}
	var kept storeFile
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fmt.Errorf("restoring the adapter's state: %s: %w", file, err)
	}
	if kept.Version != storeVersion {
		return nil, fmt.Errorf("restoring the adapter's state: %s: version %d, this program reads version %d", file, kept.Version, storeVersion)
	}
	if kept.Kinds != nil {
		s.kinds = kept.Kinds
	}
	return s, nil
}

// get decodes a document. It is false when there is none.
func (s *store) get(kind, key string, into any) (bool, error) {
	s.mu.RLock()
	document, ok := s.kinds[kind][key]
	s.mu.RUnlock()
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(document, into); err != nil {
		return false, fmt.Errorf("%s %s: %w", kind, key, err)
	}
	return true, nil
}

// list returns the documents of a kind by their keys.
func (s *store) list(kind string) map[string]json.RawMessage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.kinds[kind])
}

func (s *store) put(kind, key string, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return s.change(kind, func(documents map[string]json.RawMessage) { documents[key] = data })
}

func (s *store) drop(kind, key string) error {
	s.mu.RLock()
	_, ok := s.kinds[kind][key]
	s.mu.RUnlock()
	if !ok {
		return nil
	}
	return s.change(kind, func(documents map[string]json.RawMessage) { delete(documents, key) })
}

func (s *store) change(kind string, edit func(map[string]json.RawMessage)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	documents := maps.Clone(s.kinds[kind])
	if documents == nil {
		documents = map[string]json.RawMessage{}
	}
	edit(documents)
	kinds := maps.Clone(s.kinds)
	kinds[kind] = documents
	if err := s.write(kinds); err != nil {
		return fmt.Errorf("writing the adapter's state: %w", err)
	}
	s.kinds = kinds
	return nil
}

// write replaces the file in one step, so that a kill at any moment leaves
// either the old one or the new one.
func (s *store) write(kinds map[string]map[string]json.RawMessage) error {
	if s.file == "" {
		return nil
	}
	data, err := json.Marshal(storeFile{storeVersion, kinds})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(s.file), filepath.Base(s.file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // after the rename there is nothing to remove
	if _, err := file.Write(data); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), s.file)
}
