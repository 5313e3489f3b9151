package faults

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// Calls stands before what serves AWS calls and lets those go wrong for which
// there is a fault. Whether the caller may make the call is not asked then.
func (s *Set) Calls(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.has(AWS) {
			next.ServeHTTP(w, r)
			return
		}
		call := awscall.Of(r)
		f := s.happens(AWS, func(f *Fault) bool { return f.matches(call, r) })
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		if f.Kind != Delay {
			// An SDK that is still sending would miss the answer, and one that goes
			// away is noticed only when all is read.
			_, _ = io.Copy(io.Discard, r.Body)
		}
		switch f.Kind {
		case Throttle:
			answer(w, r, call, services[call.Service].throttle(call.Operation))
		case Fail:
			answer(w, r, call, services[call.Service].fail)
		case Delay:
			select {
			case <-time.After(time.Duration(f.Delay)):
			case <-r.Context().Done():
			}
			next.ServeHTTP(w, r)
		case Hang:
			select {
			case <-r.Context().Done():
			case <-f.removed:
			}
			panic(http.ErrAbortHandler) // ends the connection without an answer
		}
	})
}

func (f *Fault) matches(call awscall.Call, r *http.Request) bool {
	if f.Service != call.Service || !f.matchesOperation(call.Operation) {
		return false
	}
	// A handshake may be signed for the service as well, and is no call.
	if call.Service == "execute-api" && call.Operation == "" {
		return false
	}
	if f.Resource == "" {
		return true
	}
	_, resource := awscall.REST(call.Service, r)
	resource, err := url.PathUnescape(resource)
	return err == nil && resource == f.Resource
}
