package tfmutants

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Run is one run block of a module's tests, in a file of its own.
type Run struct {
	// Name is the run's.
	Name string
	// File is relative to the module's folder.
	File string
	// words are those of its text.
	words map[string]bool
}

// Split puts each run of the tests in a module's folder into a file of its own,
// with all of the file but the other runs, so that each can be asked alone. A run
// may then not build on what one before it has applied.
func Split(dir string) ([]Run, error) {
	files, err := filepath.Glob(filepath.Join(dir, "tests", "*.tftest.hcl"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s has no tests (%w)", dir, err)
	}
	var runs []Run
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, diagnostics := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		var common strings.Builder
		var blocks []*hclsyntax.Block
		for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
			if block.Type == "run" {
				blocks = append(blocks, block)
			} else {
				common.Write(block.Range().SliceBytes(text))
				common.WriteString("\n")
			}
		}
		if err := os.Remove(file); err != nil {
			return nil, err
		}
		for _, block := range blocks {
			run := string(block.Range().SliceBytes(text))
			name := block.Labels[0]
			alone := filepath.Join("tests", strings.TrimSuffix(filepath.Base(file), ".tftest.hcl")+"-"+name+".tftest.hcl")
			if err := os.WriteFile(filepath.Join(dir, alone), []byte(common.String()+run+"\n"), 0o600); err != nil {
				return nil, err
			}
			runs = append(runs, Run{Name: name, File: alone, words: words(run)})
		}
	}
	return runs, nil
}

// Likely returns the runs with those first that are most likely to notice a
// mutant: those that have words of what was changed which few others have.
func Likely(runs []Run, m Mutant) []Run {
	in := map[string]int{}
	for _, run := range runs {
		for word := range run.words {
			in[word]++
		}
	}
	scores := map[string]float64{}
	for _, run := range runs {
		for word := range words(m.About) {
			if run.words[word] {
				scores[run.File] += math.Log(float64(len(runs)) / float64(in[word]))
			}
		}
	}
	ordered := slices.Clone(runs)
	slices.SortStableFunc(ordered, func(a, b Run) int { return cmp.Compare(scores[b.File], scores[a.File]) })
	return ordered
}

var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]+`)

func words(text string) map[string]bool {
	found := map[string]bool{}
	for _, w := range word.FindAllString(text, -1) {
		found[w] = true
	}
	return found
}
