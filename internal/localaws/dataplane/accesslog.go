package dataplane

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// accessVariable is a variable in an access log format.
var accessVariable = regexp.MustCompile(`\$context\.[A-Za-z0-9_.]*[A-Za-z0-9_]`)

// logAccess writes the access log line of a request.
func (g *Gateway) logAccess(stage apigw.Stage, r record, err error) {
	if stage.AccessLog != nil {
		g.cfg.Logs.Put(stage.Region, groupOf(stage.AccessLog.DestinationARN), streamOf(stage), r.render(stage.AccessLog.Format, err))
	}
}

// render fills an access log format. A variable without a value is "-".
func (r *record) render(format string, err error) string {
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
	return accessVariable.ReplaceAllStringFunc(format, func(variable string) string {
		if value := values[strings.TrimPrefix(variable, "$context.")]; value != "" {
			return value
		}
		return "-"
	})
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
