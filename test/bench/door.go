//go:build linux

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// door stands between the message function and DynamoDB. It times what the
// function asks for the members of a room, and can answer that from memory: the
// emulator's Query costs the more the larger the partition is, DynamoDB's does
// not.
type door struct {
	*httptest.Server

	mu      sync.Mutex
	cached  bool
	answers map[string]answer // by the request's body
	took    times             // queries of members that DynamoDB has answered
}

type answer struct {
	header http.Header
	body   []byte
}

// newDoor opens a door in front of MiniStack. It leaves Host alone, which is
// signed, and adds what the stack's own door adds.
func newDoor(ministack string) (*door, error) {
	upstream, err := url.Parse(ministack)
	if err != nil {
		return nil, err
	}
	d := &door{answers: make(map[string]answer)}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") || !bytes.Contains(body, []byte(`"room#`)) {
			proxy.ServeHTTP(w, r)
			return
		}
		d.members(w, r, string(body), proxy)
	}))
	return d, nil
}

// members serves a query of a room's members.
func (d *door) members(w http.ResponseWriter, r *http.Request, query string, next http.Handler) {
	d.mu.Lock()
	known, ok := d.answers[query]
	ok = ok && d.cached
	d.mu.Unlock()
	if !ok {
		start := time.Now()
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		known = answer{recorder.Header(), recorder.Body.Bytes()}
		d.mu.Lock()
		d.took = append(d.took, time.Since(start))
		if recorder.Code == http.StatusOK {
			d.answers[query] = known
		}
		d.mu.Unlock()
	}
	for name, values := range known.header {
		w.Header()[name] = values
	}
	_, _ = w.Write(known.body)
}

// remember says whether members are answered from memory from now on, and
// forgets what was measured.
func (d *door) remember(cached bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cached, d.took = cached, nil
}

// queries are the times of the queries that were not answered from memory.
func (d *door) queries() times {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(times(nil), d.took...)
}
