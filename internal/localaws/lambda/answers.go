package lambda

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// recorder keeps an answer until it may be sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: make(http.Header)} }

// recorded is an error as an answer.
func recorded(f *apierr.Error) *recorder {
	answer := newRecorder()
	f.Send(answer)
	return answer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = slices.Clone(values)
	}
	r.WriteHeader(http.StatusOK)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) //nolint:gosec // JSON of the emulator or of this package, with its type
}
