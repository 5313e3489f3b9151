package ratio_test

import (
	"testing"

	"github.com/portcullis-chat/portcullis/test/ratio"
)

var sink int

func work(n int) func() {
	return func() {
		for i := range n {
			sink ^= i * i
		}
	}
}

func TestARatioIsThatOfTheWork(t *testing.T) {
	if got := ratio.Of(20, work(30_000), work(10_000)); got < 2 || got > 4.5 {
		t.Errorf("three times the work takes %.2f times as long", got)
	}
	if got := ratio.Of(20, work(10_000), work(10_000)); got < 0.6 || got > 1.6 {
		t.Errorf("the same work takes %.2f times as long", got)
	}
}
