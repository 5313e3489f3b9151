package plan

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Comment is a line of a comment in a source.
type Comment struct {
	Module string // key of the module that the file is of
	// Block is the outermost block that the comment is in, or right above:
	// resource.aws_sqs_queue.jobs, provider.aws.west. It is "" where there is none.
	Block string
	Text  string // from the mark on
	// Downloaded tells of a module that is not part of the configuration's own
	// repository, as far as one can tell: init has fetched it.
	Downloaded bool
	Place      Range
}

// Comments gives the lines of comments that begin with a mark, which has to be
// more than white space. Files in JSON have no comments.
func (s *Sources) Comments(mark string) []Comment {
	var all []Comment
	for key, m := range s.modules {
		for file, body := range m.files {
			if !strings.HasSuffix(file, ".json") && bytes.Contains(body, []byte(mark)) && !hostile(body) {
				all = append(all, s.module(key).comments(key, file, body, mark)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b Comment) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column), cmp.Compare(a.Module, b.Module))
	})
	return all
}

func (m *moduleSource) comments(key, file string, body []byte, mark string) []Comment {
	tokens, _ := hclsyntax.LexConfig(body, file, hcl.InitialPos)
	type line struct {
		text string
		at   Range
	}
	var found []line
	commented := map[int]bool{} // lines with nothing but a comment
	for i, token := range tokens {
		if token.Type != hclsyntax.TokenComment {
			continue
		}
		alone := i == 0 || tokens[i-1].Range.End.Line < token.Range.Start.Line || tokens[i-1].Type == hclsyntax.TokenComment || tokens[i-1].Type == hclsyntax.TokenNewline
		for n, text := range strings.Split(strings.TrimRight(string(token.Bytes), "\r\n"), "\n") {
			number, before := token.Range.Start.Line+n, 1
			if n == 0 {
				before = token.Range.Start.Column
			}
			commented[number] = commented[number] || alone || n > 0
			bare := strings.TrimLeft(text, "#/* \t")
			if !strings.HasPrefix(bare, mark) {
				continue
			}
			column := before + len(text) - len(bare)
			bare = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(bare, " \t\r"), "*/"), " \t")
			found = append(found, line{bare, m.at(file, hcl.Range{Start: hcl.Pos{Line: number, Column: column}, End: hcl.Pos{Line: number, Column: column + len([]rune(bare))}})})
		}
	}
	var all []Comment
	for _, l := range found {
		all = append(all, Comment{Module: key, Block: m.beside(file, l.at.Line, commented), Text: l.text, Downloaded: Downloaded(l.at), Place: l.at})
	}
	return all
}

// beside finds the block that a line is in, or that begins right below the
// comments around the line.
func (m *moduleSource) beside(file string, line int, commented map[int]bool) string {
	below := line
	for commented[below] {
		below++
	}
	for name, blocks := range m.blocks {
		for _, b := range blocks {
			if b.file != file || b.body == nil {
				continue
			}
			first, last := b.head.Start.Line, b.body.EndRange.End.Line
			if first <= line && line <= last || commented[line] && below == first {
				if alias := Alias(b.body); strings.HasPrefix(name, "provider.") && alias != "" {
					return name + "." + alias
				}
				return name
			}
		}
	}
	return ""
}
