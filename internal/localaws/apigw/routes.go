package apigw

import (
	"maps"
	"slices"
	"strings"
)

// maxRoutes is AWS's default quota for routes of an API.
const maxRoutes = 300

// The keys of the routes that API Gateway itself calls.
const (
	connectKey    = "$connect"
	disconnectKey = "$disconnect"
	defaultKey    = "$default"
)

// Values of a route's authorization type.
const (
	authorizationNone   = "NONE"
	authorizationIAM    = "AWS_IAM"
	authorizationCustom = "CUSTOM"
)

type route struct {
	RouteID                          string `json:"routeId"`
	RouteKey                         string `json:"routeKey"`
	APIKeyRequired                   bool   `json:"apiKeyRequired"`
	AuthorizationType                string `json:"authorizationType"`
	AuthorizerID                     string `json:"authorizerId,omitempty"`
	OperationName                    string `json:"operationName,omitempty"`
	RouteResponseSelectionExpression string `json:"routeResponseSelectionExpression,omitempty"`
	Target                           string `json:"target,omitempty"`
}

type routeInput struct {
	RouteKey                         *string              `json:"routeKey"`
	APIKeyRequired                   *bool                `json:"apiKeyRequired"`
	AuthorizationScopes              *[]string            `json:"authorizationScopes"`
	AuthorizationType                *string              `json:"authorizationType"`
	AuthorizerID                     *string              `json:"authorizerId"`
	ModelSelectionExpression         *string              `json:"modelSelectionExpression"`
	OperationName                    *string              `json:"operationName"`
	RequestModels                    *map[string]string   `json:"requestModels"`
	RequestParameters                *map[string]struct{} `json:"requestParameters"`
	RouteResponseSelectionExpression *string              `json:"routeResponseSelectionExpression"`
	Target                           *string              `json:"target"`
}

func (in *routeInput) apply(record *apiRecord, r *route) error {
	if in.AuthorizationScopes != nil && len(*in.AuthorizationScopes) > 0 {
		return notForWebSocket("AuthorizationScopes")
	}
	switch {
	case in.RequestParameters != nil && len(*in.RequestParameters) > 0:
		return notServed("request parameters of a route")
	case in.RequestModels != nil && len(*in.RequestModels) > 0, filled(in.ModelSelectionExpression):
		return notServed("validation of messages by request models; let the function check them")
	case in.APIKeyRequired != nil && *in.APIKeyRequired:
		return notServed("API keys and usage plans")
	}
	assign(&r.RouteKey, in.RouteKey)
	assign(&r.AuthorizationType, in.AuthorizationType)
	assign(&r.AuthorizerID, in.AuthorizerID)
	assign(&r.OperationName, in.OperationName)
	assign(&r.RouteResponseSelectionExpression, in.RouteResponseSelectionExpression)
	assign(&r.Target, in.Target)
	return r.check(record)
}

func (r *route) check(record *apiRecord) error {
	if err := r.checkKey(record); err != nil {
		return err
	}
	if err := r.checkAuthorization(record); err != nil {
		return err
	}
	if err := checkLength("OperationName", r.OperationName, 0, 64); err != nil {
		return err
	}
	if r.RouteResponseSelectionExpression != "" && r.RouteResponseSelectionExpression != defaultKey {
		return badRequest("Invalid RouteResponseSelectionExpression %q: only $default is supported", r.RouteResponseSelectionExpression)
	}
	if r.Target == "" {
		return nil
	}
	id, ok := strings.CutPrefix(r.Target, "integrations/")
	if !ok {
		return badRequest("Invalid target specified: %s. It must have the form integrations/{integrationId}", r.Target)
	}
	if _, ok := record.Integrations[id]; !ok {
		return badRequest("Invalid target specified: integration %s does not exist", id)
	}
	return nil
}

func (r *route) checkKey(record *apiRecord) error {
	if r.RouteKey == "" {
		return badRequest("RouteKey is required")
	}
	if strings.HasPrefix(r.RouteKey, "$") && !slices.Contains([]string{connectKey, disconnectKey, defaultKey}, r.RouteKey) {
		return badRequest("Invalid route key %s: a custom route key must not begin with $", r.RouteKey)
	}
	for _, other := range record.Routes {
		if other.RouteKey == r.RouteKey && other.RouteID != r.RouteID {
			return conflict("Route with key %s already exists for this API", r.RouteKey)
		}
	}
	return nil
}

// checkAuthorization refuses an authorization type on any route but $connect,
// as AWS does. An authorizer that no authorization type puts into effect is
// stored silently, also as AWS does.
func (r *route) checkAuthorization(record *apiRecord) error {
	if r.AuthorizationType == "JWT" {
		return badRequest("Currently, JWT authorization type is restricted to APIs with a protocol type of HTTP")
	}
	if err := checkOneOf("AuthorizationType", r.AuthorizationType,
		authorizationNone, authorizationIAM, authorizationCustom); err != nil {
		return err
	}
	if r.AuthorizationType != authorizationNone && r.RouteKey != connectKey {
		return badRequest("Currently, authorization is restricted to the $connect route only")
	}
	if r.AuthorizationType == authorizationIAM {
		return notServed("IAM authorization of $connect; CUSTOM and NONE are")
	}
	if r.AuthorizationType != authorizationCustom && r.AuthorizerID == "" {
		return nil
	}
	if _, ok := record.Authorizers[r.AuthorizerID]; !ok {
		return badRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	}
	return nil
}

func createRoute(c *call) (any, error) {
	var in routeInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r := &route{AuthorizationType: authorizationNone}
	err := c.change(func(record *apiRecord) error {
		if len(record.Routes) >= maxRoutes {
			return limitReached("Routes")
		}
		r.RouteID = newID(otherIDLength, record.Routes)
		record.Routes[r.RouteID] = r
		return in.apply(record, r)
	})
	return r, err
}

func listRoutes(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Routes)
}

func (a *apiRecord) route(c *call) (*route, error) {
	return find(a.Routes, c.param("route"), "Route")
}

func getRoute(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.route(c)
}

func updateRoute(c *call) (any, error) {
	var in routeInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated route
	err := c.change(func(record *apiRecord) error {
		current, err := record.route(c)
		if err != nil {
			return err
		}
		updated = *current
		record.Routes[updated.RouteID] = &updated
		return in.apply(record, &updated)
	})
	return &updated, err
}

func deleteRoute(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.route(c)
		if err != nil {
			return err
		}
		delete(record.Routes, current.RouteID)
		delete(record.RouteResponses, current.RouteID)
		return nil
	})
}

// deleteRequestParameter finds none, because routes with request parameters
// are refused.
func deleteRequestParameter(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	if _, err := record.route(c); err != nil {
		return nil, err
	}
	return nil, notFound("Invalid request parameter specified: %s", c.param("parameter"))
}

// routesWith gives the routes that satisfy a condition, in the order of their
// keys.
func (a *apiRecord) routesWith(condition func(*route) bool) []*route {
	var found []*route
	for r := range maps.Values(a.Routes) {
		if condition(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *route) int { return strings.Compare(a.RouteKey, b.RouteKey) })
	return found
}
