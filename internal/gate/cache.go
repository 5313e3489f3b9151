package gate

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// recent is how many results of functions on resources are kept, at most. OPA
// alone keeps all of them until a rule is done: several for each resource, which
// for a large plan is more than the plan. A rule asks for those of one resource
// shortly after each other.
const recent = 1 << 13

// cache remembers what rules and functions gave. What the helpers gave for all
// resources together is remembered for the next rules, too.
type cache struct {
	frames  []*frame // one more within each with
	results int      // that a frame keeps of functions on resources
	rule    int      // number of the rule
}

type frame struct {
	helpers, rule topdown.VirtualCache
	// ofResources has the result of a key in the place that its hash gives, until
	// another one comes there.
	ofResources []result
}

// result is what a rule got for a key; nil is undefined.
type result struct {
	key   ast.Ref
	value *ast.Term
	rule  int
}

// newCache gives one for a plan of so many resources.
func newCache(resources int) *cache {
	c := &cache{results: 1 << 8}
	for c.results < min(recent, 16*resources) {
		c.results *= 2
	}
	c.Push()
	return c
}

// next makes it ready for another rule.
func (c *cache) next() {
	c.frames[len(c.frames)-1].rule = topdown.NewVirtualCache()
	c.rule++
}

func (c *cache) Push() {
	c.frames = append(c.frames, &frame{helpers: topdown.NewVirtualCache(), rule: topdown.NewVirtualCache()})
}

func (c *cache) Pop() { c.frames = c.frames[:len(c.frames)-1] }

// place is where the result for a key is, or would be.
func (c *cache) place(f *frame, key ast.Ref) *result {
	if f.ofResources == nil {
		f.ofResources = make([]result, c.results)
	}
	hash := uint64(key.Hash()) * 0x9E3779B97F4A7C15 // by 2^64 / the golden ratio: its upper bits are of all bits
	return &f.ofResources[hash>>32%uint64(len(f.ofResources))]
}

// ofResource tells whether a key is that of a function on a resource, or on
// something else from the input.
func ofResource(key ast.Ref) bool {
	for _, term := range key[1:] {
		switch v := term.Value.(type) {
		case ast.Object:
			return true
		case *ast.Array:
			if v.Until(composite) {
				return true
			}
		case ast.Set:
			if v.Until(composite) {
				return true
			}
		}
	}
	return false
}

func composite(term *ast.Term) bool { return !ast.IsScalar(term.Value) }

// lasting gives the cache of what is not about one resource.
func (f *frame) lasting(key ast.Ref) topdown.VirtualCache {
	if key.HasPrefix(libRoot) {
		return f.helpers
	}
	return f.rule
}

// Get is that of topdown.VirtualCache.
func (c *cache) Get(key ast.Ref) (*ast.Term, bool) {
	top := c.frames[len(c.frames)-1]
	if !ofResource(key) {
		return top.lasting(key).Get(key)
	}
	known := c.place(top, key)
	if known.rule != c.rule || !known.key.Equal(key) {
		return nil, false
	}
	return known.value, known.value == nil
}

// Put is that of topdown.VirtualCache.
func (c *cache) Put(key ast.Ref, value *ast.Term) {
	top := c.frames[len(c.frames)-1]
	if !ofResource(key) {
		top.lasting(key).Put(key, value)
		return
	}
	known := c.place(top, key)
	known.key, known.value, known.rule = append(known.key[:0], key...), value, c.rule
}

// Keys is that of topdown.VirtualCache.
func (c *cache) Keys() []ast.Ref {
	top := c.frames[len(c.frames)-1]
	all := append(top.helpers.Keys(), top.rule.Keys()...)
	for _, known := range top.ofResources {
		if known.rule == c.rule && known.value != nil {
			all = append(all, known.key)
		}
	}
	return all
}
