// Package bigplan makes large plans out of small ones, for tests and benchmarks
// of the gate: the small one's resources in many instances of a module.
package bigplan

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// change is what has to be known of a resource to put it into a module.
type change struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Mode    string `json:"mode"`
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

var addresses = regexp.MustCompile(`"(address|module_address)":"`)

// Write writes a plan as `terraform show -json` does, planned values and prior
// state too, with copies of all that a small plan has in the modules
// module.copy["<n>"]. It returns the number of managed resources.
func Write(to io.Writer, plan []byte, copies int) (resources int, err error) {
	var base small
	if err := json.Unmarshal(plan, &base); err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(to, 1<<20)
	fmt.Fprintf(out, `{"format_version":"1.2","terraform_version":%q,"planned_values":{"root_module":`, base.Terraform)
	modules(out, base.Planned.Root, copies)
	fmt.Fprint(out, `},"resource_changes":[`)
	changes := make([]change, len(base.Changes))
	for i, raw := range base.Changes {
		if err := json.Unmarshal(raw, &changes[i]); err != nil {
			return 0, err
		}
	}
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

// within gives what has addresses those that it has in a copy.
func within(raw jsontext.Value, n int) []byte {
	return addresses.ReplaceAll(raw, fmt.Appendf(nil, `"$1":"module.copy[\"%d\"].`, n))
}
