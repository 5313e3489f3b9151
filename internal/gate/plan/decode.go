package plan

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxJSON is the most plan JSON that is read, in bytes: ten times a plan of
// 50,000 resources.
const maxJSON = 2 << 30

// errOversized ends the reading of a stream that is too long.
var errOversized = errors.New("too long")

// bounded fails, unlike io.LimitReader, where the limit is passed: a plan that
// is cut off must not look like a truncated one.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errOversized
	}
	return n, err
}

// Decode reads the output of `terraform show -json <plan>`. Name stands in
// errors for what is read. Duplicate names, invalid UTF-8, anything after the
// document and nesting beyond 10,000 levels are errors: two readers could take
// them for two different plans.
func Decode(name string, from io.Reader) (*Plan, error) {
	return decode(name, from, maxJSON)
}

func decode(name string, from io.Reader, limit int64) (*Plan, error) {
	d := jsontext.NewDecoder(&bounded{from: from, left: limit})
	plan, err := decodeTop(name, d)
	if plan != nil {
		plan.Size = d.InputOffset()
	}
	var known *Error
	switch {
	case err == nil:
	case errors.As(err, &known):
		return nil, err
	case errors.Is(err, errOversized):
		return nil, tooLarge(name, "the plan", limit)
	default:
		return nil, damaged(name, "is not plan JSON, or is cut off or damaged", plain(err))
	}
	return plan, nil
}

// plain takes from an error of the decoder what quotes the input.
func plain(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		cause := "syntax"
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			cause = "a name stands twice in one object"
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			cause = "unexpected end"
		case strings.Contains(syntax.Error(), "depth"):
			cause = "nested too deeply"
		}
		return fmt.Errorf("%s at byte %d", cause, syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("unexpected kind of value at byte %d", semantic.ByteOffset)
	}
	return err
}

func decodeTop(name string, d *jsontext.Decoder) (*Plan, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	if token.Kind() != '{' {
		return nil, damaged(name, "is not plan JSON: it does not begin with an object", nil)
	}
	var (
		plan    Plan
		format  string
		errored bool
		seen    []string
		values  map[string]struct {
			Value any `json:"value"`
		}
	)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := token.String()
		seen = append(seen, key)
		switch key {
		case "format_version":
			err = json.UnmarshalDecode(d, &format)
		case "terraform_version":
			err = json.UnmarshalDecode(d, &plan.TerraformVersion)
		case "errored":
			err = json.UnmarshalDecode(d, &errored)
		case "resource_changes":
			err = json.UnmarshalDecode(d, &plan.Changes)
		case "configuration":
			err = json.UnmarshalDecode(d, &plan.Config)
		case "variables":
			err = json.UnmarshalDecode(d, &values)
		case "prior_state":
			plan.Documents, plan.Read, err = decodePrior(d)
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		if slices.Contains(seen, "@level") {
			return nil, logOfPlan(name)
		}
		return nil, damaged(name, "has more after the plan", nil)
	}
	if err := kind(name, seen, format, errored); err != nil {
		return nil, err
	}
	plan.Variables = map[string]any{}
	for name, given := range values {
		if declared, ok := plan.Config.Root.Variables[name]; ok && !declared.Sensitive {
			plan.Variables[name] = given.Value
		}
	}
	for _, c := range plan.Changes {
		if c.Address == "" || c.Type == "" || c.Name == "" || len(c.Values.Actions) == 0 {
			return nil, damaged(name, "has a resource without address, type, name or actions", nil)
		}
	}
	return &plan, nil
}

func logOfPlan(name string) error {
	return &Error{File: name, Problem: "is the log that `terraform plan -json` prints, not a plan", Remedy: remake}
}

// kind tells what else was given than a plan, by its members.
func kind(name string, seen []string, format string, errored bool) error {
	has := func(key string) bool { return slices.Contains(seen, key) }
	switch {
	case has("@level"):
		return logOfPlan(name)
	case has("encrypted_data"):
		return &Error{File: name, Problem: "is encrypted by OpenTofu", Remedy: "decrypt it where the key is: gate the output of `tofu show -json tfplan`"}
	case has("remote_plan_format"):
		return &Error{File: name, Problem: "only points to a plan in HCP Terraform", Remedy: "gate the output of `terraform show -json tfplan`, run where the workspace can be reached"}
	case has("values") && !has("resource_changes") && !has("planned_values"):
		return &Error{File: name, Problem: "is a state, not a plan", Remedy: "name the plan file: `terraform show -json tfplan > plan.json`"}
	case !strings.HasPrefix(format, "1."):
		return damaged(name, "is not plan JSON of format 1, which Terraform since 1.2 and OpenTofu write", nil)
	case !has("configuration"):
		return damaged(name, "has no configuration, without which an attribute left out cannot be told from one that is set", nil)
	case errored:
		return &Error{File: name, Problem: "is the plan of a run that failed", Remedy: "mend what `terraform plan` complains of; the rest of the plan is missing"}
	}
	return nil
}

// stateModule is a module of the prior state, from which only data sources are
// kept, and their values only of those that the gate looks at.
type stateModule struct {
	Address   string        `json:"address"`
	Resources documents     `json:"resources"`
	Children  []stateModule `json:"child_modules"`
}

type documents []Data

// UnmarshalJSONFrom drops each other resource as soon as it is read, so that a
// large state does not fill the memory.
func (list *documents) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
		return errors.Join(err, notA(token, '['))
	}
	for d.PeekKind() != ']' {
		var one Data
		if err := json.UnmarshalDecode(d, &one); err != nil {
			return err
		}
		if one.Mode != "data" {
			continue
		}
		if !one.document() {
			one.Values = nil
		}
		*list = append(*list, one)
	}
	_, err := d.ReadToken()
	return err
}

func notA(token jsontext.Token, want jsontext.Kind) error {
	if token.Kind() == want {
		return nil
	}
	return fmt.Errorf("want %s, have %s", want, token.Kind())
}

// document tells of a data source that the gate looks at.
func (d *Data) document() bool {
	return d.Type == "aws_iam_policy_document" || d.Type == "aws_caller_identity"
}

func decodePrior(d *jsontext.Decoder) (all []Data, read map[string][]Instance, err error) {
	var prior struct {
		Values struct {
			Root stateModule `json:"root_module"`
		} `json:"values"`
	}
	if err := json.UnmarshalDecode(d, &prior); err != nil {
		return nil, nil, err
	}
	read = map[string][]Instance{}
	var walk func(stateModule)
	walk = func(m stateModule) {
		for _, one := range m.Resources {
			one.Module = m.Address
			base := strings.TrimPrefix(m.Address+".data."+one.Type+"."+one.Name, ".")
			read[base] = append(read[base], Instance{Index: one.Index, Sensitive: one.Sensitive})
			if one.document() {
				all = append(all, one)
			}
		}
		for _, child := range m.Children {
			walk(child)
		}
	}
	walk(prior.Values.Root)
	return all, read, nil
}
