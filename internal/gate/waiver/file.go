package waiver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// DefaultFile is where waivers are looked for, in the planned folder.
const DefaultFile = ".portcullis/waivers.yaml"

// maxFile bounds the file: ten thousand waivers are no exceptions any more.
const maxFile = 1 << 20

// File is a waiver file as it was read.
type File struct {
	Name     string
	sum      string
	waivers  []*gate.Waiver
	problems []problem
}

// Open reads a waiver file. What is wrong inside it is no error, but a finding
// later on.
func Open(name string) (*File, error) {
	from, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }()
	body, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Read(name, body), nil
}

// Read reads the text of a waiver file.
func Read(name string, body []byte) *File {
	sum := sha256.Sum256(body)
	r := &reader{file: &File{Name: name, sum: hex.EncodeToString(sum[:])}, seen: map[[2]string]bool{}}
	if len(body) > maxFile {
		r.wrong(nil, fmt.Sprintf("the file is larger than %d KiB", maxFile>>10))
		return r.file
	}
	r.read(body)
	return r.file
}

type reader struct {
	file *File
	seen map[[2]string]bool // rules and addresses
}

func (r *reader) place(n *yaml.Node) plan.Range {
	at := plan.Range{File: strings.ReplaceAll(r.file.Name, `\`, "/"), Line: 1, Column: 1}
	if n != nil {
		at.Line, at.Column = max(n.Line, 1), max(n.Column, 1)
	}
	at.EndLine, at.EndColumn = at.Line, at.Column
	if n != nil && n.Kind == yaml.ScalarNode {
		at.EndColumn += len([]rune(n.Value))
	}
	return at
}

func (r *reader) wrong(n *yaml.Node, message string) {
	r.file.problems = append(r.file.problems, problem{rule: "malformed", message: message, place: r.place(n)})
}

var lineOf = regexp.MustCompile(`line (\d+)`)

func (r *reader) read(body []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return // nothing but comments
	} else if err != nil {
		at := &yaml.Node{}
		if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
		}
		r.wrong(at, "the file is not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		r.wrong(nil, "the file has more than one YAML document")
		return
	}
	if len(document.Content) != 1 {
		r.wrong(nil, "the file is not a mapping with version and waivers")
		return
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	if !plainTree(root, 0) {
		r.wrong(root, "the file has an anchor, an alias, a tag or more levels than waivers have")
		return
	}
	members, ok := r.members(root, "version", "waivers")
	if !ok {
		return
	}
	if version := members["version"]; version == nil || version.Value != "1" {
		r.wrong(root, "version is not 1")
		return
	}
	list := members["waivers"]
	if list == nil || list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return
	}
	if list.Kind != yaml.SequenceNode {
		r.wrong(list, "waivers is not a list")
		return
	}
	for _, item := range list.Content {
		r.waiver(item)
	}
}

// plainTree tells that there is nothing but mappings, lists and texts: an alias
// can make a small file stand for an endless one.
func plainTree(n *yaml.Node, depth int) bool {
	if depth > 4 || n.Anchor != "" || n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
		return false
	}
	for _, child := range n.Content {
		if !plainTree(child, depth+1) {
			return false
		}
	}
	return true
}

// members takes a mapping apart, which may have the named members only.
func (r *reader) members(n *yaml.Node, names ...string) (map[string]*yaml.Node, bool) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "this is not a mapping with "+strings.Join(names, ", "))
		return nil, false
	}
	members := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		known := false
		for _, name := range names {
			known = known || key.Kind == yaml.ScalarNode && key.Value == name
		}
		if !known {
			r.wrong(key, fmt.Sprintf("there is no member %q: use %s", key.Value, strings.Join(names, ", ")))
			return nil, false
		}
		if members[key.Value] != nil {
			r.wrong(key, fmt.Sprintf("%s is there twice", key.Value))
			return nil, false
		}
		members[key.Value] = n.Content[i+1]
	}
	return members, true
}

func (r *reader) waiver(n *yaml.Node) {
	members, ok := r.members(n, "rule", "address", "owner", "reason", "until")
	if !ok {
		return
	}
	texts := map[string]string{}
	for name, value := range members {
		if value.Kind != yaml.ScalarNode {
			r.wrong(value, name+" is not a text")
			return
		}
		if value.Tag != "!!null" {
			texts[name] = strings.TrimSpace(value.Value)
		}
	}
	w, problem := build(texts, true)
	if problem != "" {
		r.wrong(n, problem)
		return
	}
	w.Place = r.place(n)
	if rule := members["rule"]; rule != nil {
		w.Place = r.place(rule)
	}
	if key := [2]string{w.Rule, w.Address}; r.seen[key] {
		r.wrong(n, fmt.Sprintf("%s is waived at %s twice", w.Rule, w.Address))
		return
	} else {
		r.seen[key] = true
	}
	r.file.waivers = append(r.file.waivers, w)
}

// build makes a waiver of its members, or says what is wrong with them.
func build(texts map[string]string, addressed bool) (*gate.Waiver, string) {
	needed := []string{"rule", "address", "owner", "reason", "until"}
	for _, name := range needed {
		if texts[name] == "" && (name != "address" || addressed) {
			return nil, fmt.Sprintf("the waiver has no %s", name)
		}
	}
	if strings.ContainsAny(texts["rule"], "*, \t") {
		return nil, fmt.Sprintf("rule is %q and has to be the id of one rule", texts["rule"])
	}
	if _, err := time.Parse(time.DateOnly, texts["until"]); err != nil {
		return nil, fmt.Sprintf("until is %q and has to be a date like 2026-12-31", texts["until"])
	}
	return &gate.Waiver{Rule: texts["rule"], Address: texts["address"], Owner: texts["owner"], Reason: texts["reason"], Until: texts["until"]}, ""
}
