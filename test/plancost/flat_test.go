//go:build linux

package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// What Terraform says of a queue and a role in a module: in short, and with
// something of each kind of value.
const (
	planText = `{
  "resource_changes": [
    {"address": "module.m.aws_kms_key.this[0]", "mode": "managed", "type": "aws_kms_key", "change": {
      "after": {"description": "${not} a template", "tags": {"a": "b"}, "tags_all": {"a": "b"}}, "after_unknown": {"arn": true, "id": true, "alias": true, "version": true, "tags": {}}}},
    {"address": "module.m.aws_lambda_function.this[\"one\"]", "mode": "managed", "type": "aws_lambda_function", "change": {
      "after": {"function_name": "one", "environment": [{}], "timeout": 3, "logging_config": [{"log_format": "JSON", "log_group": null}]},
      "after_unknown": {"arn": true, "kms_key_arn": true, "memory_size": true, "policy": true, "key_version": true, "snap_start": true, "environment": [{"variables": true}], "logging_config": [{}]}}},
    {"address": "data.aws_iam_policy_document.x", "mode": "data", "type": "aws_iam_policy_document", "change": {"after": {}, "after_unknown": {}}}
  ],
  "configuration": {"root_module": {"module_calls": {"m": {"module": {"resources": [
    {"address": "aws_kms_key.this", "expressions": {"description": {}, "alias": {}, "tags": {}}},
    {"address": "aws_lambda_function.this", "expressions": {"function_name": {}, "kms_key_arn": {}, "key_version": {}, "policy": {}, "environment": [{}]}}
  ]}}}}}
}`
	schemaText = `{"provider_schemas": {"aws": {"resource_schemas": {
  "aws_kms_key": {"block": {"attributes": {"arn": {"computed": true}, "id": {"optional": true, "computed": true}, "description": {"optional": true}, "tags": {"optional": true}, "tags_all": {"optional": true}}}},
  "aws_lambda_function": {"block": {
    "attributes": {"arn": {"computed": true}, "function_name": {"required": true}, "timeout": {"optional": true}, "kms_key_arn": {"optional": true}, "key_version": {"optional": true}, "memory_size": {"optional": true, "computed": true}, "policy": {"optional": true}},
    "block_types": {
      "snap_start": {"block": {"attributes": {"apply_on": {"required": true}}}},
      "environment": {"block": {"attributes": {"variables": {"optional": true}}}},
      "logging_config": {"block": {"attributes": {"log_format": {"required": true}, "log_group": {"optional": true}}}}}}}
}}}}`
	stateText = `{"resources": [
  {"module": "module.m", "mode": "managed", "type": "aws_kms_key", "name": "this", "instances": [{"index_key": 0, "attributes": {"alias": "arn:aws:kms:x:key/1234", "arn": "arn:aws:kms:x:key/1234", "id": "key/1234", "version": "7"}}]},
  {"module": "module.m", "mode": "managed", "type": "aws_lambda_function", "name": "this", "instances": [{"index_key": "one", "dependencies": ["module.m.aws_kms_key.this"],
    "attributes": {"arn": "arn:one", "kms_key_arn": "arn:aws:kms:x:key/1234", "key_version": "7", "memory_size": 128, "snap_start": [{"apply_on": "None"}], "policy": "{\"Resource\":\"arn:aws:kms:x:key/1234\",\"Other\":\"${aws:username}\"}", "environment": [{"variables": {"KEY": "key/1234", "PLAIN": "7"}}]}}]}
]}`
)

func joined(t *testing.T) []*resource {
	t.Helper()
	var p plan
	var s schema
	var st state
	for text, into := range map[string]any{planText: &p, schemaText: &s, stateText: &st} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	all, err := resources(p, s, st)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAFlatRootHasLiteralsAndReferencesOnly(t *testing.T) {
	got := flatten(joined(t), map[string]any{"region": "x"})["resource"]
	want := map[string]map[string]any{
		"aws_kms_key": {"module_m_this_0": map[string]any{"description": "$${not} a template", "tags": map[string]any{"a": "b"}}},
		"aws_lambda_function": {"module_m_this_one": map[string]any{
			"function_name": "one", "timeout": 3.0,
			"kms_key_arn":    "${aws_kms_key.module_m_this_0.arn}",
			"key_version":    "${aws_kms_key.module_m_this_0.version}",
			"policy":         `{"Resource":"${aws_kms_key.module_m_this_0.arn}","Other":"$${aws:username}"}`,
			"environment":    []any{map[string]any{"variables": map[string]any{"KEY": "${aws_kms_key.module_m_this_0.id}", "PLAIN": "7"}}},
			"logging_config": []any{map[string]any{"log_format": "JSON"}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
}

func TestAnotherPlanIsNoticed(t *testing.T) {
	all := joined(t)
	said := func(text string) []string {
		t.Helper()
		var p plan
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		return different(all, p)
	}
	same := strings.NewReplacer(`module.m.aws_kms_key.this[0]`, "aws_kms_key.module_m_this_0", `module.m.aws_lambda_function.this[\"one\"]`, "aws_lambda_function.module_m_this_one").Replace(planText)
	managed, _, _ := strings.Cut(same, ",\n    {\"address\": \"data.")
	same = managed + "]}"
	if found := said(same); len(found) > 0 {
		t.Errorf("of the same plan: %v", found)
	}
	for what, other := range map[string]string{
		"another value":       strings.Replace(same, `"timeout": 3`, `"timeout": 4`, 1),
		"another resource":    strings.Replace(same, "module_m_this_one", "module_m_this_two", 1),
		"a value known later": strings.Replace(same, `"tags": {}`, `"description": true, "tags": {}`, 1),
		"a data source":       strings.Replace(same, `"mode": "managed", "type": "aws_kms_key"`, `"mode": "data", "type": "aws_kms_key"`, 1),
	} {
		if found := said(other); len(found) == 0 {
			t.Errorf("%s is not noticed", what)
		}
	}
}

func TestWhatIsNotInTheStateIsRefused(t *testing.T) {
	var p plan
	var s schema
	if err := json.Unmarshal([]byte(planText), &p); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(schemaText), &s); err != nil {
		t.Fatal(err)
	}
	if _, err := resources(p, s, state{}); err == nil {
		t.Error("a state without the resources is taken")
	}
}
