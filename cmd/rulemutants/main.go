// Command rulemutants changes the gate's rules in small ways, one at a time, and
// judges the fixtures by each: policies/testdata, and the tests in Rego. A change
// that makes no difference there is a condition, a name in a list or a limit of
// which no case shows what it is for. The command lists it and fails:
//
//	rulemutants [-equivalent file] [group | group/name …]
//
// Without names it takes all rules. Changes that cannot make a difference stand
// in a file, each with the reason; an entry that fits no mutant, or one that is
// noticed, is an error too. What does not compile is no mutant.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/portcullis-chat/portcullis/internal/equivalent"
	"github.com/portcullis-chat/portcullis/policies"
)

func main() {
	file := flag.String("equivalent", "", "`file` of the mutants that make no difference")
	flag.Parse()
	if err := run(context.Background(), *file, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tally is what became of the mutants of a group.
type tally struct {
	noticed, equivalent int
	survived            []string
	wrong               []string
}

func run(ctx context.Context, equivalentFile string, asked []string) error {
	reasons, err := equivalent.Read(equivalentFile)
	if err != nil {
		return err
	}
	fixtures, err := read(ctx)
	if err != nil {
		return err
	}
	files, err := fs.Glob(policies.FS, "*/*.rego")
	if err != nil {
		return err
	}
	byGroup := map[string][]string{}
	for _, file := range files {
		group := path.Dir(file)
		chosen := len(asked) == 0 || slices.Contains(asked, group) || slices.Contains(asked, ruleOf(file))
		if group != "lib" && chosen && !strings.HasSuffix(file, "_test.rego") {
			byGroup[group] = append(byGroup[group], file)
		}
	}
	if len(byGroup) == 0 {
		return fmt.Errorf("there is no rule %s", strings.Join(asked, ", "))
	}
	tallies := make(chan tally, len(byGroup))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for group, files := range byGroup {
		work.Go(func() error {
			t, err := try(ctx, group, files, fixtures, reasons)
			tallies <- t
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	close(tallies)
	return sum(tallies)
}

func sum(tallies <-chan tally) error {
	var all tally
	for t := range tallies {
		all.noticed += t.noticed
		all.equivalent += t.equivalent
		all.survived = append(all.survived, t.survived...)
		all.wrong = append(all.wrong, t.wrong...)
	}
	fmt.Printf("%d mutants: %d noticed, %d make no difference, %d survived\n",
		all.noticed+all.equivalent+len(all.survived), all.noticed, all.equivalent, len(all.survived))
	for _, name := range all.survived {
		all.wrong = append(all.wrong, "survived: "+name)
	}
	if len(all.wrong) > 0 {
		slices.Sort(all.wrong)
		return errors.New(strings.Join(all.wrong, "\n"))
	}
	return nil
}

// ruleOf is the id of the rule in a file.
func ruleOf(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".rego"), "_", "-")
}
