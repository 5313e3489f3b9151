package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// Where the stack serves Handler.
const (
	Path      = "/_portcullis/faults"
	ClockPath = "/_portcullis/clock"
)

// maxBody bounds a request, in bytes.
const maxBody = 64 << 10

// ClockState is what a clock says of itself.
type ClockState struct {
	Now   time.Time `json:"now"`
	Ahead Duration  `json:"ahead"`
}

// move is what moves a clock.
type move struct {
	Forward Duration `json:"forward"`
}

// Handler serves the administration of faults and of the clock.
//
//	GET    /_portcullis/faults        the faults
//	POST   /_portcullis/faults        add one: a Fault
//	DELETE /_portcullis/faults        remove all
//	GET    /_portcullis/faults/{id}   one
//	DELETE /_portcullis/faults/{id}   remove it
//	GET    /_portcullis/clock         how far the clock is ahead
//	POST   /_portcullis/clock         move it: {"forward":"11m"}
//
// Who may come in is for the stack's door to say. Beyond that, nothing that a
// web page sends changes anything, wherever the page is from.
func Handler(set *Set, clock *Clock) http.Handler {
	mux := http.NewServeMux()
	serve := func(pattern string, status int, f func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := fromNoPage(r); err != nil {
				reply(w, http.StatusForbidden, map[string]string{"message": err.Error()})
				return
			}
			answer, err := f(r)
			if err != nil {
				reply(w, statusOf(err), map[string]string{"message": err.Error()})
				return
			}
			reply(w, status, answer)
		})
	}
	serve("GET "+Path, http.StatusOK, func(*http.Request) (any, error) { return set.List(), nil })
	serve("POST "+Path, http.StatusCreated, func(r *http.Request) (any, error) {
		// A zero that was written is a mistake, and not the default.
		var sent struct {
			Fault
			Count       *int     `json:"count"`
			Probability *float64 `json:"probability"`
		}
		if err := decode(r, &sent); err != nil {
			return nil, err
		}
		if sent.Count != nil {
			if sent.Fault.Count = *sent.Count; sent.Fault.Count == 0 {
				return nil, badCount(0)
			}
		}
		if sent.Probability != nil {
			if sent.Fault.Probability = *sent.Probability; sent.Fault.Probability == 0 {
				return nil, badProbability(0)
			}
		}
		return set.Add(sent.Fault)
	})
	serve("DELETE "+Path, http.StatusNoContent, func(*http.Request) (any, error) {
		set.Clear()
		return nil, nil
	})
	serve("GET "+Path+"/{id}", http.StatusOK, func(r *http.Request) (any, error) { return set.Get(r.PathValue("id")) })
	serve("DELETE "+Path+"/{id}", http.StatusNoContent, func(r *http.Request) (any, error) { return nil, set.Remove(r.PathValue("id")) })
	state := func() ClockState { return ClockState{Now: clock.Now().UTC(), Ahead: Duration(clock.Ahead())} }
	serve("GET "+ClockPath, http.StatusOK, func(*http.Request) (any, error) { return state(), nil })
	serve("POST "+ClockPath, http.StatusOK, func(r *http.Request) (any, error) {
		var m move
		if err := decode(r, &m); err != nil {
			return nil, err
		}
		if err := clock.Forward(time.Duration(m.Forward)); err != nil {
			return nil, err
		}
		return state(), nil
	})
	return mux
}

func statusOf(err error) int {
	var media *mediaTypeError
	switch {
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound
	case errors.As(err, &media):
		return http.StatusUnsupportedMediaType
	default:
		return http.StatusBadRequest
	}
}

// fromNoPage fails for what a web page sends to change something. Browsers send
// one of these headers with it.
func fromNoPage(r *http.Request) error {
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Method != http.MethodGet && (r.Header.Get("Origin") != "" || site != "" && site != "none") {
		return errors.New("the local stack takes no faults from web pages")
	}
	return nil
}

// mediaTypeError says that a body is not declared to be JSON. A web page cannot
// declare that without a preflight.
type mediaTypeError struct{ got string }

func (e *mediaTypeError) Error() string {
	return fmt.Sprintf("the Content-Type is %q; send application/json", e.got)
}

func decode(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &mediaTypeError{r.Header.Get("Content-Type")}
	}
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("the body is not what is expected here: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the body's JSON object")
	}
	return nil
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if answer != nil {
		_ = json.NewEncoder(w).Encode(answer)
	}
}
