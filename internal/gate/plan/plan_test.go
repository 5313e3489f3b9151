package plan

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// The plan of testdata/reading, as Terraform wrote it: `make gate-fixtures`.
const (
	root     = "testdata/reading"
	planFile = root + "/tfplan"
	planJSON = root + "/plan.json"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func write(t *testing.T, name string, body []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestARealPlanIsReadFromJSON(t *testing.T) {
	in, err := Read(t.Context(), Options{Path: planJSON})
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, c := range in.Plan.Changes {
		addresses = append(addresses, c.Address)
	}
	for _, want := range []string{"aws_kms_key.k", `aws_sqs_queue.ref["a.b"]`, `module.m["x.y"].aws_dynamodb_table.t`, "data.aws_iam_policy_document.deferred"} {
		if !strings.Contains(strings.Join(addresses, "\n"), want) {
			t.Errorf("no %s in %q", want, addresses)
		}
	}
	if len(in.Plan.Documents) != 1 || in.Plan.Documents[0].Address != "data.aws_iam_policy_document.known" {
		t.Errorf("documents %v", in.Plan.Documents)
	}
	if got := in.Plan.Config.Root.Calls["m"].Source; got != "./m" {
		t.Errorf("source of the module %q", got)
	}
	if !in.Sources.Empty() {
		t.Error("there are sources, though nobody named any")
	}
}

func TestPlacesAreTheSameFromThePlanFileAndTheFolder(t *testing.T) {
	for name, o := range map[string]Options{
		"plan file": {Path: planJSON, SourceFile: planFile},
		"folder":    {Path: planJSON, Dir: root},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := Read(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []struct {
				key, typ, name, path string
				file, text           string
			}{
				{"", "aws_sqs_queue", "ref", "kms_master_key_id", "main.tf", "  kms_master_key_id = aws_kms_key.k.arn"},
				{"", "aws_sqs_queue", "none", "kms_master_key_id", "main.tf", `resource "aws_sqs_queue" "none"`},
				{"m", "aws_dynamodb_table", "t", "server_side_encryption.0.kms_key_arn", "m/main.tf", "    kms_key_arn = var.key"},
				{"m", "aws_dynamodb_table", "t", "server_side_encryption.0.nothing", "m/main.tf", "  server_side_encryption {"},
				{"m", "aws_dynamodb_table", "t", "point_in_time_recovery.0.enabled", "m/main.tf", `resource "aws_dynamodb_table" "t"`},
			} {
				got, ok := in.Sources.Find(want.key, "managed", want.typ, want.name, strings.Split(want.path, "."))
				_, lines := in.Sources.Lines(got, 0, 0)
				if !ok || got.File != root+"/"+want.file || len(lines) != 1 || !strings.HasPrefix(lines[0], want.text) {
					t.Errorf("%s.%s %s: %v, %q", want.typ, want.name, want.path, got, lines)
				}
			}
			call, ok := in.Sources.Call("m", "key")
			if _, lines := in.Sources.Lines(call, 0, 0); !ok || len(lines) != 1 || !strings.Contains(lines[0], "key") || !strings.Contains(lines[0], "aws_kms_key.k.arn") {
				t.Errorf("call of the module: %v, %q", call, lines)
			}
		})
	}
}

func TestDynamicBlocksOverridesAndJSONSyntaxHavePlaces(t *testing.T) {
	s := newSources()
	s.add("", "main.tf", []byte("locals {\n  names = [aws_x.y.id]\n}\nresource \"t\" \"n\" {\n  a = 1\n  dynamic \"b\" {\n    for_each = local.names\n    content {\n      c = b.value\n    }\n  }\n}\n"))
	s.add("", "override.tf", []byte("resource \"t\" \"n\" {\n  a = 2\n}\n"))
	s.add("", "more.tf.json", []byte(`{"resource": {"u": {"n": {"a": 1}}}}`))
	s.place(".", nil)
	if r, _ := s.Find("", "managed", "t", "n", []string{"a"}); r.File != "override.tf" || r.Line != 2 {
		t.Errorf("the override: %v", r)
	}
	if r, _ := s.Find("", "managed", "t", "n", []string{"b", "1", "c"}); r.File != "main.tf" || r.Line != 9 {
		t.Errorf("in a dynamic block: %v", r)
	}
	if r, ok := s.Find("", "managed", "u", "n", []string{"a"}); !ok || r.File != "more.tf.json" || r.Line != 1 {
		t.Errorf("in JSON: %v, %v", r, ok)
	}
	if expr := s.Expression("", "managed", "t", "n", []string{"b", "0", "c"}); expr == nil || len(expr.Variables()) != 1 || expr.Variables()[0].RootName() != "b" {
		t.Errorf("expression in a dynamic block: %v", expr)
	}
	if expr := s.Expression("", "managed", "t", "n", []string{"z"}); expr != nil {
		t.Errorf("an expression of nothing: %v", expr)
	}
	s.add("", "zz.tf", []byte("resource \"t\" \"several\" {\n  b {\n    c = 1\n  }\n  dynamic \"b\" {\n    for_each = []\n    content {\n      c = 2\n    }\n  }\n  b {\n    c = 3\n  }\n}\n"))
	s.modules[""].parse()
	for number, line := range map[string]int{"0": 3, "1": 1, "2": 1} { // behind the dynamic block nobody can count
		if r, _ := s.Find("", "managed", "t", "several", []string{"b", number, "c"}); r.Line != line {
			t.Errorf("block %s of several: %v, want line %d", number, r, line)
		}
	}
	if expr := s.Expression("", "managed", "t", "several", []string{"b", "2", "c"}); expr != nil {
		t.Error("an expression of one of several blocks")
	}
	if s.Local("", "names") == nil || s.Local("", "none") != nil {
		t.Error("locals")
	}
}

// archive makes a zip of names and contents.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsNoPlanIsAnErrorThatNamesFileAndRemedy(t *testing.T) {
	whole := read(t, planJSON)
	utf := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(string(whole[:200]))) {
		utf = append(utf, byte(u), byte(u>>8))
	}
	edit := func(old, replacement string) []byte {
		t.Helper()
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("the plan has no %s", old)
		}
		return bytes.Replace(whole, []byte(old), []byte(replacement), 1)
	}
	zipped := read(t, planFile)
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":             {nil, "is empty"},
		"truncated":         {whole[:len(whole)-40], "unexpected end"},
		"foreign":           {[]byte("resource {}"), "syntax"},
		"array":             {[]byte("[1]"), "does not begin with an object"},
		"two documents":     {append(bytes.Clone(whole), "{}"...), "has more after"},
		"UTF-16":            {utf, "UTF-16"},
		"state":             {[]byte(`{"format_version":"1.0","terraform_version":"1.11.4","values":{}}`), "is a state"},
		"log":               {[]byte("{\"@level\":\"info\",\"@message\":\"x\"}\n{\"@level\":\"info\"}\n"), "is the log"},
		"OpenTofu, sealed":  {[]byte(`{"meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}`), "encrypted by OpenTofu"},
		"HCP Terraform":     {[]byte(`{"remote_plan_format":1,"run_id":"run-1","hostname":"app.terraform.io"}`), "only points"},
		"format":            {edit(`"format_version":"1.2"`, `"format_version":"2.0"`), "format 1"},
		"no configuration":  {edit(`"configuration":`, `"other":`), "has no configuration"},
		"failed run":        {edit(`"errored":false`, `"errored":true`), "a run that failed"},
		"same name twice":   {edit(`"address":"aws_kms_key.k",`, `"address":"aws_kms_key.k","address":"b",`), "twice"},
		"kind":              {edit(`"address":"aws_kms_key.k",`, `"address":7,`), "unexpected kind"},
		"no actions":        {edit(`"actions":["create"]`, `"actions":[]`), "without address"},
		"invalid UTF-8":     {edit(`"address":"aws_kms_key.k"`, "\"address\":\"\xff\""), "syntax"},
		"deep":              {[]byte(strings.Repeat(`{"a":`, 20_000)), "nested too deeply"},
		"zip, truncated":    {zipped[:len(zipped)-30], "is not a plan file"},
		"zip, foreign":      {archive(t, "a", "b"), "without a plan"},
		"zip, traversal":    {archive(t, "tfplan", "", "tfconfig/m-/../../x.tf", ""), "outside of its modules"},
		"zip, back slashes": {archive(t, "tfplan", "", `tfconfig/m-/..\x.tf`, ""), "outside of its modules"},
		"zip, same name":    {archive(t, "tfplan", "", "tfplan", ""), "two files of one name"},
		"zip, bomb":         {archive(t, "tfplan", "", "tfconfig/m-/x.tf", strings.Repeat("#", maxSource+1)), "is larger than"},
		"zip, manifest":     {archive(t, "tfplan", "", "tfconfig/modules.json", "{"), "list of modules"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, "given", c.body)
			_, err := Read(t.Context(), Options{Path: file, Terraform: "false"})
			var known *Error
			if !errors.As(err, &known) || !strings.Contains(err.Error(), c.want) || known.File != file || known.Remedy == "" {
				t.Fatalf("%#v: %v", known, err)
			}
		})
	}
	var known *Error
	if _, err := Read(t.Context(), Options{Path: "testdata/none"}); !errors.As(err, &known) || known.Remedy == "" {
		t.Errorf("a missing file: %v", err)
	}
}

func TestTooLongAPlanIsNotTakenForATruncatedOne(t *testing.T) {
	_, err := decode("x", bytes.NewReader(read(t, planJSON)), 1<<10)
	if err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Fatal(err)
	}
}

func TestHostileSourcesAreNotParsed(t *testing.T) {
	for name, body := range map[string]string{
		"brackets": "locals {\n  a = " + strings.Repeat("(", 1<<20) + "\n}",
		"unary":    "locals {\n  a = " + strings.Repeat("! ", 1<<20) + "true\n}",
		"ternary":  "locals {\n  a = " + strings.Repeat("true ? 1 : ", 1<<20) + "2\n}",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSources()
			s.add("", "main.tf", []byte(body))
			s.place(".", nil)
			if s.Local("", "a") != nil {
				t.Error("it was parsed")
			}
		})
	}
}

// fake is a Terraform that does as a script says.
func fake(t *testing.T, script string) string {
	t.Helper()
	file := write(t, "terraform", []byte("#!/bin/sh\n"+script+"\n"))
	if err := os.Chmod(file, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAPlanFileIsDecodedByTerraformInItsFolder(t *testing.T) {
	shown, err := filepath.Abs(planJSON)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`[ "$1" = -chdir=%s ] && [ "$2 $3" = "show -json" ] && [ -f "$4" ] && cat %s`, root, shown)
	in, err := Read(t.Context(), Options{Path: planFile, Terraform: fake(t, script)})
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Plan.Changes) == 0 || in.Sources.Empty() {
		t.Error("changes or sources are missing")
	}
	_, err = Read(t.Context(), Options{Path: planFile, Terraform: fake(t, "echo Failed to load plugin schemas >&2; exit 1")})
	for _, want := range []string{planFile, "Failed to load plugin schemas", "init", "--dir"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if _, err := Read(t.Context(), Options{Path: planFile, Terraform: "/none"}); err == nil || !strings.Contains(err.Error(), "--terraform") {
		t.Errorf("without Terraform: %v", err)
	}
}

func TestAFolderIsPlannedWithProgressAndThePlanFileGoes(t *testing.T) {
	plan, err := filepath.Abs(planFile)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := filepath.Abs(planJSON)
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	script := fmt.Sprintf(`case "$2" in
plan) echo "aws_kms_key.k: Refreshing state..."; echo "Plan: 8 to add"; cp %s "${5#-out=}";;
show) cat %s;;
esac`, plan, shown)
	var said bytes.Buffer
	in, err := Read(t.Context(), Options{Path: root, Terraform: fake(t, script), Progress: &said})
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := in.Sources.Find("", "managed", "aws_kms_key", "k", nil); !ok || r.File != root+"/main.tf" {
		t.Errorf("place %v, %v", r, ok)
	}
	if !strings.Contains(said.String(), "Refreshing") || !strings.Contains(said.String(), "Plan: 8") {
		t.Errorf("progress %q", said.String())
	}
	left, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.HasPrefix(entry.Name(), "portcullis-gate-") {
			t.Errorf("left %s", entry.Name())
		}
	}
	_, err = Read(t.Context(), Options{Path: root, Terraform: fake(t, "echo no credentials >&2; exit 1")})
	if err == nil || !strings.Contains(err.Error(), "no credentials") || !strings.Contains(err.Error(), "init") {
		t.Errorf("a plan that fails: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := os.ReadFile(planJSON)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"format_version":"1.2","configuration":{},"prior_state":{"values":{"root_module":{"resources":[{}]}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plan, err := Decode("x", bytes.NewReader(body))
		var known *Error
		if (plan == nil) == (err == nil) || err != nil && !errors.As(err, &known) {
			t.Fatalf("%v, %v", plan, err)
		}
	})
}

func FuzzZip(f *testing.F) {
	whole, err := os.ReadFile(planFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, body []byte) {
		sources, err := ZipSources("x", ".", bytes.NewReader(body), int64(len(body)))
		var known *Error
		if err != nil && !errors.As(err, &known) {
			t.Fatal(err)
		}
		if err == nil {
			sources.Find("", "managed", "aws_kms_key", "k", []string{"a"})
		}
	})
}

func FuzzSource(f *testing.F) {
	whole, err := os.ReadFile(root + "/main.tf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, "aws_sqs_queue", "ref", "tags")
	f.Fuzz(func(_ *testing.T, body []byte, typ, name, path string) {
		s := newSources()
		s.add("", "main.tf", body)
		s.add("", "main.tf.json", body)
		s.place(".", nil)
		s.Find("", "managed", typ, name, strings.Split(path, "."))
		s.Expression("", "managed", typ, name, strings.Split(path, "."))
		s.Call(name, path)
	})
}
