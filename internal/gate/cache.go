package gate

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// recent is how many results of functions on resources are kept, at least. OPA
// alone keeps all of them until a rule is done: several for each resource, which
// for a large plan is more than the plan. A rule asks for those of one resource
// shortly after each other.
const recent = 4096

// cache remembers what rules and functions gave. What the helpers gave for all
// resources together is remembered for the next rules, too.
type cache struct {
	frames []*frame // one more within each with
}

type frame struct {
	helpers, rule topdown.VirtualCache
	young, old    topdown.VirtualCache
	count         int // in young
}

func newCache() *cache {
	c := &cache{}
	c.Push()
	return c
}

// next makes it ready for another rule.
func (c *cache) next() {
	top := c.frames[len(c.frames)-1]
	helpers := top.helpers
	*top = *newFrame()
	top.helpers = helpers
}

func newFrame() *frame {
	return &frame{helpers: topdown.NewVirtualCache(), rule: topdown.NewVirtualCache(), young: topdown.NewVirtualCache(), old: topdown.NewVirtualCache()}
}

func (c *cache) Push() { c.frames = append(c.frames, newFrame()) }

func (c *cache) Pop() { c.frames = c.frames[:len(c.frames)-1] }

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
	if term, undefined := top.young.Get(key); term != nil || undefined {
		return term, undefined
	}
	return top.old.Get(key)
}

// Put is that of topdown.VirtualCache.
func (c *cache) Put(key ast.Ref, value *ast.Term) {
	top := c.frames[len(c.frames)-1]
	if !ofResource(key) {
		top.lasting(key).Put(key, value)
		return
	}
	if top.count == recent {
		top.old, top.young, top.count = top.young, topdown.NewVirtualCache(), 0
	}
	top.count++
	top.young.Put(key, value)
}

// Keys is that of topdown.VirtualCache.
func (c *cache) Keys() []ast.Ref {
	top := c.frames[len(c.frames)-1]
	var all []ast.Ref
	for _, part := range []topdown.VirtualCache{top.helpers, top.rule, top.young, top.old} {
		all = append(all, part.Keys()...)
	}
	return all
}
