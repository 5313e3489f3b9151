package waiver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Mark begins a waiver in a comment:
//
//	# portcullis:waive RULE until=2026-12-31 owner=chat reason="why"
const Mark = "portcullis:waive"

// fromComments reads the waivers in comments. A module that is called twice has
// its comments in the sources twice.
func fromComments(sources *plan.Sources, mode Inline) (all []*gate.Waiver, problems []problem, ignored int) {
	read := map[plan.Range]bool{}
	for _, c := range sources.Comments(Mark) {
		if mode == InlineOff || mode == InlineOwn && c.Downloaded {
			if !read[c.Place] {
				ignored++
			}
			read[c.Place] = true
			continue
		}
		w, wrong := comment(&c)
		if wrong == "" {
			all = append(all, w)
		} else if !read[c.Place] {
			problems = append(problems, problem{rule: "malformed", message: wrong, place: c.Place})
		}
		read[c.Place] = true
	}
	return all, problems, ignored
}

func comment(c *plan.Comment) (*gate.Waiver, string) {
	rest := strings.TrimPrefix(c.Text, Mark)
	kind, address, _ := strings.Cut(c.Block, ".")
	switch {
	case rest == "" || rest[0] != ' ' && rest[0] != '\t':
		return nil, "the waiver names no rule: # " + Mark + ` RULE until=2026-12-31 owner=me reason="why"`
	case !slices.Contains([]string{"resource", "data", "provider", "module"}, kind):
		return nil, "the waiver stands beside no resource, provider or module: put it right above the block or into it"
	case kind != "resource":
		address = c.Block
	}
	texts, wrong := words(rest)
	if wrong != "" {
		return nil, wrong
	}
	w, wrong := build(texts, false)
	if wrong != "" {
		return nil, wrong
	}
	if c.Module != "" {
		address = "module." + strings.ReplaceAll(c.Module, ".", ".module.") + "." + address
	}
	w.Address, w.Inline, w.Place = address, true, c.Place
	return w, ""
}

// words reads RULE and name=value, in which a value with spaces is in quotes.
func words(text string) (map[string]string, string) {
	texts := map[string]string{}
	if !utf8.ValidString(text) {
		return nil, "the waiver is not UTF-8"
	}
	for rest := strings.TrimLeft(text, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		end := strings.IndexAny(rest, "= \t")
		if end < 0 {
			end = len(rest)
		}
		name := rest[:end]
		if rest = rest[end:]; !strings.HasPrefix(rest, "=") {
			if len(texts) > 0 {
				return nil, fmt.Sprintf("%q is no member: use until=, owner= and reason=, with quotes around a text of more than one word", name)
			}
			texts["rule"] = strings.TrimSpace(name)
			continue
		}
		if name != "until" && name != "owner" && name != "reason" || texts["rule"] == "" {
			return nil, fmt.Sprintf("%q is no member that can stand there: use RULE until= owner= reason=", name)
		}
		if texts[name] != "" {
			return nil, name + " is there twice"
		}
		value := ""
		if rest = rest[1:]; strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, "the quotes of " + name + " are not closed, or have an escape that does not exist in them"
			}
			if value, err = strconv.Unquote(quoted); err != nil {
				return nil, "the quotes of " + name + " have an escape in them that does not exist"
			}
			rest = rest[len(quoted):]
			if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
				return nil, "there is no space behind the quotes of " + name
			}
		} else {
			end := strings.IndexAny(rest, " \t")
			if end < 0 {
				end = len(rest)
			}
			value, rest = rest[:end], rest[end:]
		}
		texts[name] = strings.TrimSpace(value)
	}
	return texts, ""
}
