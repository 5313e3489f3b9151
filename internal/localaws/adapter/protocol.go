package adapter

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A service with several protocols has its calls read into, and its answers
// written from, the values that encoding/json makes of JSON: float64, string,
// bool, []any and map[string]any.

// memberTypes are the members of a service's shapes, by name, that are not told
// from strings in a form, or not from other numbers in CBOR.
type memberTypes struct {
	integers, floats, booleans []string
	// timestamps are in seconds since 1970.
	timestamps []string
}

// parameters reads what a call was given.
func (c *call) parameters(types memberTypes) (map[string]any, error) {
	body, err := c.plain()
	if err != nil {
		return nil, err
	}
	tree := map[string]any{}
	switch protocolOf(c.request, c.Service) {
	case cborProtocol:
		if err := cborDecoding.Unmarshal(body, &tree); err != nil {
			return nil, err
		}
		return throughJSON(tree)
	case queryProtocol:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		for name, values := range form {
			value, err := types.parse(name[strings.LastIndex(name, ".")+1:], values[0])
			if err != nil {
				return nil, err
			}
			if err := plant(tree, strings.Split(name, "."), value); err != nil {
				return nil, err
			}
		}
		listed, _ := lists(tree).(map[string]any)
		return listed, nil
	default:
		return tree, json.Unmarshal(body, &tree)
	}
}

// plain is the body without the compression that SDKs use for metrics.
func (c *call) plain() ([]byte, error) {
	if c.request.Header.Get("Content-Encoding") != "gzip" {
		return c.body, nil
	}
	zipped, err := gzip.NewReader(bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(zipped, maxBody))
}

var cborDecoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return mode
}()

// throughJSON gives a tree the types of encoding/json.
func throughJSON(tree map[string]any) (map[string]any, error) {
	data, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	return tree, json.Unmarshal(data, &tree)
}

// parse gives a member of a form its type.
func (t memberTypes) parse(member, text string) (any, error) {
	switch {
	case slices.Contains(t.integers, member), slices.Contains(t.floats, member):
		return strconv.ParseFloat(text, 64)
	case slices.Contains(t.booleans, member):
		return strconv.ParseBool(text)
	default:
		return text, nil
	}
}

// plant puts a value into a tree of maps.
func plant(tree map[string]any, path []string, value any) error {
	for _, name := range path[:len(path)-1] {
		next, ok := tree[name]
		if !ok {
			next = map[string]any{}
			tree[name] = next
		}
		if tree, ok = next.(map[string]any); !ok {
			return fmt.Errorf("%s is a value and has members", name)
		}
	}
	tree[path[len(path)-1]] = value
	return nil
}

// lists makes lists of what a form writes as member.1, member.2 and so on. An
// empty list is written as an empty value.
func lists(value any) any {
	tree, ok := value.(map[string]any)
	if !ok {
		return value
	}
	if members, ok := tree["member"].(map[string]any); ok && len(tree) == 1 {
		list := []any{}
		for i := 1; i <= len(members); i++ {
			if member, ok := members[strconv.Itoa(i)]; ok {
				list = append(list, lists(member))
			}
		}
		return list
	}
	for name, member := range tree {
		tree[name] = lists(member)
	}
	return tree
}

// reply writes the result of a call in the call's protocol.
func (c *call) reply(result map[string]any, types memberTypes, namespace string) (*answer, error) {
	switch protocolOf(c.request, c.Service) {
	case cborProtocol:
		data, err := cbor.Marshal(types.cbor("", result))
		if err != nil {
			return nil, err
		}
		given := newAnswer(http.StatusOK, "application/cbor", data)
		given.header.Set("Smithy-Protocol", "rpc-v2-cbor")
		return given, nil
	case queryProtocol:
		var b strings.Builder
		encoder := xml.NewEncoder(&b)
		name := c.Operation + "Response"
		err := encoder.Encode(xmlTree{name, namespace, map[string]any{
			c.Operation + "Result": result,
			"ResponseMetadata":     map[string]any{"RequestId": newRequestID()},
		}, types})
		return newAnswer(http.StatusOK, "text/xml", []byte(xml.Header+b.String())), err
	default:
		return jsonAnswer(result), nil
	}
}

// cbor gives numbers the types that decoders of Smithy's shapes want.
func (t memberTypes) cbor(member string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			if inner != nil {
				out[name] = t.cbor(name, inner)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = t.cbor("", inner)
		}
		return out
	case float64:
		switch {
		case slices.Contains(t.timestamps, member):
			return cbor.Tag{Number: 1, Content: v}
		case v == math.Trunc(v) && !slices.Contains(t.floats, member):
			return int64(v)
		}
	}
	return value
}

// xmlTree writes a tree as the query protocol does.
type xmlTree struct {
	name, namespace string
	value           any
	types           memberTypes
}

// MarshalXML implements xml.Marshaler.
func (t xmlTree) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: xml.Name{Local: t.name}}
	if t.namespace != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: t.namespace}}
	}
	text := ""
	var inner []xmlTree
	switch v := t.value.(type) {
	case nil:
		return nil
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner = append(inner, xmlTree{name, "", v[name], t.types})
		}
	case []any:
		for _, member := range v {
			inner = append(inner, xmlTree{"member", "", member, t.types})
		}
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
		if slices.Contains(t.types.timestamps, t.name) {
			text = time.UnixMilli(int64(v * 1000)).UTC().Format("2006-01-02T15:04:05.000Z")
		}
	default:
		text = fmt.Sprint(v)
	}
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, element := range inner {
		if err := element.MarshalXML(e, xml.StartElement{}); err != nil {
			return err
		}
	}
	if err := e.EncodeToken(xml.CharData(text)); err != nil {
		return err
	}
	return e.EncodeToken(start.End())
}
