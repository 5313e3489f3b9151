// Gatedocs writes the pages of docs/rules from what the rules say of themselves:
// an index, and a page for each group. With -check it writes nothing and says
// what is out of date.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/waiver"
	"github.com/portcullis-chat/portcullis/policies"
)

func main() {
	check := flag.Bool("check", false, "compare only")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "gatedocs: name the folder to write")
		os.Exit(2)
	}
	stale, err := run(flag.Arg(0), *check)
	if err == nil && *check && len(stale) > 0 {
		err = fmt.Errorf("out of date: %s", strings.Join(stale, ", "))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatedocs:", err)
		os.Exit(1)
	}
}

// run writes what differs, or only finds it, and gives the names.
func run(dir string, check bool) ([]string, error) {
	engine, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		return nil, err
	}
	pages := render(append(slices.Clone(engine.Rules), waiver.Rules()...))
	there, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return nil, err
	}
	for _, name := range there {
		if base := filepath.Base(name); pages[base] == nil {
			pages[base] = []byte{}
		}
	}
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		to := filepath.Join(dir, name)
		if have, err := os.ReadFile(to); err == nil && len(pages[name]) > 0 && bytes.Equal(have, pages[name]) {
			continue
		}
		stale = append(stale, name)
		switch {
		case check:
		case len(pages[name]) == 0:
			err = os.Remove(to)
		default:
			if err = os.MkdirAll(dir, 0o750); err == nil {
				err = os.WriteFile(to, pages[name], 0o600)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return stale, nil
}

const notice = "<!-- Written by `make gate-docs` from the rules' own words. Change those. -->\n"

// render gives the pages by their file names.
func render(rules []*gate.Rule) map[string][]byte {
	groups := map[string][]*gate.Rule{}
	for _, rule := range rules {
		group, _, _ := strings.Cut(rule.ID, "/")
		groups[group] = append(groups[group], rule)
	}
	pages := map[string][]byte{"README.md": index(rules, groups)}
	for group, members := range groups {
		var b bytes.Buffer
		fmt.Fprintf(&b, "%s\n# Rules: %s\n\n[All rules](README.md) · [how the gate is used](../gate.md)\n", notice, group)
		for _, rule := range members {
			page(&b, rule)
		}
		pages[group+".md"] = b.Bytes()
	}
	return pages
}

// anchor is the one that GitHub gives to a heading with the rule's id.
func anchor(rule *gate.Rule) string {
	group, _, _ := strings.Cut(rule.ID, "/")
	return group + ".md#" + strings.ReplaceAll(rule.ID, "/", "")
}

func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", "\\|")
}

func index(rules []*gate.Rule, groups map[string][]*gate.Rule) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n# Rules of the policy gate\n\n%d rules in %d groups. [gate.md](../gate.md) says how the gate is used, how a finding is waived, and where it differs from Checkov on purpose.\n", notice, len(rules), len(groups))
	foreign := map[string]map[string][]*gate.Rule{}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | wants | Checkov | Security Hub | CIS |\n| --- | --- | --- | --- | --- | --- |\n", group)
		for _, rule := range groups[group] {
			fmt.Fprintf(&b, "| [%s](%s) | %s | %s |", rule.ID, anchor(rule), rule.Severity, cell(rule.Title))
			for _, kind := range []string{"checkov", "fsbp", "cis"} {
				fmt.Fprintf(&b, " %s |", strings.Join(rule.Mappings[kind], ", "))
				for _, id := range rule.Mappings[kind] {
					if foreign[kind] == nil {
						foreign[kind] = map[string][]*gate.Rule{}
					}
					foreign[kind][id] = append(foreign[kind][id], rule)
				}
			}
			b.WriteString("\n")
		}
	}
	for _, kind := range []struct{ name, title string }{{"checkov", "By Checkov's ids"}, {"fsbp", "By Security Hub's controls"}, {"cis", "By the CIS benchmark"}} {
		if len(foreign[kind.name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| id | rules here |\n| --- | --- |\n", kind.title)
		for _, id := range slices.Sorted(maps.Keys(foreign[kind.name])) {
			var links []string
			for _, rule := range foreign[kind.name][id] {
				links = append(links, fmt.Sprintf("[%s](%s)", rule.ID, anchor(rule)))
			}
			fmt.Fprintf(&b, "| %s | %s |\n", id, strings.Join(links, ", "))
		}
	}
	return b.Bytes()
}

func page(b *bytes.Buffer, rule *gate.Rule) {
	fmt.Fprintf(b, "\n## %s\n\n**%s.** Severity: %s.", rule.ID, strings.TrimSuffix(strings.TrimSpace(rule.Title), "."), rule.Severity)
	if len(rule.Types) > 0 {
		fmt.Fprintf(b, " Looks at `%s`.", strings.Join(rule.Types, "`, `"))
	}
	language := "hcl"
	if strings.HasPrefix(rule.ID, waiver.Group+"/") {
		language = "yaml"
	}
	fmt.Fprintf(b, "\n\n%s\n\nFix: %s\n\nGood:\n\n```%s\n%s\n```\n\nBad:\n\n```%s\n%s\n```\n\nSee:\n\n",
		strings.Join(strings.Fields(rule.Why), " "), strings.Join(strings.Fields(rule.Remediation), " "), language, strings.TrimSpace(rule.Good), language, strings.TrimSpace(rule.Bad))
	for _, reference := range rule.References {
		fmt.Fprintf(b, "- <%s>\n", reference)
	}
	for _, kind := range []struct{ name, title string }{{"checkov", "Checkov"}, {"fsbp", "Security Hub"}, {"cis", "CIS"}} {
		if ids := rule.Mappings[kind.name]; len(ids) > 0 {
			fmt.Fprintf(b, "- %s: %s\n", kind.title, strings.Join(ids, ", "))
		}
	}
}
