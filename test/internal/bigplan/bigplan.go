// Package bigplan makes large plans out of small ones, for tests and benchmarks
// of the gate: the small one's resources in many instances of a module.
package bigplan

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// change is what has to be known of a resource to put it into a module.
type change struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Mode    string `json:"mode"`
	Values  struct {
		After map[string]any `json:"after"`
	} `json:"change"`
}

type small struct {
	Terraform string `json:"terraform_version"`
	Planned   struct {
		Root jsontext.Value `json:"root_module"`
	} `json:"planned_values"`
	Changes []jsontext.Value `json:"resource_changes"`
	Prior   struct {
		Values struct {
			Root jsontext.Value `json:"root_module"`
		} `json:"values"`
	} `json:"prior_state"`
	Configuration struct {
		Root jsontext.Value `json:"root_module"`
	} `json:"configuration"`
}

// copied stands in texts for what is different in each copy.
const copied = "\uE000"

var addresses = regexp.MustCompile(`"(address|module_address)":"`)

// Write writes a plan as `terraform show -json` does, planned values and prior
// state too, with copies of all that a small plan has in the modules
// module.copy["<n>"]. Each copy has names and ARNs of its own, as resources of
// one account do. It returns the number of managed resources.
func Write(to io.Writer, plan []byte, copies int) (resources int, err error) {
	var base small
	if err := json.Unmarshal(plan, &base); err != nil {
		return 0, err
	}
	changes := make([]change, len(base.Changes))
	for i, raw := range base.Changes {
		if err := json.Unmarshal(raw, &changes[i]); err != nil {
			return 0, err
		}
	}
	names := naming(changes)
	for i, raw := range base.Changes {
		if base.Changes[i], err = names.mark(raw, "/change/after/"); err != nil {
			return 0, err
		}
	}
	if len(base.Prior.Values.Root) > 0 {
		if base.Prior.Values.Root, err = names.mark(base.Prior.Values.Root, "/values/"); err != nil {
			return 0, err
		}
	}
	out := bufio.NewWriterSize(to, 1<<20)
	fmt.Fprintf(out, `{"format_version":"1.2","terraform_version":%q,"planned_values":{"root_module":`, base.Terraform)
	modules(out, base.Planned.Root, copies)
	fmt.Fprint(out, `},"resource_changes":[`)
	for n := range copies {
		for i, raw := range base.Changes {
			if n+i > 0 {
				fmt.Fprint(out, ",")
			}
			if changes[i].Mode == "managed" {
				resources++
			}
			moved := within(raw, n)
			if changes[i].Module == "" {
				moved = bytes.Replace(moved, []byte(`,"mode":`), fmt.Appendf(nil, `,"module_address":%q,"mode":`, Module(n)), 1)
			}
			fmt.Fprintf(out, "%s", moved)
		}
	}
	fmt.Fprint(out, `],"prior_state":{"format_version":"1.0","values":{"root_module":`)
	modules(out, base.Prior.Values.Root, copies)
	fmt.Fprintf(out, `}},"configuration":{"root_module":{"module_calls":{"copy":{"source":"./copy","for_each_expression":{"constant_value":["0"]},"module":%s}}}}}`, base.Configuration.Root)
	return resources, out.Flush()
}

// modules writes a root module with copies of another one in it.
func modules(out *bufio.Writer, root jsontext.Value, copies int) {
	if len(root) == 0 {
		fmt.Fprint(out, "{}")
		return
	}
	fmt.Fprint(out, `{"child_modules":[`)
	for n := range copies {
		if n > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprintf(out, `{"address":%q,%s`, Module(n), within(root, n)[1:])
	}
	fmt.Fprint(out, "]}")
}

// Module is the address of a copy.
func Module(n int) string { return fmt.Sprintf(`module.copy["%d"]`, n) }

// within gives what has addresses and names those that it has in a copy.
func within(raw jsontext.Value, n int) []byte {
	return bytes.ReplaceAll(addresses.ReplaceAll(raw, fmt.Appendf(nil, `"$1":"module.copy[\"%d\"].`, n)), []byte(copied), fmt.Appendf(nil, "-%d", n))
}

// own are the names and ARNs of a plan's resources.
type own struct {
	names  map[string]bool
	within *strings.Replacer // where they are part of a text
}

func naming(changes []change) own {
	found := own{names: map[string]bool{}}
	for _, c := range changes {
		for _, attribute := range []string{"id", "arn", "name", "bucket", "function_name", "s3_bucket", "alarm_name", "user_pool_id"} {
			if text, ok := c.Values.After[attribute].(string); ok && text != "" && c.Mode == "managed" {
				found.names[text] = true
			}
		}
	}
	var parts []string
	for name := range found.names {
		if strings.HasPrefix(name, "arn:") {
			parts = append(parts, name)
			continue
		}
		for _, kind := range []string{":::", ":function:", ":role/", ":policy/", ":table/", ":alarm:"} {
			parts = append(parts, kind+name)
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, part := range parts {
		pairs = append(pairs, part, part+copied)
	}
	found.within = strings.NewReplacer(pairs...)
	return found
}

// mark marks names in the texts below a place of a document.
func (o own) mark(raw jsontext.Value, below string) (jsontext.Value, error) {
	var marked bytes.Buffer
	from, to := jsontext.NewDecoder(bytes.NewReader(raw)), jsontext.NewEncoder(&marked)
	for {
		kind, length := from.StackIndex(from.StackDepth())
		name := kind == '{' && length%2 == 0
		token, err := from.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(marked.Bytes()), nil
		}
		if err != nil {
			return nil, err
		}
		if token.Kind() == '"' && !name && strings.Contains(string(from.StackPointer()), below) {
			if text := token.String(); o.names[text] {
				token = jsontext.String(text + copied)
			} else {
				token = jsontext.String(o.within.Replace(text))
			}
		}
		if err := to.WriteToken(token); err != nil {
			return nil, err
		}
	}
}
