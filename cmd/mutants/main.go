// The command mutants changes the security code in small ways, one at a time,
// and runs the tests of the changed package. A change that no test notices is a
// gap in the tests: the command lists it and fails.
//
// Usage:
//
//	mutants [-equivalent file] [-list] folder...
//
// Changes that cannot make a difference stand in a file, each with the reason.
// An entry that fits no mutant, or one that the tests notice, is an error too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portcullis-chat/portcullis/internal/equivalent"
)

func main() {
	equivalentFile := flag.String("equivalent", "", "`file` of the mutants that make no difference")
	list := flag.Bool("list", false, "list the mutants and run none")
	workers := flag.Int("workers", runtime.NumCPU(), "how many run at once")
	limit := flag.Duration("timeout", time.Minute, "for the tests of one mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, flag.Args(), *equivalentFile, *list, *workers, *limit)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folders []string, equivalentFile string, list bool, workers int, limit time.Duration) error {
	reasons, err := equivalent.Read(equivalentFile)
	if err != nil {
		return err
	}
	var packages []*mutated
	known := map[string]bool{}
	for _, folder := range folders {
		p, err := mutate(folder)
		if err != nil {
			return err
		}
		packages = append(packages, p)
		for _, m := range p.mutants {
			known[m.String()] = true
			if list {
				fmt.Println(m)
			}
		}
	}
	if list {
		return nil
	}
	var wrong []string
	for name := range reasons {
		if !known[name] {
			wrong = append(wrong, "there is no such mutant (any more): "+name)
		}
	}
	work, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	var sum tally
	for i, p := range packages {
		if err := p.build(ctx, filepath.Join(work, fmt.Sprint(i))); err != nil {
			return err
		}
		start := time.Now()
		t := p.try(ctx, reasons, workers, limit)
		fmt.Printf("%-32s %s in %s\n", p.folder, t, time.Since(start).Round(time.Second))
		sum.noticed += t.noticed
		sum.equivalent += t.equivalent
		sum.survived += t.survived
		wrong = append(wrong, t.wrong...)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Println(sum)
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}

// tally is what became of mutants.
type tally struct {
	noticed, equivalent, survived int
	wrong                         []string
}

func (t tally) String() string {
	return fmt.Sprintf("%d mutants: %d noticed, %d make no difference, %d survived",
		t.noticed+t.equivalent+t.survived, t.noticed, t.equivalent, t.survived)
}

// try runs the tests with each mutant.
func (p *mutated) try(ctx context.Context, reasons map[string]string, workers int, limit time.Duration) tally {
	var (
		queue = make(chan mutant)
		wg    sync.WaitGroup
		mu    sync.Mutex
		t     tally
	)
	for range workers {
		wg.Go(func() {
			for m := range queue {
				noticed, err := p.test(ctx, m.id, limit)
				_, excused := reasons[m.String()]
				mu.Lock()
				switch {
				case err != nil:
					t.wrong = append(t.wrong, fmt.Sprintf("%s: %v", m, err))
				case noticed && excused:
					t.wrong = append(t.wrong, "makes a difference after all: "+m.String())
				case noticed:
					t.noticed++
				case excused:
					t.equivalent++
				default:
					t.survived++
					t.wrong = append(t.wrong, "survived: "+m.String())
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range p.mutants {
		select {
		case queue <- m:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
	return t
}
