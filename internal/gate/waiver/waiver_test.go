package waiver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func options(t *testing.T) Options {
	t.Helper()
	return Options{Now: at(t, "2026-11-23T12:00:00Z"), MaxDays: 90, Inline: InlineOwn, Rules: map[string]*gate.Rule{"a/b": {ID: "a/b"}, "a/b-c": {ID: "a/b-c"}}}
}

// sources has a configuration with a module that is called twice, and one that
// init has fetched.
func sources(t *testing.T, files map[string]string) *plan.Sources {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	s, err := plan.DirSources(".", &plan.Config{Root: plan.Module{Calls: map[string]plan.Call{
		"one": {Source: "./m"}, "two": {Source: "./m"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func finding(rule, address string) gate.Finding {
	f := gate.Finding{Rule: rule, Severity: gate.High, Kind: gate.Fail, Address: address, Message: "m"}
	f.Config, _, _ = strings.Cut(address, "[")
	return f
}

func entries(texts ...string) string {
	return "version: 1\nwaivers:\n" + strings.Join(texts, "")
}

func one(rule, address, until string) string {
	return fmt.Sprintf("  - rule: %s\n    address: %q\n    owner: me\n    reason: because\n    until: %s\n", rule, address, until)
}

// said are the findings of a report: waived ones with a -, warnings with a ~.
func said(r *gate.Report) []string {
	all := []string{}
	for _, f := range r.Findings {
		mark := ""
		if f.Waiver != nil {
			mark = "-"
		}
		if f.Kind == gate.Warning {
			mark = "~"
		}
		all = append(all, mark+f.Rule+" "+f.Address)
	}
	slices.Sort(all)
	return all
}

func expect(t *testing.T, r *gate.Report, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := said(r); !slices.Equal(got, want) {
		t.Errorf("want %q\nhave %q", want, got)
		for _, f := range r.Findings {
			t.Logf("%s: %s (%s:%d:%d)", f.Rule, f.Message, f.Place.File, f.Place.Line, f.Place.Column)
		}
	}
}

func TestAWaiverIsForOneRuleAtOneAddressUntilADay(t *testing.T) {
	const queue = `module.x["a.b"].aws_sqs_queue.q[0]`
	for name, c := range map[string]struct {
		waiver string
		want   []string
	}{
		"as it should be":        {one("a/b", `module.x["a.b"].aws_sqs_queue.q[0]`, "2027-01-31"), []string{"-a/b " + queue}},
		"another rule":           {one("a/b-c", `module.x["a.b"].aws_sqs_queue.q[0]`, "2027-01-31"), []string{"a/b " + queue, "waivers/unused " + queue}},
		"a part of the address":  {one("a/b", `aws_sqs_queue.q[0]`, "2027-01-31"), []string{"a/b " + queue, "waivers/unused aws_sqs_queue.q[0]"}},
		"a beginning of it":      {one("a/b", `module.x[*].aws_sqs_queue.q`, "2027-01-31"), []string{"a/b " + queue, "waivers/unused module.x[*].aws_sqs_queue.q"}},
		"any key":                {one("a/b", `module.x[*].aws_sqs_queue.q[*]`, "2027-01-31"), []string{"-a/b " + queue}},
		"anything in the module": {one("a/b", `module.x[*`, "2027-01-31"), []string{"-a/b " + queue}},
		"another module":         {one("a/b", `module.xy.*`, "2027-01-31"), []string{"a/b " + queue, "waivers/unused module.xy.*"}},
		"everything":             {one("a/b", `*`, "2027-01-31"), []string{"a/b " + queue, "waivers/too-broad *"}},
		"every module":           {one("a/b", `module.*`, "2027-01-31"), []string{"a/b " + queue, "waivers/too-broad module.*"}},
		"every queue":            {one("a/b", `*.aws_sqs_queue.q[0]`, "2027-01-31"), []string{"a/b " + queue, "waivers/too-broad *.aws_sqs_queue.q[0]"}},
		"names that begin so":    {one("a/b", `module.x*`, "2027-01-31"), []string{"a/b " + queue, "waivers/too-broad module.x*"}},
		"no such rule":           {one("a/c", `module.x.*`, "2027-01-31"), []string{"a/b " + queue, "waivers/unknown-rule module.x.*"}},
		"a rule about waivers":   {one("waivers/unused", `module.x.*`, "2027-01-31"), []string{"a/b " + queue, "waivers/unknown-rule module.x.*"}},
		"its last day":           {one("a/b", `module.x[*`, "2026-11-23"), []string{"-a/b " + queue, "~waivers/expires-soon module.x[*"}},
		"the day after":          {one("a/b", `module.x[*`, "2026-11-22"), []string{"a/b " + queue, "waivers/expired module.x[*"}},
		"two weeks":              {one("a/b", `module.x[*`, "2026-12-07"), []string{"-a/b " + queue, "~waivers/expires-soon module.x[*"}},
		"more than two weeks":    {one("a/b", `module.x[*`, "2026-12-08"), []string{"-a/b " + queue}},
		"90 days":                {one("a/b", `module.x[*`, "2027-02-21"), []string{"-a/b " + queue}},
		"91 days":                {one("a/b", `module.x[*`, "2027-02-22"), []string{"a/b " + queue, "waivers/too-long module.x[*"}},
		"two for one":            {one("a/b", `module.x[*`, "2027-01-31") + one("a/b", `module.x[*].aws_sqs_queue.q[0]`, "2027-01-31"), []string{"-a/b " + queue}},
		"twice":                  {one("a/b", `module.x[*`, "2027-01-31") + one("a/b", `module.x[*`, "2027-01-30"), []string{"-a/b " + queue, "waivers/malformed w.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &gate.Report{Findings: []gate.Finding{finding("a/b", queue)}}
			Apply(r, Read("w.yaml", []byte(entries(c.waiver))), nil, sources(t, nil), options(t))
			expect(t, r, c.want...)
			for _, f := range r.Findings {
				if f.Waiver == nil && f.Rule != "a/b" && (f.Place.File != "w.yaml" || f.Place.Line < 3 || f.Place.Column < 5 || f.Fingerprint == "") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// A day ends when it ends in UTC, wherever the pipeline runs.
func TestADayIsTheWholeDayInUTC(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-23T23:59:59Z":      "-a/b x.y",
		"2026-11-24T00:00:00Z":      "a/b x.y",
		"2026-11-24T01:00:00+02:00": "-a/b x.y",
		"2026-11-23T22:00:00-05:00": "a/b x.y",
	} {
		r := &gate.Report{Findings: []gate.Finding{finding("a/b", "x.y")}}
		o := options(t)
		o.Now = at(t, now)
		Apply(r, Read("w.yaml", []byte(entries(one("a/b", "x.y", "2026-11-23")))), nil, sources(t, nil), o)
		if !slices.Contains(said(r), want) {
			t.Errorf("%s: %v", now, said(r))
		}
	}
}

func TestWhatCannotBeToldCanBeWaivedToo(t *testing.T) {
	f := finding("a/b", "x.y")
	f.Kind = gate.CannotTell
	r := &gate.Report{Findings: []gate.Finding{f}}
	Apply(r, Read("w.yaml", []byte(entries(one("a/b", "x.y", "2027-01-31")))), nil, sources(t, nil), options(t))
	expect(t, r, "-a/b x.y")
	if r.Waivers.SHA256 == "" || r.Waivers.File != "w.yaml" || r.Waivers.InForce[0].Findings != 1 {
		t.Errorf("%+v", r.Waivers)
	}
}

func TestAFileThatIsNotAsItShouldBeWaivesNothing(t *testing.T) {
	whole := one("a/b", "x.y", "2027-01-31")
	bomb := "a: &a [x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1)
	}
	for name, c := range map[string]struct {
		body, says   string
		line, column int
	}{
		"not YAML":          {"version: 1\nwaivers: [\n", "not YAML", 2, 1},
		"a tab":             {"version: 1\nwaivers:\n\t- rule: a/b\n", "not YAML", 3, 1},
		"no version":        {"waivers:\n" + whole, "version", 1, 1},
		"another version":   {"version: 2\nwaivers:\n" + whole, "version", 1, 1},
		"a list":            {"- a\n", "mapping", 1, 1},
		"a text":            {"a\n", "mapping", 1, 1},
		"no list":           {"version: 1\nwaivers: {}\n", "not a list", 2, 10},
		"another member":    {entries(whole) + "waver: 1\n", `"waver"`, 8, 1},
		"a member twice":    {entries(whole) + "version: 1\n", "twice", 8, 1},
		"two documents":     {entries(whole) + "---\nversion: 1\n", "more than one", 1, 1},
		"an anchor":         {entries("  - &w\n    rule: a/b\n    address: x.y\n    owner: me\n    reason: r\n    until: 2027-01-31\n"), "anchor", 1, 1},
		"an alias":          {entries(whole) + "x: *w\n", "unknown anchor", 1, 1},
		"a bomb":            {bomb, "anchor", 1, 1},
		"a tag":             {entries("  - !!map\n    rule: a/b\n    address: x.y\n    owner: me\n    reason: r\n    until: 2027-01-31\n"), "tag", 1, 1},
		"a merge":           {"version: 1\n<<: {waivers: []}\n", `"<<"`, 2, 1},
		"deep":              {"version: 1\nwaivers: [[[[[[a]]]]]]\n", "levels", 1, 1},
		"very deep":         {"version: 1\nwaivers: " + strings.Repeat("[", 20000) + "\n", "not YAML", 2, 1},
		"too large":         {entries(whole) + strings.Repeat("# \n", 400000), "1024 KiB", 1, 1},
		"no owner":          {entries("  - rule: a/b\n    address: x.y\n    reason: r\n    until: 2027-01-31\n"), "no owner", 3, 5},
		"an empty reason":   {entries("  - rule: a/b\n    address: x.y\n    owner: me\n    reason: \" \"\n    until: 2027-01-31\n"), "no reason", 3, 5},
		"no address":        {entries("  - rule: a/b\n    address:\n    owner: me\n    reason: r\n    until: 2027-01-31\n"), "no address", 3, 5},
		"no end":            {entries("  - rule: a/b\n    address: x.y\n    owner: me\n    reason: r\n"), "no until", 3, 5},
		"no day":            {entries(one("a/b", "x.y", "2026-02-30")), "2026-02-30", 3, 5},
		"a time":            {entries(one("a/b", "x.y", "2026-12-30T00:00:00Z")), "date", 3, 5},
		"all rules":         {entries(one("a/*", "x.y", "2026-12-30")), "one rule", 3, 5},
		"two rules":         {entries(one("a/b, a/b-c", "x.y", "2026-12-30")), "one rule", 3, 5},
		"a list of rules":   {entries("  - rule: [a/b]\n    address: x.y\n"), "rule is not a text", 3, 11},
		"an unknown member": {entries("  - rule: a/b\n    place: x.y\n"), `"place"`, 4, 5},
		"a plain text":      {entries("  - a/b\n"), "mapping", 3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := &gate.Report{Findings: []gate.Finding{finding("a/b", "x.y")}}
			Apply(r, Read("w.yaml", []byte(c.body)), nil, sources(t, nil), options(t))
			expect(t, r, "a/b x.y", "waivers/malformed w.yaml")
			for _, f := range r.Findings {
				if f.Rule != "a/b" && (!strings.Contains(f.Message, c.says) || f.Place.Line != c.line || f.Place.Column != c.column) {
					t.Errorf("%s at %d:%d", f.Message, f.Place.Line, f.Place.Column)
				}
			}
		})
	}
	for name, body := range map[string]string{"empty": "", "comments": "# none\n", "no waivers": "version: 1\n", "an empty list": "version: 1\nwaivers:\n", "null": "~\n"} {
		r := &gate.Report{}
		if Apply(r, Read("w.yaml", []byte(body)), nil, sources(t, nil), options(t)); len(r.Findings) > 0 {
			t.Errorf("%s: %v", name, said(r))
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is opened")
	}
}

const inline = ` until=2027-01-31 owner=me reason="be cause"`

func TestAWaiverInACommentIsForTheBlockBesideIt(t *testing.T) {
	files := map[string]string{"main.tf": `
# Why there is a queue.
# portcullis:waive a/b` + inline + `
# More.
resource "aws_sqs_queue" "above" {
}

resource "aws_sqs_queue" "inside" {
  name = "#portcullis:waive a/b"
  tags = {
    //portcullis:waive a/b` + inline + `
  }
}

resource "aws_sqs_queue" "behind" { # portcullis:waive a/b` + inline + `
  policy = <<-EOT
    # portcullis:waive a/b-c` + inline + `
  EOT
}
resource "aws_sqs_queue" "other" {}

/* portcullis:waive a/b` + inline + ` */
data "aws_iam_policy_document" "d" {}
`, "m/main.tf": `
resource "aws_sqs_queue" "m" { /*
  * portcullis:waive a/b` + inline + `
  */
}
`}
	r := &gate.Report{Findings: []gate.Finding{
		finding("a/b", `aws_sqs_queue.above["x"]`), finding("a/b", "aws_sqs_queue.inside"), finding("a/b", "aws_sqs_queue.behind"), finding("a/b", "aws_sqs_queue.other"),
		finding("a/b-c", "aws_sqs_queue.behind"), finding("a/b", "module.one.aws_sqs_queue.m"), finding("a/b", "data.aws_iam_policy_document.d"),
	}}
	s := sources(t, files)
	Apply(r, nil, nil, s, options(t))
	expect(t, r, `-a/b aws_sqs_queue.above["x"]`, "-a/b aws_sqs_queue.inside", "-a/b aws_sqs_queue.behind", "a/b aws_sqs_queue.other",
		"a/b-c aws_sqs_queue.behind", "-a/b module.one.aws_sqs_queue.m", "-a/b data.aws_iam_policy_document.d")
	for _, f := range r.Findings {
		if f.Address == "aws_sqs_queue.inside" && (f.Waiver.Place.Line != 11 || f.Waiver.Place.Column != 7 || !f.Waiver.Inline || f.Waiver.Reason != "be cause") {
			t.Errorf("%+v", f.Waiver)
		}
	}

	r = &gate.Report{Findings: []gate.Finding{finding("a/b", "aws_sqs_queue.inside")}}
	o := options(t)
	o.Inline = InlineOff
	Apply(r, nil, nil, s, o)
	if expect(t, r, "a/b aws_sqs_queue.inside"); r.Waivers.Ignored != 5 {
		t.Errorf("%d ignored", r.Waivers.Ignored)
	}

	r = &gate.Report{}
	Apply(r, nil, nil, s, options(t))
	expect(t, r, "waivers/unused aws_sqs_queue.above", "waivers/unused aws_sqs_queue.behind", "waivers/unused aws_sqs_queue.inside",
		"waivers/unused data.aws_iam_policy_document.d", "waivers/unused module.one.aws_sqs_queue.m", "waivers/unused module.two.aws_sqs_queue.m")
}

// What a rule says of a provider or a module block is waived beside the block,
// and nothing of what is in the module.
func TestAWaiverBesideAProviderOrAModuleIsForItsBlock(t *testing.T) {
	s := sources(t, map[string]string{"main.tf": `
# portcullis:waive a/b` + inline + `
provider "aws" {
}
provider "aws" {
  alias = "west" # portcullis:waive a/b` + inline + `
}
provider "aws" {
  alias = "north"
}
# portcullis:waive a/b` + inline + `
module "one" {
  source = "./m"
}
# portcullis:waive a/b` + inline + `
module "two" {
  source = "./m"
}
`, "m/main.tf": "# portcullis:waive a/b" + inline + "\nmodule \"in\" {\n}\n"})
	r := &gate.Report{Findings: []gate.Finding{
		finding("a/b", "provider.aws"), finding("a/b", "provider.aws.west"), finding("a/b", "provider.aws.north"), finding("a/b-c", "provider.aws"),
		finding("a/b", "module.one"), finding("a/b", "module.one.module.in"), finding("a/b", "module.two.aws_sqs_queue.q"),
	}}
	Apply(r, nil, nil, s, options(t))
	expect(t, r, "-a/b provider.aws", "-a/b provider.aws.west", "a/b provider.aws.north", "a/b-c provider.aws",
		"-a/b module.one", "-a/b module.one.module.in", "a/b module.two.aws_sqs_queue.q", "waivers/unused module.two")
	for _, f := range r.Findings {
		if f.Rule == "waivers/unused" && (!strings.Contains(f.Message, DefaultFile) || f.Place.Line != 15) {
			t.Errorf("%s at %d", f.Message, f.Place.Line)
		}
	}
}

// Whoever writes a module that is downloaded must not excuse it here.
func TestAWaiverInADownloadedModuleCountsOnRequestOnly(t *testing.T) {
	s := sources(t, map[string]string{
		".terraform/modules/modules.json": `{"Modules":[{"Key":"","Dir":"."},{"Key":"far","Dir":".terraform/modules/far"}]}`,
		".terraform/modules/far/main.tf":  "# portcullis:waive a/b" + inline + "\nresource \"aws_sqs_queue\" \"q\" {}\n# portcullis:waive nonsense\n",
	})
	for mode, want := range map[Inline][]string{
		InlineOwn: {"a/b module.far.aws_sqs_queue.q"},
		InlineAll: {"-a/b module.far.aws_sqs_queue.q", "waivers/malformed .terraform/modules/far/main.tf"},
	} {
		r := &gate.Report{Findings: []gate.Finding{finding("a/b", "module.far.aws_sqs_queue.q")}}
		o := options(t)
		o.Inline = mode
		Apply(r, nil, nil, s, o)
		expect(t, r, want...)
	}
}

func TestACommentThatIsNotAsItShouldBeWaivesNothing(t *testing.T) {
	for text, says := range map[string]string{
		"":                                              "names no rule",
		"r a/b" + inline:                                "names no rule",
		" " + inline:                                    "until=",
		" a/b a/b-c" + inline:                           `"a/b-c" is no member`,
		" a/b owner=me reason=r":                        "no until",
		" a/b until=2027-01-31 reason=r":                "no owner",
		" a/b until=2027-01-31 owner=me":                "no reason",
		" a/b until=soon owner=m reason=r":              "soon",
		" a/b" + inline + " because":                    "because",
		" a/b" + inline + " owner=you":                  "twice",
		" a/b" + inline + " ticket=1":                   "ticket",
		` a/b until=2027-01-31 owner=me reason="r`:      "not closed",
		` a/b until=2027-01-31 owner=me reason="\z"`:    "escape",
		` a/b until=2027-01-31 owner=me reason="r"more`: "no space",
		" a/*" + inline:                                 "one rule",
	} {
		r := &gate.Report{Findings: []gate.Finding{finding("a/b", "aws_sqs_queue.q")}}
		Apply(r, nil, nil, sources(t, map[string]string{"main.tf": "# portcullis:waive" + text + "\nresource \"aws_sqs_queue\" \"q\" {}\n"}), options(t))
		expect(t, r, "a/b aws_sqs_queue.q", "waivers/malformed main.tf")
		for _, f := range r.Findings {
			if f.Rule != "a/b" && (!strings.Contains(f.Message, says) || f.Place.Line != 1 || f.Place.Column != 3) {
				t.Errorf("%q: %s at %d:%d", text, f.Message, f.Place.Line, f.Place.Column)
			}
		}
	}
	for text, says := range map[string]string{
		"# portcullis:waive a/b" + inline + "\n\nresource \"aws_sqs_queue\" \"q\" {}\n": "beside no resource",
		"# portcullis:waive a/b" + inline + "\nvariable \"q\" {\n}\n":                   "beside no resource",
		"locals { # portcullis:waive a/b" + inline + "\n}\n":                            "beside no resource",
	} {
		r := &gate.Report{}
		Apply(r, nil, nil, sources(t, map[string]string{"main.tf": text}), options(t))
		if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message, says) {
			t.Errorf("%q: %+v", text, r.Findings)
		}
	}
}

func TestAReviewerSeesWhatAChangeOfTheFileWaives(t *testing.T) {
	base := Read("base.yaml", []byte(entries(one("a/b", "x.same", "2027-01-31"), one("a/b", "x.longer", "2026-12-31"), one("a/b", "x.gone", "2026-12-31"))))
	file := Read("w.yaml", []byte(entries(one("a/b", "x.new", "2027-01-31"), one("a/b", "x.longer", "2027-01-31"), one("a/b", "x.same", "2027-01-31"))))
	r := &gate.Report{Findings: []gate.Finding{finding("a/b", "x.same"), finding("a/b", "x.longer"), finding("a/b", "x.new"), finding("a/b", "x.gone")}}
	Apply(r, file, base, sources(t, nil), options(t))
	expect(t, r, "-a/b x.same", "-a/b x.longer", "-a/b x.new", "a/b x.gone", "~waivers/changed x.longer", "~waivers/changed x.new")
	var all []string
	for _, c := range r.Waivers.Changes {
		all = append(all, c.Change)
	}
	if !slices.Equal(all, []string{"added", "changed", "removed"}) || r.Waivers.Base != "base.yaml" {
		t.Errorf("%v", all)
	}
	for _, f := range r.Findings {
		if f.Address == "x.longer" && f.Rule == "waivers/changed" && !strings.Contains(f.Message, `until was "2026-12-31", is "2027-01-31"`) {
			t.Error(f.Message)
		}
	}
	r = &gate.Report{}
	if Apply(r, nil, base, sources(t, nil), options(t)); len(r.Waivers.Changes) != 3 || len(r.Findings) != 0 {
		t.Errorf("%+v", r.Waivers)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(entries(one("a/b", "x.y", "2027-01-31")), ` a/b until=2027-01-31 owner=me reason="r"`)
	f.Add("a: &a [*a]", ` a/b reason="\x`)
	f.Add("version: 1\nwaivers:\n- {rule: a/b, address: '*'}", "=")
	f.Fuzz(func(t *testing.T, file, comment string) {
		read := Read("w.yaml", []byte(file))
		for _, w := range read.waivers {
			if w.Rule == "" || w.Address == "" || w.Owner == "" || w.Reason == "" || expiry(w).IsZero() || w.Place.Line < 1 {
				t.Errorf("%+v", w)
			}
		}
		for _, p := range read.problems {
			if p.message == "" || p.place.Line < 1 || p.place.Column < 1 {
				t.Errorf("%+v", p)
			}
		}
		if texts, wrong := words(comment); wrong == "" {
			for name, text := range texts {
				if strings.TrimSpace(text) != text || name == "" {
					t.Errorf("%q: %q", name, text)
				}
			}
		}
	})
}
