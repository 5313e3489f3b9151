package awscall

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The tables of the REST APIs: a line for each operation, with the method, the
// path and the name. {Name} stands for one segment of a path and {Name+} for
// all the rest. What follows a question mark has to be in the query, or in the
// header when it begins with x-amz-.
//
//go:embed rest/*.txt
var tables embed.FS

// paths are the REST APIs by the service that requests are signed for.
var paths = map[string][]path{
	"apigateway":  readTable("apigateway"),
	"cloudfront":  readTable("cloudfront"),
	"execute-api": readTable("execute-api"),
	"lambda":      readTable("lambda"),
	"s3":          readTable("s3"),
}

// path is how one operation is requested.
type path struct {
	method    string
	segments  []string
	needs     []string // "name" or "name=value"
	operation string
}

func readTable(service string) []path {
	data, err := tables.ReadFile("rest/" + service + ".txt")
	if err != nil {
		panic(err) // it is embedded
	}
	var table []path
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		pattern, query, _ := strings.Cut(fields[1], "?")
		p := path{method: fields[0], segments: split(pattern), operation: fields[2]}
		if query != "" {
			p.needs = strings.Split(query, "&")
		}
		table = append(table, p)
	}
	return table
}

// split returns the segments of a path; a slash at its end means nothing.
func split(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// REST returns which operation of a REST API a request is, and what stands for
// the first variable of its path as it stands there, such as the name of a
// function. Both are empty when it is none, or when the API is not known here.
func REST(service string, r *http.Request) (operation, resource string) {
	var got []string
	switch service {
	case "lambda":
		// A function's name may be an encoded ARN, and an encoded slash in it
		// does not hide the rest of the path. What is encoded twice is nothing
		// that an SDK sends.
		if strings.Contains(r.URL.Path, "%") {
			return "", ""
		}
		got = split(r.URL.Path)
	case "execute-api":
		// After the stage, or the path of a custom domain.
		_, id, ok := strings.Cut(r.URL.EscapedPath(), "/@connections/")
		if !ok {
			return "", ""
		}
		got = []string{"@connections", id}
	default:
		got = split(r.URL.EscapedPath())
	}
	query := r.URL.Query()
	var best *path
	for _, p := range paths[service] {
		if p.method != r.Method || (best != nil && len(p.needs) <= len(best.needs)) || !p.satisfied(query, r.Header) {
			continue
		}
		if first, ok := match(p.segments, got); ok {
			best, resource = &p, first
		}
	}
	if best == nil {
		return "", ""
	}
	return best.operation, resource
}

// satisfied tells whether a request has what the operation needs beside its
// path.
func (p path) satisfied(query url.Values, header http.Header) bool {
	return !slices.ContainsFunc(p.needs, func(need string) bool {
		name, want, exact := strings.Cut(need, "=")
		if strings.HasPrefix(name, "x-amz-") {
			return header.Get(name) == ""
		}
		return !query.Has(name) || exact && query.Get(name) != want
	})
}

// match returns what stands for the first variable of a pattern.
func match(pattern, got []string) (first string, ok bool) {
	for i, part := range pattern {
		rest := strings.HasSuffix(part, "+}")
		variable := strings.HasPrefix(part, "{")
		if i >= len(got) || got[i] == "" && !rest || !variable && part != got[i] {
			return "", false
		}
		if variable && first == "" {
			first = got[i]
		}
		if rest {
			return first, true
		}
	}
	return first, len(pattern) == len(got)
}

// Operations returns the names of a REST API's operations; none for a service
// that has no such API, or whose API is not known here.
func Operations(service string) []string {
	var names []string
	for _, p := range paths[service] {
		names = append(names, p.operation)
	}
	return names
}
