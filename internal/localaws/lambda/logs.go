package lambda

import (
	"fmt"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

// newStream names the log stream of a sandbox as Lambda does.
func newStream(logs *logship.Shipper, v *version) *logship.Stream {
	name := fmt.Sprintf("%s/[%s]%x", time.Now().UTC().Format("2006/01/02"), v.number, randomBytes(16))
	return logs.Stream(v.region, v.logging.group, name)
}

// logsLost remembers lines that could not be sent to a log group.
func (p *problems) logsLost(group, reason string, events int) {
	p.add("log group "+group, "log lines lost: "+reason, events)
}
