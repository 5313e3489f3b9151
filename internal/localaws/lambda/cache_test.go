package lambda

import (
	"context"
	"testing"
)

func TestAnAnswerFromBeforeAChangeIsNotKept(t *testing.T) {
	c := newCache[int]()
	value, err := c.get(t.Context(), "f", "key", func(context.Context) (int, error) {
		c.forget("f") // the function changes while the answer is under way
		return 1, nil
	})
	if value != 1 || err != nil {
		t.Errorf("got %d, %v", value, err)
	}
	second := func(context.Context) (int, error) { return 2, nil }
	if value, _ := c.get(t.Context(), "f", "key", second); value != 2 {
		t.Errorf("got %d after the change", value)
	}
	third := func(context.Context) (int, error) { return 3, nil }
	if value, _ := c.get(t.Context(), "f", "key", third); value != 2 {
		t.Errorf("got %d instead of what is kept", value)
	}
	c.forget("g")
	if value, _ := c.get(t.Context(), "f", "key", third); value != 2 {
		t.Errorf("got %d after another function's change", value)
	}
}
