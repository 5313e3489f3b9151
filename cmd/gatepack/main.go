// Gatepack compiles the gate's rules into the file that the command carries, so
// that a small plan does not wait for them. With -check it writes nothing and
// says whether the file is out of date.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/policies"
)

func main() {
	check := flag.Bool("check", false, "compare only")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "gatepack: name the file to write")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "gatepack:", err)
		os.Exit(1)
	}
}

func run(file string, check bool) error {
	packed, err := gate.Pack(policies.FS)
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, packed) {
		return nil
	}
	if check {
		return errors.New(file + " is out of date")
	}
	return os.WriteFile(file, packed, 0o600)
}
