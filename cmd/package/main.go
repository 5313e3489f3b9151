// Package builds the zips of the chat's functions into <out>/<architecture>,
// the folder a module's input package_dir names. Main packages that are given as
// arguments, ./functions/one ./functions/two, are built instead, of whatever Go
// module it is run in.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/packaging"
)

func main() {
	out := flag.String("out", "dist", "folder in which a folder for each architecture is made")
	arch := flag.String("arch", "arm64,x86_64", "architectures, separated by commas: arm64, x86_64, host (this machine's)")
	flag.Parse()
	if err := run(*out, strings.Split(*arch, ","), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func run(out string, names, packages []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(packages) == 0 {
		packages = packaging.Functions()
	}
	for _, name := range names {
		arch, err := packaging.ParseArch(strings.TrimSpace(name))
		if err != nil {
			return err
		}
		folder := filepath.Join(out, string(arch))
		artifacts, err := packaging.Build(ctx, ".", folder, arch, packages)
		if err != nil {
			return err
		}
		for _, a := range artifacts {
			fmt.Printf("%s  %8.2f MB  %s\n", a.SHA256, float64(a.Size)/1e6, filepath.Join(folder, a.Name))
		}
	}
	return nil
}
