// Package ministack installs and runs MiniStack, the open emulator that serves
// every AWS API of the local stack that the stack does not serve itself.
package ministack

import (
	"context"
	_ "embed"

	"github.com/portcullis-chat/portcullis/internal/pyenv"
)

// Version is the pinned release of MiniStack.
const Version = "1.5.33"

// requirements pins MiniStack and what it needs by version and hash.
// Two are no hard dependencies of MiniStack: without cryptography Cognito's
// tokens carry random bytes instead of a signature, and without cbor2 CloudWatch
// takes the requests of newer SDKs for empty ones.
//
//go:embed requirements.txt
var requirements string

// Install makes sure that the pinned MiniStack is in a virtual environment of
// its own below cacheDir and returns that environment's interpreter. Several
// processes may call Install at once.
func Install(ctx context.Context, cacheDir string, progress func(string)) (string, error) {
	return pyenv.Environment{Name: "ministack-" + Version, Requirements: requirements}.Install(ctx, cacheDir, progress)
}
