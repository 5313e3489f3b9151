package edge

import (
	"context"
	"maps"
	"slices"

	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

// Status is what `portcullis local status` shows of a distribution.
type Status struct {
	ID     string `json:"id"`
	Domain string `json:"domain"` // on AWS
	URL    string `json:"url"`
	// NotEvaluated are the rules of its web ACL that never match here.
	NotEvaluated []waf.Unevaluated `json:"notEvaluated"`
	// Problem says why it cannot be served.
	Problem string `json:"problem,omitempty"`
}

// Status returns what is served, by id.
func (e *Edge) Status(ctx context.Context) []Status {
	e.mu.Lock()
	revision, sites, ports := e.revision, maps.Clone(e.sites), maps.Clone(e.ports)
	e.mu.Unlock()
	all := []Status{}
	for _, id := range slices.Sorted(maps.Keys(sites)) {
		status := Status{ID: id, Domain: sites[id].domain, URL: urlOf(ports[id]), NotEvaluated: []waf.Unevaluated{}}
		d, err := sites[id].read(ctx, e, revision)
		switch {
		case err != nil:
			status.Problem = err.Error()
		case d.acl != nil:
			status.NotEvaluated = append(status.NotEvaluated, d.acl.Unevaluated()...)
		}
		all = append(all, status)
	}
	return all
}
