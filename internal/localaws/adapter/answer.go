package adapter

import (
	"bytes"
	"maps"
	"net/http"
)

// answer is a response that has not been sent. It is the http.ResponseWriter
// for what comes from MiniStack.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newAnswer(status int, contentType string, body []byte) *answer {
	a := &answer{status: status, header: http.Header{"Content-Type": {contentType}}}
	a.body.Write(body)
	return a
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *answer) ok() bool { return a.status/100 == 2 }

// replace gives the answer another body.
func (a *answer) replace(body []byte) {
	a.body.Reset()
	a.body.Write(body)
	a.header.Del("Content-Length")
	a.header.Del("X-Amz-Crc32") // DynamoDB's, of the body that was
}

func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	a.WriteHeader(http.StatusOK)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
}

// passing lets an answer through as it comes, but holds one back that may say
// that MiniStack does not serve the operation.
type passing struct {
	http.ResponseWriter
	started bool
	held    *answer
}

func (p *passing) WriteHeader(status int) {
	if p.started || p.held != nil {
		return
	}
	if mayBeUnknown(status) {
		p.held = &answer{header: p.Header().Clone()}
		p.held.WriteHeader(status)
		return
	}
	p.started = status >= http.StatusOK
	p.ResponseWriter.WriteHeader(status)
}

func (p *passing) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if p.held != nil {
		return p.held.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// FlushError sends what was written, unless it is held back.
func (p *passing) FlushError() error {
	if p.held != nil {
		return nil
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (p *passing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// jsonAnswer is a success of a JSON protocol.
func jsonAnswer(body any) *answer {
	given := newAnswer(http.StatusOK, "application/x-amz-json-1.1", mustJSON(body))
	given.header.Set("X-Amzn-Requestid", newRequestID())
	return given
}
