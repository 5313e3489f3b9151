// Package equivalent reads the lists of mutants that make no difference, each
// with the reason.
package equivalent

import (
	"fmt"
	"os"
	"strings"
)

// Read reads lines of the form "mutant = because reason"; those that begin with
// # are comments. Without a name of a file there are none.
func Read(file string) (map[string]string, error) {
	reasons := map[string]string{}
	if file == "" {
		return reasons, nil
	}
	data, err := os.ReadFile(file) // #nosec G304 -- the developer names the file
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, " = because ")
		if !ok || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: no reason in %q", file, line)
		}
		reasons[strings.TrimSpace(name)] = reason
	}
	return reasons, nil
}
