package apigw

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// maxBody bounds a request: an integration with several mapping templates of
// 300 KB each fits.
const maxBody = 8 << 20

// call is one request to the control plane.
type call struct {
	*ControlPlane
	request *http.Request
	region  string
}

func (c *call) param(name string) string { return c.request.PathValue(name) }

// change edits the API that the request's path names.
func (c *call) change(edit func(*apiRecord) error) error {
	return c.ControlPlane.change(c.region, c.param("api"), edit)
}

func (c *call) view() (*apiRecord, error) {
	return c.ControlPlane.view(c.region, c.param("api"))
}

// decode reads the body into a struct of pointers, where nil means that the
// member was not sent. Members it does not know are ignored, as AWS does.
func (c *call) decode(into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.request.Body, maxBody))
	if err != nil {
		return badRequest("Request body could not be read: %v", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return badRequest("Invalid request body: %v", err)
	}
	return nil
}

// operation serves one method of one path. A nil answer sends no body.
type operation func(*call) (answer any, err error)

// routes names every operation that is served. What is not named here, the
// catch-all refuses.
func (c *ControlPlane) routes() *http.ServeMux {
	mux := http.NewServeMux()
	serve := func(pattern string, status int, op operation) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := op(&call{c, r, c.region(r)})
			c.reply(w, status, answer, err)
		})
	}
	family := func(path, id string, f operations) {
		serve("POST "+path, http.StatusCreated, f.create)
		serve("GET "+path, http.StatusOK, f.list)
		serve("GET "+path+"/{"+id+"}", http.StatusOK, f.get)
		serve("PATCH "+path+"/{"+id+"}", http.StatusOK, f.update)
		serve("DELETE "+path+"/{"+id+"}", http.StatusNoContent, f.remove)
	}
	const api = "/v2/apis/{api}"
	family("/v2/apis", "api", operations{createAPI, listAPIs, getAPI, updateAPI, deleteAPI})
	family(api+"/routes", "route", operations{createRoute, listRoutes, getRoute, updateRoute, deleteRoute})
	family(api+"/routes/{route}/routeresponses", "response",
		operations{createRouteResponse, listRouteResponses, getRouteResponse, updateRouteResponse, deleteRouteResponse})
	family(api+"/integrations", "integration",
		operations{createIntegration, listIntegrations, getIntegration, updateIntegration, deleteIntegration})
	family(api+"/integrations/{integration}/integrationresponses", "response",
		operations{createIntegrationResponse, listIntegrationResponses, getIntegrationResponse, updateIntegrationResponse, deleteIntegrationResponse})
	family(api+"/authorizers", "authorizer", operations{createAuthorizer, listAuthorizers, getAuthorizer, updateAuthorizer, deleteAuthorizer})
	family(api+"/models", "model", operations{createModel, listModels, getModel, updateModel, deleteModel})
	family(api+"/deployments", "deployment", operations{createDeployment, listDeployments, getDeployment, updateDeployment, deleteDeployment})
	family(api+"/stages", "stage", operations{createStage, listStages, getStage, updateStage, deleteStage})
	family("/v2/domainnames", "domain", operations{createDomainName, listDomainNames, getDomainName, updateDomainName, deleteDomainName})
	family("/v2/domainnames/{domain}/apimappings", "mapping",
		operations{createAPIMapping, listAPIMappings, getAPIMapping, updateAPIMapping, deleteAPIMapping})

	serve("DELETE "+api+"/cors", http.StatusNoContent, deleteCORS)
	serve("DELETE "+api+"/routes/{route}/requestparameters/{parameter}", http.StatusNoContent, deleteRequestParameter)
	serve("DELETE "+api+"/stages/{stage}/routesettings/{key}", http.StatusNoContent, deleteRouteSettings)
	serve("DELETE "+api+"/stages/{stage}/accesslogsettings", http.StatusNoContent, deleteAccessLogSettings)
	serve("GET /v2/tags/{arn...}", http.StatusOK, getTags)
	serve("POST /v2/tags/{arn...}", http.StatusCreated, tagResource)
	serve("DELETE /v2/tags/{arn...}", http.StatusNoContent, untagResource)

	serve("/", http.StatusNotImplemented, func(c *call) (any, error) {
		return nil, notServed("%s %s is not an operation of a WebSocket API that it has", c.request.Method, c.request.URL.Path)
	})
	return mux
}

// operations are the five that every family of resources has.
type operations struct{ create, list, get, update, remove operation }

// ServeHTTP serves the REST API of apigatewayv2 below /v2.
func (c *ControlPlane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/v2/domainnames") {
		defer c.domainRevision.Add(1)
	}
	c.mux.ServeHTTP(w, r)
}

// region is the one the caller signed for: one stack serves all regions at
// one address.
func (c *ControlPlane) region(r *http.Request) string {
	_, region := awscall.Scope(r)
	return cmp.Or(region, c.cfg.Region)
}

func (c *ControlPlane) reply(w http.ResponseWriter, status int, answer any, err error) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Amzn-Requestid", hex.EncodeToString(randomBytes(16)))
	if err != nil {
		var refused *apiError
		if !errors.As(err, &refused) {
			slog.Error("API Gateway control plane failed", "error", err)
			refused = &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
		}
		header.Set("X-Amzn-Errortype", refused.kind)
		status, answer = refused.status, map[string]string{"message": refused.message}
	}
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		slog.Error("API Gateway control plane could not answer", "error", err)
	}
}

// Page sizes. AWS documents none for these lists.
const (
	defaultPage = 100
	largestPage = 500
)

type listing[T any] struct {
	Items     []T    `json:"items"`
	NextToken string `json:"nextToken,omitempty"`
}

// page answers a list operation: the records in the order of their ids, from
// the one after nextToken on.
func page[T any](c *call, records map[string]T) (any, error) {
	query := c.request.URL.Query()
	size := defaultPage
	if text := query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > largestPage {
			return nil, badRequest("Invalid maxResults %q: a number from 1 to %d is required", text, largestPage)
		}
		size = n
	}
	ids := slices.Sorted(maps.Keys(records))
	if text := query.Get("nextToken"); text != "" {
		last, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil, badRequest("Invalid nextToken")
		}
		start, found := slices.BinarySearchFunc(ids, string(last), cmp.Compare[string])
		if found {
			start++
		}
		ids = ids[start:]
	}
	list := listing[T]{Items: []T{}}
	if len(ids) > size {
		ids = ids[:size]
		list.NextToken = base64.RawURLEncoding.EncodeToString([]byte(ids[size-1]))
	}
	for _, id := range ids {
		list.Items = append(list.Items, records[id])
	}
	return list, nil
}

// find gives a record by its id, or AWS's refusal.
func find[T any](records map[string]T, id, kind string) (T, error) {
	record, ok := records[id]
	if !ok {
		return record, notFound("Invalid %s identifier specified", kind)
	}
	return record, nil
}

// assign sets a member if the request sent it. An empty string clears it.
func assign[T any](member *T, sent *T) {
	if sent != nil {
		*member = *sent
	}
}
