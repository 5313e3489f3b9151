package dataplane

import (
	"bytes"
	jsonv1 "encoding/json"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// encode writes an event as API Gateway does, without HTML's escapes.
func encode(ev event) ([]byte, error) {
	var b bytes.Buffer
	encoder := jsonv1.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(ev)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// decode reads what a function returned. Names must have their exact case, as
// for API Gateway; encoding/json would take StatusCode for statusCode, and what
// works here would fail on AWS.
func decode(data []byte, into any) error {
	return json.Unmarshal(data, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
