package dataplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// selectionVariable is `$request.body.path`, `${request.body.path}` or an
// escaped dollar sign. A path is what the control plane accepts: names with
// indexes, separated by dots.
var selectionVariable = regexp.MustCompile(`\\\$|\$\{request\.body\.(` + apigw.BodyPath + `)\}|\$request\.body\.(` + apigw.BodyPath + `)`)

// selectRoute returns the route for a message: the one whose key is exactly
// the evaluated selection expression, otherwise $default, otherwise nil
// (developer guide, websocket-api-develop-routes). A message can name neither
// $connect nor $disconnect nor $default: such a value matches no route.
func selectRoute(d *apigw.Deployment, message []byte) *apigw.Route {
	key, ok := evaluateSelection(d.RouteSelectionExpression, message)
	if ok && !strings.HasPrefix(key, "$") {
		if route := d.Routes[key]; route != nil {
			return route
		}
	}
	return d.Routes["$default"]
}

// evaluateSelection fills the variables of a route selection expression from a
// JSON message. A path that leads nowhere is the empty string. It reports
// false when the message is not JSON.
func evaluateSelection(expression string, message []byte) (string, bool) {
	var body any
	decoder := json.NewDecoder(bytes.NewReader(message))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		return "", false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) { // something follows
		return "", false
	}
	var key strings.Builder
	at := 0
	for _, found := range selectionVariable.FindAllStringSubmatchIndex(expression, -1) {
		key.WriteString(expression[at:found[0]])
		at = found[1]
		switch {
		case found[2] >= 0:
			key.WriteString(selectionString(lookUp(body, expression[found[2]:found[3]])))
		case found[4] >= 0:
			key.WriteString(selectionString(lookUp(body, expression[found[4]:found[5]])))
		default: // an escaped dollar sign
			key.WriteByte('$')
		}
	}
	key.WriteString(expression[at:])
	return key.String(), true
}

// lookUp follows a dotted path with optional [n] indexes.
func lookUp(value any, path string) any {
	for _, step := range strings.Split(path, ".") {
		name, indexes, _ := strings.Cut(step, "[")
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
		if indexes == "" {
			continue
		}
		for _, index := range strings.Split(strings.TrimSuffix(indexes, "]"), "][") {
			list, ok := value.([]any)
			n, err := strconv.Atoi(index)
			if !ok || err != nil || n < 0 || n >= len(list) {
				return nil
			}
			value = list[n]
		}
	}
	return value
}

// selectionString is how API Gateway turns a JSON value into a route key.
func selectionString(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = selectionString(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		encoded, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(encoded)
	default:
		return fmt.Sprint(v)
	}
}
