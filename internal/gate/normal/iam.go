package normal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Policy is an IAM policy of a resource, in whatever way it is written.
type Policy struct {
	Address   string `json:"address"` // of the resource that has it
	Type      string `json:"type"`
	Attribute string `json:"attribute"` // path in the resource
	// Kind is identity (what its bearer may), trust (who may take a role) or
	// resource (who may use the resource).
	Kind string `json:"kind"`
	// State is known (all of it), partial (from policy documents of which
	// something is unknown until apply) or opaque (nothing can be read).
	State string `json:"state"`
	// Reason says why a policy is opaque.
	Reason     string      `json:"reason,omitempty"`
	Documents  []string    `json:"documents"` // data sources it is made from
	Statements []Statement `json:"statements"`
}

// Statement is a statement of a policy. Actions are in lower case, as IAM
// compares them. Lists have what is known; Unknown counts what is not.
type Statement struct {
	Sid           string           `json:"sid,omitempty"`
	Effect        string           `json:"effect"`
	Actions       []string         `json:"actions"`
	NotActions    []string         `json:"not_actions"`
	Resources     []string         `json:"resources"`
	NotResources  []string         `json:"not_resources"`
	Principals    []Principal      `json:"principals"`
	NotPrincipals []Principal      `json:"not_principals"`
	Conditions    []Condition      `json:"conditions"`
	Unknown       map[string]int   `json:"unknown"`
	Refs          map[string][]Ref `json:"refs"`
	// Templates has the elements of lists that are not wholly known, as they
	// are written, with ${} for what is not known. Empty without sources.
	Templates map[string][]string `json:"templates"`
	// At is where the statement is written: a resource or data source, and the
	// path in it.
	At Place `json:"at"`
}

// Place is an attribute of a resource.
type Place struct {
	Address string   `json:"address"`
	Path    []string `json:"path"`
}

// Principal is one kind of principal. Everybody is of type "*".
type Principal struct {
	Type        string   `json:"type"`
	Identifiers []string `json:"identifiers"`
	Unknown     int      `json:"unknown"`
	Refs        []Ref    `json:"refs"` // what they are set from, where some are unknown
}

// Condition is one condition. The variable is in lower case, as IAM compares
// it.
type Condition struct {
	Test     string   `json:"test"`
	Variable string   `json:"variable"`
	Values   []string `json:"values"`
	Unknown  int      `json:"unknown"`
	Refs     []Ref    `json:"refs"` // what the values are set from, where some are unknown
}

const (
	identity = "identity"
	trust    = "trust"
	resource = "resource"
)

// policyAttributes are the attributes that hold a policy, with the policy's
// kind.
var policyAttributes = map[string]map[string]string{
	"aws_iam_policy":                                 {"policy": identity},
	"aws_iam_role_policy":                            {"policy": identity},
	"aws_iam_user_policy":                            {"policy": identity},
	"aws_iam_group_policy":                           {"policy": identity},
	"aws_iam_role":                                   {"assume_role_policy": trust, "inline_policy.*.policy": identity},
	"aws_ssoadmin_permission_set_inline_policy":      {"inline_policy": identity},
	"aws_kms_key":                                    {"policy": resource},
	"aws_kms_external_key":                           {"policy": resource},
	"aws_kms_replica_key":                            {"policy": resource},
	"aws_kms_key_policy":                             {"policy": resource},
	"aws_sqs_queue":                                  {"policy": resource},
	"aws_sqs_queue_policy":                           {"policy": resource},
	"aws_sns_topic":                                  {"policy": resource},
	"aws_sns_topic_policy":                           {"policy": resource},
	"aws_s3_bucket":                                  {"policy": resource},
	"aws_s3_bucket_policy":                           {"policy": resource},
	"aws_s3_access_point":                            {"policy": resource},
	"aws_s3control_access_point_policy":              {"policy": resource},
	"aws_secretsmanager_secret":                      {"policy": resource},
	"aws_secretsmanager_secret_policy":               {"policy": resource},
	"aws_ssm_resource_policy":                        {"policy": resource},
	"aws_cloudwatch_log_resource_policy":             {"policy_document": resource},
	"aws_cloudwatch_log_destination_policy":          {"access_policy": resource},
	"aws_dynamodb_resource_policy":                   {"policy": resource},
	"aws_cloudwatch_event_bus_policy":                {"policy": resource},
	"aws_ecr_repository_policy":                      {"policy": resource},
	"aws_api_gateway_rest_api_policy":                {"policy": resource},
	"aws_vpc_endpoint":                               {"policy": resource},
	"aws_vpc_endpoint_policy":                        {"policy": resource},
	"aws_efs_file_system_policy":                     {"policy": resource},
	"aws_backup_vault_policy":                        {"policy": resource},
	"aws_opensearch_domain_policy":                   {"access_policies": resource},
	"aws_lambda_layer_version_permission_policy":     {"policy": resource},
	"aws_iot_policy":                                 {"policy": identity},
	"aws_ecrpublic_repository_policy":                {"policy": resource},
	"aws_glacier_vault":                              {"access_policy": resource},
	"aws_media_store_container_policy":               {"policy": resource},
	"aws_glue_resource_policy":                       {"policy": resource},
	"aws_kinesis_resource_policy":                    {"policy": resource},
	"aws_codebuild_resource_policy":                  {"policy": resource},
	"aws_acmpca_policy":                              {"policy": resource},
	"aws_s3_directory_bucket_policy":                 {"policy": resource},
	"aws_api_gateway_rest_api":                       {"policy": resource},
	"aws_sesv2_email_identity_policy":                {"policy": resource},
	"aws_ses_identity_policy":                        {"policy": resource},
	"aws_schemas_registry_policy":                    {"policy": resource},
	"aws_networkfirewall_resource_policy":            {"policy": resource},
	"aws_redshift_resource_policy":                   {"policy": resource},
	"aws_cloudsearch_domain_service_access_policy":   {"access_policy": resource},
	"aws_s3control_multi_region_access_point_policy": {"details.*.policy": resource},
}

// policies gathers the policies of all resources, by address.
func (n *normaliser) policies() {
	for _, list := range n.document.ByType {
		for _, r := range list {
			for attribute, kind := range policyAttributes[r.Type] {
				for _, steps := range places(r, attribute) {
					if p := n.policy(r, steps, kind); p != nil {
						n.document.Policies = append(n.document.Policies, p)
					}
				}
			}
		}
	}
	slices.SortFunc(n.document.Policies, func(a, b *Policy) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Attribute, b.Attribute))
	})
}

// places lists the paths of an attribute, one for each block around it; the path of
// the blocks where it is not known how many there are.
func places(r *Resource, attribute string) [][]string {
	name, inner, nested := strings.Cut(attribute, ".*.")
	if !nested {
		return [][]string{{name}}
	}
	if r.Unknown[name] != "" {
		return [][]string{{name}}
	}
	blocks, _ := r.Values[name].([]any)
	var all [][]string
	for i := range blocks {
		all = append(all, []string{name, strconv.Itoa(i), inner})
	}
	return all
}

// get gives the value at a path, or nil.
func get(value any, steps []string) any {
	for _, step := range steps {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// policy reads one policy, or gives nil where none is set.
func (n *normaliser) policy(r *Resource, steps []string, kind string) *Policy {
	p := &Policy{Address: r.Address, Type: r.Type, Attribute: path(steps), Kind: kind, Documents: []string{}, Statements: []Statement{}}
	if text, ok := get(r.Values, steps).(string); ok {
		// What is there already and nobody writes here is another resource's, as
		// it was: the plan may change it there.
		if _, set := r.Refs[p.Attribute]; text == "" || !set && kind == resource && len(r.Refs) > 0 {
			return nil
		}
		var err error
		p.State = "known"
		if p.Statements, err = parse(text); err != nil {
			p.State, p.Reason, p.Statements = "opaque", "it is no policy: "+err.Error(), []Statement{}
		}
		for i := range p.Statements {
			p.Statements[i].At = Place{Address: r.Address, Path: steps}
		}
		// Known text made from a document is written there.
		n.placeInDocuments(p, r)
		return p
	}
	refs, set := nearest(r.Refs, p.Attribute)
	switch why := r.Unknown[p.Attribute]; {
	case why == sensitive:
		p.State, p.Reason = "opaque", "it is sensitive"
		return p
	case why == "" || !set:
		return nil // not set: the service's default
	}
	p.State = "partial"
	refs = n.chosen(refs, r)
	for _, ref := range refs {
		// Behind an index that is no constant the plan names no attribute.
		if ref.Type != "aws_iam_policy_document" || ref.Mode != "data" || !slices.Contains([]string{"json", "minified_json", ""}, ref.Attribute) {
			p.opaque("it is composed of values known after apply, not by data \"aws_iam_policy_document\"")
			return p
		}
		n.include(p, ref, map[string]bool{})
	}
	if len(refs) == 0 {
		p.opaque("what it is set from cannot be seen")
	}
	return p
}

// chosen leaves out of several references those to documents that the plan has no
// instance of: Terraform takes another branch of a condition then.
func (n *normaliser) chosen(refs []Ref, r *Resource) []Ref {
	var kept []Ref
	for _, ref := range refs {
		if ref.Type != "aws_iam_policy_document" || len(n.instances(ref, r)) > 0 {
			kept = append(kept, ref)
		}
	}
	if len(kept) == 0 {
		return refs
	}
	return kept
}

func (p *Policy) opaque(reason string) {
	p.State, p.Reason = "opaque", reason
}

// placeInDocuments finds the statements of a known policy in the data source
// that the policy came from, so that findings name the statement.
func (n *normaliser) placeInDocuments(p *Policy, r *Resource) {
	refs, _ := nearest(r.Refs, p.Attribute)
	if len(refs) != 1 || refs[0].Type != "aws_iam_policy_document" || refs[0].Mode != "data" {
		return
	}
	documents := n.instances(refs[0], r)
	if len(documents) != 1 {
		return
	}
	p.Documents = append(p.Documents, documents[0].Address)
	blocks, _ := documents[0].Values["statement"].([]any)
	if len(blocks) != len(p.Statements) {
		return // merged from several
	}
	for i := range p.Statements {
		p.Statements[i].At = Place{Address: documents[0].Address, Path: []string{"statement", strconv.Itoa(i)}}
	}
}

// instances finds the resources or data sources that a reference may mean. Like
// has the reference: of those with the same keys, that with its key is meant.
func (n *normaliser) instances(ref Ref, like *Resource) []*Resource {
	var all, same []*Resource
	for _, d := range n.byBase[ref.Address] {
		if ref.Index != nil && ref.Index != d.Index {
			continue
		}
		all = append(all, d)
		if like != nil && like.Index != nil && d.Index == like.Index {
			same = append(same, d)
		}
	}
	if len(same) > 0 {
		return same
	}
	return all
}

// include adds the statements of a document, and of those it is made from.
func (n *normaliser) include(p *Policy, ref Ref, seen map[string]bool) {
	documents := n.instances(ref, n.document.index[p.Address])
	if len(documents) == 0 {
		p.opaque("the policy document it is made from is not in the plan")
	}
	for _, d := range documents {
		if seen[d.Address] {
			continue
		}
		seen[d.Address] = true
		p.Documents = append(p.Documents, d.Address)
		for _, attribute := range []string{"source_policy_documents", "override_policy_documents", "source_json", "override_json"} {
			n.merge(p, d, attribute, seen)
		}
		blocks, _ := d.Values["statement"].([]any)
		for i, block := range blocks {
			if values, ok := block.(map[string]any); ok {
				p.Statements = append(p.Statements, structured(d, i, values))
			}
		}
		if d.Unknown["statement"] != "" {
			p.opaque("how many statements it has is known after apply")
		}
	}
}

// merge adds the documents that a document is merged from: those known as text,
// and those that are data sources themselves.
func (n *normaliser) merge(p *Policy, d *Resource, attribute string, seen map[string]bool) {
	var texts []string
	switch v := d.Values[attribute].(type) {
	case string:
		texts = []string{v}
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	refs, set := nearest(d.Refs, attribute)
	hidden := hides(d, attribute)
	for _, text := range texts {
		if hidden && n.isDocument(text, refs) {
			continue // included below, with its place
		}
		statements, err := parse(text)
		if err != nil {
			p.opaque("a document it is merged from is no policy: " + err.Error())
			continue
		}
		for i := range statements {
			statements[i].At = Place{Address: d.Address, Path: []string{attribute}}
		}
		p.Statements = append(p.Statements, statements...)
	}
	if !hidden {
		return
	}
	if !set || len(refs) == 0 {
		p.opaque("what it is merged from cannot be seen")
	}
	for _, ref := range refs {
		if ref.Type == "aws_iam_policy_document" && ref.Mode == "data" {
			n.include(p, ref, seen)
		} else {
			p.opaque("it is merged from values known after apply")
		}
	}
}

// hides tells whether something of an attribute is not to be seen.
func hides(r *Resource, attribute string) bool {
	for at := range r.Unknown {
		if at == attribute || strings.HasPrefix(at, attribute+".") {
			return true
		}
	}
	return false
}

// isDocument tells whether a text is that of one of the referred documents.
func (n *normaliser) isDocument(text string, refs []Ref) bool {
	for _, ref := range refs {
		for _, d := range n.instances(ref, nil) {
			if d.Values["json"] == text || d.Values["minified_json"] == text {
				return true
			}
		}
	}
	return false
}

// structured reads a statement block of a data source.
func structured(d *Resource, number int, block map[string]any) Statement {
	base := []string{"statement", strconv.Itoa(number)}
	s := Statement{Effect: "Allow", Unknown: map[string]int{}, Refs: map[string][]Ref{}, Templates: map[string][]string{}, At: Place{Address: d.Address, Path: base}}
	if sid, ok := block["sid"].(string); ok {
		s.Sid = sid
	}
	effect, _ := block["effect"].(string)
	hidden := func(steps ...string) int {
		at, n := path(append(slices.Clone(base), steps...)), 0
		for unknown := range d.Unknown {
			if unknown == at || strings.HasPrefix(unknown, at+".") {
				n++
			}
		}
		return n
	}
	switch {
	case effect != "":
		s.Effect = effect
	case hidden("effect") > 0:
		s.Effect, s.Unknown["effect"] = "", 1
	}
	list := func(name string) []string {
		if n := hidden(name); n > 0 {
			s.Unknown[name] = n
			s.Refs[name] = append([]Ref{}, refsAt(d, base, name)...)
			s.Templates[name] = withHoles(d.Templates[path(append(slices.Clone(base), name))])
		}
		return texts(block[name])
	}
	s.Actions, s.NotActions = lower(list("actions")), lower(list("not_actions"))
	s.Resources, s.NotResources = list("resources"), list("not_resources")
	principals := func(name string) []Principal {
		all := []Principal{}
		blocks, _ := block[name].([]any)
		for i, one := range blocks {
			values, _ := one.(map[string]any)
			p := Principal{Identifiers: texts(values["identifiers"]), Unknown: hidden(name, strconv.Itoa(i), "identifiers"), Refs: []Ref{}}
			p.Type, _ = values["type"].(string)
			if p.Unknown > 0 {
				p.Refs = append(p.Refs, refsAt(d, base, name, strconv.Itoa(i), "identifiers")...)
				s.Refs[name] = append(s.Refs[name], p.Refs...)
			}
			all = append(all, everybody(p))
		}
		if len(all) == 0 && hidden(name) > 0 {
			s.Unknown[name] = 1
		}
		return all
	}
	s.Principals, s.NotPrincipals = principals("principals"), principals("not_principals")
	s.Conditions = []Condition{}
	blocks, _ := block["condition"].([]any)
	for i, one := range blocks {
		values, _ := one.(map[string]any)
		c := Condition{Values: texts(values["values"]), Unknown: hidden("condition", strconv.Itoa(i), "values")}
		c.Test, _ = values["test"].(string)
		c.Refs = []Ref{}
		if c.Unknown > 0 {
			c.Refs = append(c.Refs, refsAt(d, base, "condition", strconv.Itoa(i), "values")...)
		}
		c.Variable, _ = values["variable"].(string)
		c.Variable = strings.ToLower(c.Variable)
		s.Conditions = append(s.Conditions, c)
	}
	if n := hidden("condition"); n > 0 && len(blocks) == 0 {
		s.Unknown["conditions"] = n
	}
	return s
}

// withHoles keeps the texts that have a hole: the others are known and in the
// list itself.
func withHoles(shapes []string) []string {
	kept := []string{}
	for _, shape := range shapes {
		if strings.Contains(shape, Hole) {
			kept = append(kept, shape)
		}
	}
	return kept
}

func refsAt(d *Resource, base []string, steps ...string) []Ref {
	refs, _ := nearest(d.Refs, path(append(slices.Clone(base), steps...)))
	return refs
}

// principalTypes are the types of principals by their names in lower case.
var principalTypes = map[string]string{"aws": "AWS", "service": "Service", "federated": "Federated", "canonicaluser": "CanonicalUser"}

// everybody writes the two ways to say so as one, and types as IAM does.
func everybody(p Principal) Principal {
	p.Type = cmp.Or(principalTypes[strings.ToLower(p.Type)], p.Type)
	if p.Type == "AWS" && slices.Contains(p.Identifiers, "*") {
		p.Type = "*"
	}
	return p
}

func lower(list []string) []string {
	for i, text := range list {
		list[i] = strings.ToLower(text)
	}
	return list
}

// texts gives the strings of a string or a list. Never nil.
func texts(value any) []string {
	all := []string{}
	switch v := value.(type) {
	case string:
		all = append(all, v)
	case bool:
		all = append(all, strconv.FormatBool(v))
	case float64:
		all = append(all, strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		for _, one := range v {
			all = append(all, texts(one)...)
		}
	}
	return all
}

// parse reads a policy document in JSON, with names in any case. A name that is
// told twice is an error, as which one IAM takes is nowhere said.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func parse(text string) ([]Statement, error) {
	var given map[string]any
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return nil, fmt.Errorf("not JSON of a policy")
	}
	document, err := lowered(given)
	if err != nil {
		return nil, err
	}
	var blocks []any
	switch v := document["statement"].(type) {
	case []any:
		blocks = v
	case map[string]any:
		blocks = []any{v}
	default:
		return nil, fmt.Errorf("it has no statements")
	}
	all := []Statement{}
	for _, block := range blocks {
		given, ok := block.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("a statement is no object")
		}
		values, err := lowered(given)
		if err != nil {
			return nil, err
		}
		s := Statement{
			Actions: lower(texts(values["action"])), NotActions: lower(texts(values["notaction"])),
			Resources: texts(values["resource"]), NotResources: texts(values["notresource"]),
			Principals: principals(values["principal"]), NotPrincipals: principals(values["notprincipal"]),
			Conditions: conditions(values["condition"]), Unknown: map[string]int{}, Refs: map[string][]Ref{}, Templates: map[string][]string{},
		}
		s.Sid, _ = values["sid"].(string)
		s.Effect, _ = values["effect"].(string)
		all = append(all, s)
	}
	return all, nil
}

// lowered has the members of an object by their names in lower case.
func lowered(given map[string]any) (map[string]any, error) {
	values := map[string]any{}
	for name, value := range given {
		name = strings.ToLower(name)
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("it says %s twice", name)
		}
		values[name] = value
	}
	return values, nil
}

func principals(value any) []Principal {
	all := []Principal{}
	switch v := value.(type) {
	case string:
		all = append(all, Principal{Type: v, Identifiers: []string{v}, Refs: []Ref{}})
	case map[string]any:
		for _, kind := range sorted(v) {
			all = append(all, everybody(Principal{Type: kind, Identifiers: texts(v[kind]), Refs: []Ref{}}))
		}
	}
	return all
}

func conditions(value any) []Condition {
	all := []Condition{}
	tests, _ := value.(map[string]any)
	for _, test := range sorted(tests) {
		variables, _ := tests[test].(map[string]any)
		for _, variable := range sorted(variables) {
			all = append(all, Condition{Test: test, Variable: strings.ToLower(variable), Values: texts(variables[variable]), Refs: []Ref{}})
		}
	}
	return all
}

func sorted(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
