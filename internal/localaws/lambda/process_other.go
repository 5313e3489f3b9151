//go:build !linux

package lambda

import (
	"errors"
	"os"
)

type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

func (*spawner) stop() {}

type process struct{ exited chan struct{} }

// start refuses: the functions are Linux programs.
func (*spawner) start(string, []string, *os.File) (*process, error) {
	return nil, errors.New("functions for provided.al2023 run on Linux only")
}

func (*process) pid() int           { return 0 }
func (*process) kill()              {}
func (*process) dying() bool        { return true }
func (*process) state() string      { return "" }
func (*process) peakMemory() int64  { return 0 }
func (*process) groupMemory() int64 { return 0 }
func (*process) lastMemory() int64  { return 0 }
