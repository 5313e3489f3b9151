package normal

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

var update = flag.Bool("update", false, "write the golden documents anew")

const shapes = "testdata/shapes"

// input reads the plan of testdata/shapes (`make gate-fixtures`), edited.
func input(t *testing.T, dir string, edits ...string) *plan.Input {
	t.Helper()
	body, err := os.ReadFile(shapes + "/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the plan has no %s", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(text), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func document(t *testing.T, dir string, edits ...string) *Document {
	t.Helper()
	d, err := New(input(t, dir, edits...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestARealPlanGivesTheGoldenDocument(t *testing.T) {
	for name, dir := range map[string]string{"with sources": shapes, "plan alone": ""} {
		t.Run(name, func(t *testing.T) {
			golden := "testdata/" + strings.ReplaceAll(name, " ", "-") + ".golden.json"
			got := encode(t, document(t, dir))
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("the document is another; look at `git diff` after `go test ./internal/gate/normal -update`")
			}
		})
	}
}

func find(t *testing.T, d *Document, address string) *Resource {
	t.Helper()
	r := d.ByAddress(address)
	if r == nil {
		t.Fatalf("no %s", address)
	}
	return r
}

// from gives what an attribute is set from, in short.
func from(r *Resource, at string) string {
	refs, ok := r.Refs[at]
	if !ok {
		return "not set"
	}
	var all []string
	for _, ref := range refs {
		all = append(all, strings.Trim(ref.Address+" "+ref.Attribute, " "))
	}
	return strings.Join(all, ", ")
}

func TestReferencesAreFollowedThroughModules(t *testing.T) {
	const key = "kms_master_key_id"
	for _, c := range []struct{ address, attribute, sources, alone string }{
		{"aws_sqs_queue.local", key, "aws_kms_key.main arn", "local.key"},
		{"aws_sqs_queue.output", key, `module.child["x.y"].module.grand.aws_kms_key.inner arn`, `module.child["x.y"].module.grand.aws_kms_key.inner arn`},
		{`aws_sqs_queue.each["a.b"]`, key, "aws_kms_key.many arn", "aws_kms_key.many arn"},
		{`aws_sqs_queue.mapped["first.one"]`, key, "aws_kms_key.main arn", "local.queues"},
		{`aws_sqs_queue.mapped["second[0]"]`, key, "aws_sns_topic.other arn", "local.queues"},
		{"aws_sqs_queue.absent", key, "not set", "not set"},
		{`module.child["z]"].module.grand.aws_sqs_queue.deep`, key, "aws_kms_key.main arn", "aws_sns_topic.other arn, local.key, local.names"},
		{"aws_dynamodb_table.dynamic", "server_side_encryption.0.kms_key_arn", "aws_kms_key.main arn", ""},
		{"aws_dynamodb_table.dynamic", "point_in_time_recovery", "not set", "not set"},
		{"aws_dynamodb_table.dynamic", "billing_mode", "", ""},
	} {
		if got := from(find(t, document(t, shapes), c.address), c.attribute); got != c.sources {
			t.Errorf("%s %s with sources: %q, want %q", c.address, c.attribute, got, c.sources)
		}
		if got := from(find(t, document(t, ""), c.address), c.attribute); got != c.alone {
			t.Errorf("%s %s from the plan alone: %q, want %q", c.address, c.attribute, got, c.alone)
		}
	}
}

func TestSensitiveValuesNeverGetIntoTheDocument(t *testing.T) {
	d := document(t, shapes)
	if text := string(encode(t, d)); strings.Contains(text, "correct-horse") {
		t.Error("the password is in the document")
	}
	r := find(t, d, `module.child["x.y"].aws_lambda_function.this`)
	if r.Unknown["environment.0.variables.PASSWORD"] != sensitive || get(r.Values, []string{"environment", "0", "variables", "NAME"}) != "one" {
		t.Errorf("%v, %v", r.Unknown, r.Values["environment"])
	}
}

func TestWhatGoesIsOutAndWhatStaysIsIn(t *testing.T) {
	const whole = `"address":"aws_sqs_queue.absent","mode":"managed","type":"aws_sqs_queue","name":"absent","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["create"]`
	for _, c := range []struct {
		name, replacement string
		in                bool
	}{
		{"delete", strings.Replace(whole, "create", "delete", 1), false},
		{"forget", strings.Replace(whole, "create", "forget", 1), false},
		{"deposed", strings.Replace(whole, `"mode"`, `"deposed":"ab","mode"`, 1), false},
		{"no-op", strings.Replace(whole, "create", "no-op", 1), true},
		{"replace", strings.Replace(whole, `"create"`, `"delete","create"`, 1), true},
		{"create before delete", strings.Replace(whole, `"create"`, `"create","delete"`, 1), true},
		{"moved", strings.Replace(whole, `"mode"`, `"previous_address":"aws_sqs_queue.old","mode"`, 1), true},
		{"import", strings.Replace(whole, `"actions"`, `"importing":{"id":"x"},"actions"`, 1), true},
	} {
		r := document(t, shapes, whole, c.replacement).ByAddress("aws_sqs_queue.absent")
		if (r != nil) != c.in {
			t.Errorf("%s: %v", c.name, r)
			continue
		}
		if r != nil && (r.Imported != (c.name == "import") || (r.Previous != "") != (c.name == "moved")) {
			t.Errorf("%s: imported %v, previous %q", c.name, r.Imported, r.Previous)
		}
	}
}

func TestBadAddressesAreErrors(t *testing.T) {
	for _, edits := range [][]string{
		{`"address":"aws_sqs_queue.absent"`, `"address":"aws_sqs_queue.local"`},
		{`"module_address":"module.child[\"x.y\"]"`, `"module_address":"module.child[\"x.y"`},
		{`"module_address":"module.child[\"x.y\"]"`, `"module_address":"child"`},
	} {
		if _, err := New(input(t, "", edits...), nil); err == nil {
			t.Errorf("%v passes", edits)
		}
	}
}

func TestCirclesOfReferencesEnd(t *testing.T) {
	in := input(t, "")
	child := in.Plan.Config.Root.Calls["child"]
	child.Module.Outputs["key"] = plan.Output{Expression: plan.Expression{References: []string{"var.settings", "module.grand.key"}}}
	child.Expressions["settings"] = []byte(`{"references":["module.child.key","each.value"]}`)
	child.ForEach.References = []string{"each.key", "module.child.key"}
	in.Plan.Config.Root.Calls["child"] = child
	d, err := New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := from(find(t, d, `module.child["x.y"].module.grand.aws_sqs_queue.deep`), "kms_master_key_id"); !strings.Contains(got, "module.grand.aws_kms_key.inner") {
		t.Error(got)
	}
}

func TestPoliciesOfEverySpellingHaveOneForm(t *testing.T) {
	structuredForm, err := parse(`{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Deny","Principal":{"AWS":"*","Service":["a","b"]},"NotAction":["S3:Get*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sid":"S","effect":"Deny","actions":[],"not_actions":["s3:get*"],"resources":["*"],"not_resources":[],"principals":[{"type":"*","identifiers":["*"],"unknown":0,"refs":[]},{"type":"Service","identifiers":["a","b"],"unknown":0,"refs":[]}],"not_principals":[],"conditions":[{"test":"Bool","variable":"aws:securetransport","values":["false"],"unknown":0,"refs":[]}],"unknown":{},"refs":{},"templates":{},"at":{"address":"","path":null}}`
	got, err := json.Marshal(structuredForm[0])
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	all, err := parse(`{"statement":{"effect":"Allow","principal":"*"}}`)
	if err != nil || len(all) != 1 || all[0].Effect != "Allow" || all[0].Principals[0].Type != "*" {
		t.Errorf("one statement in lower case: %v, %v", all, err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"Statement":1}`, `{"Statement":[1]}`, `{"Statement":[],"Statement":[]}`, `{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}`} {
		if all, err := parse(bad); err == nil {
			t.Errorf("%s is read as %v", bad, all)
		}
	}
}

func policyOf(t *testing.T, d *Document, address, attribute string) *Policy {
	t.Helper()
	for _, p := range d.Policies {
		if p.Address == address && p.Attribute == attribute {
			return p
		}
	}
	t.Fatalf("no policy %s of %s", attribute, address)
	return nil
}

func TestPoliciesAreReadFromDocumentsKnownAndDeferred(t *testing.T) {
	d := document(t, shapes)
	if p := policyOf(t, d, "aws_iam_role.known", "assume_role_policy"); p.State != "known" || p.Kind != trust || p.Statements[0].At.Address != "data.aws_iam_policy_document.known" {
		t.Errorf("known: %+v", p)
	}
	p := policyOf(t, d, "aws_iam_role_policy.merged", "policy")
	var actions []string
	for _, s := range p.Statements {
		actions = append(actions, s.Actions...)
	}
	if p.State != "partial" || strings.Join(actions, " ") != "kms:decrypt s3:* sqs:*" {
		t.Errorf("merged: %s, %v", p.State, actions)
	}
	last := p.Statements[2]
	if last.Unknown["resources"] != 1 || last.Refs["resources"][0].Address != "aws_sqs_queue.local" || last.Conditions[0].Unknown != 1 || last.Conditions[0].Variable != "aws:sourcearn" {
		t.Errorf("the deferred statement: %+v", last)
	}
	if p := policyOf(t, d, "aws_iam_role_policy.opaque", "policy"); p.State != "opaque" || len(p.Statements) != 0 {
		t.Errorf("opaque: %+v", p)
	}
	if p := policyOf(t, d, "aws_iam_role_policy.written", "policy"); p.State != "known" || p.Statements[0].NotResources[0] != "a" {
		t.Errorf("written: %+v", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Statement":[{"Principal":{"AWS":["*"]},"Condition":{"a":{"b":["c"]}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if all, err := parse(text); err == nil && all == nil {
			t.Fatal("neither statements nor an error")
		}
	})
}

func FuzzNew(f *testing.F) {
	body, err := os.ReadFile(shapes + "/plan.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"format_version":"1.2","configuration":{"root_module":{"resources":[{"mode":"managed","type":"a","name":"b","expressions":{"x":{"references":["var","local","module.","data.a","each","a[","a.b[0]","a.b[\"c\"].d"]}}}]}},"resource_changes":[{"address":"a.b","mode":"managed","type":"a","name":"b","change":{"actions":["create"],"after":{"y":[null]},"after_unknown":{"x":true},"after_sensitive":{"y":[true,true],"z":true}}}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		in, err := plan.Read(context.Background(), plan.Options{Path: "-", Stdin: bytes.NewReader(body)})
		if err != nil {
			return
		}
		_, _ = New(in, nil)
	})
}

func TestTemplatesShowWhatIsWrittenInUnknownTexts(t *testing.T) {
	in := input(t, shapes)
	d, err := New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ address, at, want string }{
		{"aws_sqs_queue_policy.shape[\"$connect\"]", "queue_url", "${}"},
		{"aws_sqs_queue_policy.shape[\"$connect\"]", "policy", "${}/prod/$connect/x"},
		{`module.child["x.y"].module.grand.aws_sns_topic.shape`, "display_name", "prod/${}"},
		{"aws_sqs_queue.local", "kms_master_key_id", "${}"},
	} {
		if got := find(t, d, c.address).Templates[c.at]; len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %s: %q, want %q", c.address, c.at, got, c.want)
		}
	}
	last := policyOf(t, d, "aws_iam_role_policy.merged", "policy").Statements[2]
	if got := last.Templates["resources"]; len(got) != 1 || got[0] != "${}" {
		t.Errorf("resources of a statement: %q", got)
	}
	if got := find(t, document(t, ""), "aws_sqs_queue.local").Templates; len(got) != 0 {
		t.Errorf("without sources: %v", got)
	}
}

// The schema is OPA's to check: rules may be compiled against it too.
func TestDocumentsAreAsTheSchemaSays(t *testing.T) {
	schema, err := os.ReadFile("../../../docs/gate-input.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	matches := func(document string) []any {
		results, err := rego.New(rego.Query("x := json.match_schema(input.document, input.schema)"),
			rego.Input(map[string]any{"document": document, "schema": string(schema)}), rego.StrictBuiltinErrors(true)).Eval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return results[0].Bindings["x"].([]any)
	}
	for _, dir := range []string{shapes, ""} {
		text := string(encode(t, document(t, dir)))
		if got := matches(text); got[0] != true {
			t.Errorf("%v", got[1])
		}
		if got := matches(strings.Replace(text, `"base":`, `"other":`, 1)); got[0] != false {
			t.Error("a document with another member is as the schema says")
		}
	}
}

func TestNumbersOfBlocksMeanNothingBesideDynamicOnes(t *testing.T) {
	const body = `{"format_version":"1.2","configuration":{"root_module":{"resources":[
  {"mode":"managed","type":"t_t","name":"n","expressions":{"b":[{"c":{"references":["t_u.x.id","t_u.x"]}}]}},
  {"mode":"managed","type":"t_u","name":"x","expressions":{}}]}},
 "resource_changes":[{"address":"t_t.n","mode":"managed","type":"t_t","name":"n","change":{"actions":["create"],"after":{"b":[{},{}]},"after_unknown":{"b":[{"c":true},{"c":true}]}}}]}`
	for planned, want := range map[string]string{
		`"after":{"b":[{},{}]}`: "", // one of them is of a dynamic block: nobody knows which
		`"after":{"b":[{}]}`:    "t_u.x id",
	} {
		in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(strings.Replace(body, `"after":{"b":[{},{}]}`, planned, 1))})
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		refs, set := nearest(find(t, d, "t_t.n").Refs, "b.0.c")
		if got := from(&Resource{Refs: map[string][]Ref{"x": refs}}, "x"); !set || got != want {
			t.Errorf("%s: set from %q, want %q", planned, got, want)
		}
	}
}

func TestStatementsOfSeveralDynamicBlocksAreToldApart(t *testing.T) {
	d := document(t, shapes)
	p := policyOf(t, d, "aws_iam_role_policy.blocks", "policy")
	var got []string
	for _, s := range p.Statements {
		place, _ := d.Place(find(t, d, s.At.Address), append(s.At.Path, "resources"))
		got = append(got, fmt.Sprintf("%s %s %v line %d", s.Sid, from(&Resource{Refs: s.Refs}, "resources"), s.Templates["resources"], place.Line))
	}
	body, err := os.ReadFile(shapes + "/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	line := func(text string) int {
		before, _, ok := strings.Cut(string(body), text)
		if !ok {
			t.Fatalf("the source has no %s", text)
		}
		return strings.Count(before, "\n") + 1
	}
	elements := line("resources = statement.value.resources")
	want := []string{
		fmt.Sprintf("Own aws_sqs_queue.local arn [${}] line %d", line("resources = [aws_sqs_queue.local.arn]")),
		fmt.Sprintf("Topic aws_sns_topic.other arn [${}] line %d", line("resources = [topic.value.arn]")),
		fmt.Sprintf("Connections aws_sns_topic.other arn [${}/prod/POST/@connections/*] line %d", elements),
		fmt.Sprintf("Key aws_kms_key.main arn [${}] line %d", elements),
		fmt.Sprintf("Queue aws_kms_key.main arn [${}] line %d", elements),
		fmt.Sprintf("Queue aws_sns_topic.other arn [${}] line %d", elements),
	}
	if p.State != "partial" || !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", p.State, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c := p.Statements[3].Conditions; len(c) != 1 || c[0].Variable != "kms:viaservice" || c[0].Values[0] != "sqs.other.amazonaws.com" {
		t.Errorf("the condition of a block in a block: %+v", c)
	}
}

// The blocks z and a of the source are a and z in the plan.
func TestBlocksOfASetAreFoundByTheirConstants(t *testing.T) {
	d := document(t, shapes)
	r := find(t, d, "aws_cloudwatch_metric_alarm.set")
	for number, want := range map[string]string{"a": "aws_sns_topic.other id", "z": "aws_kms_key.main id"} {
		for i := range 2 {
			at := []string{"metric_query", strconv.Itoa(i)}
			if get(r.Values, append(at, "id")) == number {
				if got := from(r, path(append(at, "account_id"))); got != want {
					t.Errorf("the block %s is set from %s, want %s", number, got, want)
				}
			}
		}
	}
	alone := find(t, document(t, ""), "aws_cloudwatch_metric_alarm.set")
	if got := from(alone, "metric_query.0.account_id"); got != "aws_kms_key.main id, aws_sns_topic.other id" {
		t.Errorf("without sources: %s", got)
	}
}

// sourced makes a document of one resource t_t.n with a source.
func sourced(t *testing.T, source, expressions, after, unknown string) *Resource {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/main.tf", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"format_version":"1.2","variables":{"none":{"value":null},"some":{"value":{}}},"configuration":{"root_module":{"variables":{"none":{},"some":{}},"resources":[
  {"mode":"managed","type":"t_t","name":"n","expressions":%s},{"mode":"managed","type":"t_t","name":"later"},{"mode":"managed","type":"t_u","name":"x"},{"mode":"managed","type":"t_u","name":"y"}]}},
 "resource_changes":[{"address":"t_t.n","mode":"managed","type":"t_t","name":"n","change":{"actions":["create"],"after":%s,"after_unknown":%s}},
  {"address":"t_t.later","mode":"managed","type":"t_t","name":"later","change":{"actions":["create"],"after":{},"after_unknown":{"out":true}}}]}`, expressions, after, unknown)
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(body), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return find(t, d, "t_t.n")
}

func TestExpressionsAreFollowedToWhatTheyAreMadeFrom(t *testing.T) {
	const locals = `locals {
  a = [local.b, local.b]
  b = [local.a, local.a]
  map = { x = t_u.x.id, "y.z" = { id = t_u.y.id } }
  list = [{ id = t_u.x.id }, { id = t_u.y.id }]
  name = "x"
}
`
	for expr, want := range map[string]string{
		`t_u.x.ok ? t_u.y.id : null`:                        "t_u.y id",
		`local.map.x`:                                       "t_u.x id",
		`local.map["y.z"].id`:                               "t_u.y id",
		`local.map[local.name]`:                             "t_u.x id",
		`local.map[t_u.x.id]`:                               "t_u.x id, t_u.y id",
		`local.map.none`:                                    "",
		`local.list[1].id`:                                  "t_u.y id",
		`local.list[*].id`:                                  "t_u.x id, t_u.y id",
		`one(local.list[*].id)`:                             "t_u.x id, t_u.y id",
		`[for i in local.list : i.id][0]`:                   "t_u.x id, t_u.y id",
		`{ for k, v in local.map : k => v }["x"]`:           "t_u.x id",
		`merge(local.map, { x = t_u.y.id }).x`:              "t_u.x id, t_u.y id",
		`try(t_u.x.id, "")`:                                 "t_u.x id",
		`lookup(local.map, "x", t_u.y.id)`:                  "t_u.x id, t_u.y id",
		`element(concat([t_u.x.id], [t_u.y.id]), 0)`:        "t_u.x id, t_u.y id",
		`flatten([[t_u.x.id], [t_u.y.id]])[0]`:              "t_u.x id, t_u.y id",
		`join("/", [t_u.x.id, "a"])`:                        "t_u.x id",
		`"a"`:                                               "",
		`local.a[0]`:                                        "too many expressions",
		`local.nowhere`:                                     "local.nowhere",
		`module.none.out`:                                   "module.none",
		`data.t_d.d["k.k"].id`:                              "data.t_d.d id",
		`[for i in [t_u.x] : { id = i.id }][0].id`:          "t_u.x id",
		`{ for i in local.list : i.id => i... }["x"][0].id`: "t_u.x id, t_u.y id",
	} {
		r := sourced(t, locals+"resource \"t_t\" \"n\" {\n  a = "+expr+"\n}\n", "{}", "{}", `{"a":true}`)
		if got := from(r, "a"); got != want {
			t.Errorf("%s is made from %q, want %q", expr, got, want)
		}
	}
}

func TestWhatIsNullIsNotSet(t *testing.T) {
	const locals = "variable \"none\" {\n  default = null\n}\n\nvariable \"some\" {\n  default = {}\n}\n\nlocals {\n  none = var.none\n}\n"
	for expr, want := range map[string]string{
		"null":                                "not set",
		"var.none":                            "not set",
		"local.none":                          "not set",
		"var.some.of.it":                      "not set",
		"var.none ? null : local.none":        "not set",
		"coalesce(var.none, t_u.x.id)":        "t_u.x id",
		"var.none ? null : t_u.x.id":          "t_u.x id",
		"t_u.x.id ? null : t_u.y.id":          "t_u.y id",
		"t_t.later.out ? t_u.x.id : t_u.y.id": "t_u.x id, t_u.y id",
	} {
		source := locals + "resource \"t_t\" \"n\" {\n  a = " + expr + "\n}\n"
		r := sourced(t, source, "{}", "{}", `{"a":true}`)
		got := from(r, "a")
		if _, set := r.Refs["a"]; !set {
			got = "not set"
		}
		if got != want {
			t.Errorf("%s is made from %q, want %q", expr, got, want)
		}
	}
}

func TestASourceThatIsNotThePlansIsNotBelieved(t *testing.T) {
	const expressions = `{"a":{"references":["t_u.x.id","t_u.x"]}}`
	for source, want := range map[string]string{
		"resource \"t_t\" \"n\" {\n  a = t_u.x.id\n}\n":  "t_u.x id",
		"resource \"t_t\" \"n\" {\n  a = \"other\"\n}\n": "t_u.x id",
		"resource \"t_t\" \"n\" {\n}\n":                  "t_u.x id",
	} {
		if got := from(sourced(t, source, expressions, "{}", `{"a":true}`), "a"); got != want {
			t.Errorf("%s: %q", source, got)
		}
	}
}
