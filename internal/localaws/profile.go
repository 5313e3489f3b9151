package localaws

import (
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"
)

// maxProfile is the longest time that one profile takes.
const maxProfile = 60 * time.Second

// serveProfile answers with a CPU profile of this process, in the format of
// `go tool pprof`, over the number of seconds that the query names.
func serveProfile(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || seconds < 1 || seconds > int(maxProfile.Seconds()) {
		http.Error(w, "?seconds= is a number from 1 to 60", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, err.Error(), http.StatusConflict) // another one is being made
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
	case <-r.Context().Done():
	}
}
