package normal

import (
	"bytes"
	"hash/maphash"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads the values of a plan, which has been read as a whole before, so
// that there is no name twice in an object. It leaves the nulls out of objects:
// null is how a plan says that an attribute is not set. In lists they keep their
// places.
type decoder struct {
	needs *Needs
	from  *jsontext.Decoder
	seed  maphash.Seed
	// words are the last texts by their hashes: the resources of a large plan have
	// the same ones again and again.
	words [1 << 13]string
}

func newDecoder(needs *Needs) *decoder {
	return &decoder{needs: needs, from: jsontext.NewDecoder(new(bytes.Buffer)), seed: maphash.MakeSeed()}
}

// attributes reads the attributes of a type that are needed. It is nil for what
// is no object.
func (d *decoder) attributes(typ string, raw jsontext.Value) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d.begin(raw)
	if raw.Kind() != '{' {
		return d.value()
	}
	return d.object(func(name string) bool { return d.needs.wants(typ, name) })
}

// members reads the members of an object that are wanted.
func (d *decoder) members(raw jsontext.Value, wants func(name string) bool) (map[string]any, error) {
	d.begin(raw)
	return d.object(wants)
}

func (d *decoder) begin(raw jsontext.Value) {
	d.from.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
}

// object reads the object that comes next.
func (d *decoder) object(wants func(name string) bool) (map[string]any, error) {
	if _, err := d.from.ReadToken(); err != nil {
		return nil, err
	}
	all := map[string]any{}
	for d.from.PeekKind() != '}' {
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.from.PeekKind() == 'n' || wants != nil && !wants(name) {
			if err := d.from.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if all[name], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.from.ReadToken()
	return all, err
}

func (d *decoder) value() (any, error) {
	switch d.from.PeekKind() {
	case '{':
		return d.object(nil)
	case '[':
		if _, err := d.from.ReadToken(); err != nil {
			return nil, err
		}
		all := []any{}
		for d.from.PeekKind() != ']' {
			one, err := d.value()
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		_, err := d.from.ReadToken()
		return all, err
	case '"':
		return d.text()
	case '0':
		raw, err := d.from.ReadValue()
		if err != nil {
			return nil, err
		}
		return strconv.ParseFloat(string(raw), 64)
	}
	token, err := d.from.ReadToken()
	if err != nil || token.Kind() == 'n' {
		return nil, err
	}
	return token.Bool(), nil
}

// text reads the text that comes next.
func (d *decoder) text() (string, error) {
	raw, err := d.from.ReadValue()
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return d.word(raw[1 : len(raw)-1]), nil
	}
	plain, err := jsontext.AppendUnquote(nil, raw)
	return string(plain), err
}

// word gives the same text as before for the same bytes.
func (d *decoder) word(plain []byte) string {
	if len(plain) > 256 {
		return string(plain)
	}
	known := &d.words[maphash.Bytes(d.seed, plain)%uint64(len(d.words))]
	if *known != string(plain) {
		*known = string(plain)
	}
	return *known
}

// same gives the text that was there before.
func (d *decoder) same(text string) string {
	known := &d.words[maphash.String(d.seed, text)%uint64(len(d.words))]
	if *known != text {
		*known = text
	}
	return *known
}
