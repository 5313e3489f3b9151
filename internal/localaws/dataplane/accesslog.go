package dataplane

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// accessVariable is a variable in an access log format.
var accessVariable = regexp.MustCompile(`\$context\.[A-Za-z0-9_.]*[A-Za-z0-9_]`)

// maxFormats bounds how many formats are kept in parts.
const maxFormats = 100

// formats are access log formats in parts: every second one, from the second on,
// is the name of a variable. To find them takes longer than to fill them.
type formats struct {
	mu    sync.Mutex
	known map[string][]string
}

func (f *formats) parts(format string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	parts, ok := f.known[format]
	if ok {
		return parts
	}
	at := 0
	for _, found := range accessVariable.FindAllStringIndex(format, -1) {
		parts = append(parts, format[at:found[0]], strings.TrimPrefix(format[found[0]:found[1]], "$context."))
		at = found[1]
	}
	parts = append(parts, format[at:])
	if len(f.known) >= maxFormats {
		clear(f.known)
	}
	f.known[format] = parts
	return parts
}

// logAccess writes the access log line of a request.
func (g *Gateway) logAccess(stage apigw.Stage, r record, err error) {
	if stage.AccessLog != nil {
		g.cfg.Logs.Put(stage.Region, groupOf(stage.AccessLog.DestinationARN), streamOf(stage), r.render(g.formats.parts(stage.AccessLog.Format), err))
	}
}

// render fills an access log format in parts. A variable without a value is "-".
func (r *record) render(parts []string, err error) string {
	values := r.context.variables()
	maps.Copy(values, r.outcomes)
	if r.status != 0 {
		values["status"] = strconv.Itoa(r.status)
	}
	if message, kind := r.failure(err); kind != "" {
		values["error.message"] = message
		values["error.messageString"] = strconv.Quote(message)
		values["error.responseType"] = kind
	}
	var line strings.Builder
	for i, part := range parts {
		switch value := values[part]; {
		case i%2 == 0:
			line.WriteString(part)
		case value == "":
			line.WriteByte('-')
		default:
			line.WriteString(value)
		}
	}
	return line.String()
}

// groupOf returns the name of a log group from its ARN, with or without ":*".
func groupOf(arn string) string {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) < 7 {
		return arn
	}
	return strings.TrimSuffix(parts[6], ":*")
}

// streamOf is the log stream of a stage. AWS writes to many streams, whose names
// have the same form and no documented meaning.
func streamOf(stage apigw.Stage) string {
	sum := sha256.Sum256([]byte(stage.APIID + "/" + stage.Name))
	return hex.EncodeToString(sum[:16])
}
