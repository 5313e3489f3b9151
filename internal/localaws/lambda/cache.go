package lambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cacheFor bounds how long an answer is believed, for writes that do not pass
// through the gateway (CloudFormation inside MiniStack).
const cacheFor = time.Minute

// cache keeps what MiniStack said about functions until they change.
type cache[V any] struct {
	load singleflight.Group

	mu         sync.Mutex
	generation map[string]int // by function name
	entries    map[string]map[string]cacheEntry[V]
}

type cacheEntry[V any] struct {
	value V
	until time.Time
}

func newCache[V any]() *cache[V] {
	return &cache[V]{generation: make(map[string]int), entries: make(map[string]map[string]cacheEntry[V])}
}

// get returns the value of key, which belongs to the function of that name. An
// answer that was under way when the function changed is used once, not kept.
// The load is shared by all who wait for it and therefore does not end with
// one caller's context.
func (c *cache[V]) get(ctx context.Context, name, key string, load func(context.Context) (V, error)) (V, error) {
	c.mu.Lock()
	entry, ok := c.entries[name][key]
	generation := c.generation[name]
	c.mu.Unlock()
	if ok && time.Now().Before(entry.until) {
		return entry.value, nil
	}

	loaded, err, _ := c.load.Do(fmt.Sprint(generation, " ", key), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		return load(ctx)
	})
	if err != nil {
		var none V
		return none, err
	}
	value := loaded.(V)

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation[name] != generation {
		return value, nil
	}
	if c.entries[name] == nil {
		c.entries[name] = make(map[string]cacheEntry[V])
	}
	c.entries[name][key] = cacheEntry[V]{value: value, until: time.Now().Add(cacheFor)}
	return value, nil
}

func (c *cache[V]) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation[name]++
	delete(c.entries, name)
}
