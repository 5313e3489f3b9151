package apigw

import (
	"strings"
	"time"
)

// The account's throttle, which no stage or route can exceed: 10,000 requests
// a second with a burst of 5,000 (developer guide, quotas).
const (
	AccountRateLimit  = 10_000.0
	AccountBurstLimit = 5_000
)

// Stage is what the data plane serves under one stage name. What it points to
// never changes and must not be changed.
type Stage struct {
	APIID, Region, AccountID, Name string
	DeploymentID                   string
	// Deployment is nil when the stage points to none.
	Deployment           *Deployment
	Variables            map[string]string
	DefaultRouteSettings RouteSettings
	// RouteSettings has the routes with settings of their own, by route key,
	// merged with the defaults.
	RouteSettings map[string]RouteSettings
	// AccessLog is nil when none is written.
	AccessLog *AccessLog
	// DisableExecuteAPIEndpoint and APIKeySelectionExpression are those of
	// the time of the deployment.
	DisableExecuteAPIEndpoint bool
	APIKeySelectionExpression string
}

// RouteSettings are in force as they stand: a limit that was not set is the
// account's, and none is above the account's.
type RouteSettings struct {
	ThrottlingBurstLimit                     int
	ThrottlingRateLimit                      float64 // requests a second
	LoggingLevel                             string  // OFF, ERROR or INFO
	DataTraceEnabled, DetailedMetricsEnabled bool
}

// AccessLog says where a stage's access log goes and what a line looks like.
type AccessLog struct {
	DestinationARN, Format string
}

// Deployment is an API as it was when it was deployed.
type Deployment struct {
	ID                       string
	RouteSelectionExpression string
	Routes                   map[string]*Route // by route key
}

// Route is a route with all that it refers to.
type Route struct {
	ID, Key, AuthorizationType, OperationName string
	APIKeyRequired                            bool
	// Authorizer is nil unless the authorization type is CUSTOM.
	Authorizer *Authorizer
	// Integration is nil when the route has no target.
	Integration                      *Integration
	RouteResponseSelectionExpression string
	RouteResponses                   map[string]*RouteResponse // by key
}

// Authorizer is a Lambda authorizer of type REQUEST.
type Authorizer struct {
	ID, Name, URI   string
	IdentitySources []string
}

// Integration is of type AWS_PROXY or MOCK. RequestParameters and
// ContentHandling are empty, because they are refused.
type Integration struct {
	ID, Type, URI, Method, PassthroughBehavior string
	TemplateSelectionExpression                string
	ContentHandling                            string
	RequestParameters, RequestTemplates        map[string]string
	Timeout                                    time.Duration
	Responses                                  map[string]*IntegrationResponse // by key
}

// IntegrationResponse belongs to a MOCK integration, or does nothing.
// ContentHandling and ResponseParameters are empty, because they are refused.
type IntegrationResponse struct {
	ID, Key, TemplateSelectionExpression, ContentHandling string
	ResponseTemplates, ResponseParameters                 map[string]string
}

// RouteResponse makes a route answer its caller.
type RouteResponse struct {
	ID, Key, ModelSelectionExpression string
	ResponseModels                    map[string]Model
}

// Model is a JSON schema for messages.
type Model struct {
	Name, ContentType, Schema string
}

// snapshot is what a deployment keeps. The two settings of the API take
// effect with a deployment, so they are kept with it.
type snapshot struct {
	Deployment                *Deployment `json:"deployment"`
	DisableExecuteAPIEndpoint bool        `json:"disableExecuteApiEndpoint"`
	APIKeySelectionExpression string      `json:"apiKeySelectionExpression"`
}

// Stage gives what is served under a stage's name now, whatever the region of
// the API. The errors are ErrNoAPI and ErrNoStage.
func (c *ControlPlane) Stage(apiID, name string) (Stage, error) {
	c.mu.RLock()
	regions := c.state.Regions
	c.mu.RUnlock()
	for region, apis := range regions {
		record, ok := apis[apiID]
		if !ok {
			continue
		}
		s, ok := record.Stages[name]
		if !ok {
			return Stage{}, ErrNoStage
		}
		served := record.serve(s)
		served.Region, served.AccountID = region, c.cfg.AccountID
		return served, nil
	}
	return Stage{}, ErrNoAPI
}

func (a *apiRecord) serve(s *stage) Stage {
	served := Stage{
		APIID:                     a.API.APIID,
		Name:                      s.StageName,
		DeploymentID:              s.DeploymentID,
		Variables:                 s.StageVariables,
		DefaultRouteSettings:      s.DefaultRouteSettings.resolve(accountSettings),
		RouteSettings:             make(map[string]RouteSettings, len(s.RouteSettings)),
		DisableExecuteAPIEndpoint: a.API.DisableExecuteAPIEndpoint,
		APIKeySelectionExpression: a.API.APIKeySelectionExpression,
	}
	for key, settings := range s.RouteSettings {
		served.RouteSettings[key] = settings.resolve(served.DefaultRouteSettings)
	}
	if s.AccessLogSettings != nil {
		served.AccessLog = &AccessLog{s.AccessLogSettings.DestinationARN, s.AccessLogSettings.Format}
	}
	if kept, ok := a.Snapshots[s.DeploymentID]; ok {
		served.Deployment = kept.Deployment
		served.DisableExecuteAPIEndpoint = kept.DisableExecuteAPIEndpoint
		served.APIKeySelectionExpression = kept.APIKeySelectionExpression
	}
	return served
}

var accountSettings = RouteSettings{
	ThrottlingBurstLimit: AccountBurstLimit,
	ThrottlingRateLimit:  AccountRateLimit,
	LoggingLevel:         "OFF",
}

// resolve fills what was not set from the level above.
func (s routeSettings) resolve(above RouteSettings) RouteSettings {
	assign(&above.DataTraceEnabled, s.DataTraceEnabled)
	assign(&above.DetailedMetricsEnabled, s.DetailedMetricsEnabled)
	assign(&above.LoggingLevel, s.LoggingLevel)
	assign(&above.ThrottlingBurstLimit, s.ThrottlingBurstLimit)
	assign(&above.ThrottlingRateLimit, s.ThrottlingRateLimit)
	above.ThrottlingBurstLimit = min(above.ThrottlingBurstLimit, AccountBurstLimit)
	above.ThrottlingRateLimit = min(above.ThrottlingRateLimit, AccountRateLimit)
	return above
}

// snapshot copies everything that a deployment serves.
func (a *apiRecord) snapshot(deploymentID string) *snapshot {
	d := &Deployment{
		ID:                       deploymentID,
		RouteSelectionExpression: a.API.RouteSelectionExpression,
		Routes:                   make(map[string]*Route, len(a.Routes)),
	}
	for _, r := range a.Routes {
		d.Routes[r.RouteKey] = a.snapshotRoute(r)
	}
	return &snapshot{d, a.API.DisableExecuteAPIEndpoint, a.API.APIKeySelectionExpression}
}

func (a *apiRecord) snapshotRoute(r *route) *Route {
	copied := &Route{
		ID:                               r.RouteID,
		Key:                              r.RouteKey,
		AuthorizationType:                r.AuthorizationType,
		OperationName:                    r.OperationName,
		APIKeyRequired:                   r.APIKeyRequired,
		Integration:                      a.snapshotIntegration(strings.TrimPrefix(r.Target, "integrations/")),
		RouteResponseSelectionExpression: r.RouteResponseSelectionExpression,
		RouteResponses:                   map[string]*RouteResponse{},
	}
	if used, ok := a.Authorizers[r.AuthorizerID]; ok && r.AuthorizationType == authorizationCustom {
		copied.Authorizer = &Authorizer{
			ID:              used.AuthorizerID,
			Name:            used.Name,
			URI:             used.AuthorizerURI,
			IdentitySources: used.IdentitySource,
		}
	}
	for _, response := range a.RouteResponses[r.RouteID] {
		copied.RouteResponses[response.RouteResponseKey] = &RouteResponse{
			ID:                       response.RouteResponseID,
			Key:                      response.RouteResponseKey,
			ModelSelectionExpression: response.ModelSelectionExpression,
			ResponseModels:           a.snapshotModels(response.ResponseModels),
		}
	}
	return copied
}

func (a *apiRecord) snapshotIntegration(id string) *Integration {
	used, ok := a.Integrations[id]
	if !ok {
		return nil
	}
	copied := &Integration{
		ID:                          used.IntegrationID,
		Type:                        used.IntegrationType,
		URI:                         used.IntegrationURI,
		Method:                      used.IntegrationMethod,
		PassthroughBehavior:         used.PassthroughBehavior,
		TemplateSelectionExpression: used.TemplateSelectionExpression,
		RequestTemplates:            used.RequestTemplates,
		Timeout:                     time.Duration(used.TimeoutInMillis) * time.Millisecond,
		Responses:                   map[string]*IntegrationResponse{},
	}
	for _, response := range a.IntegrationResponses[id] {
		copied.Responses[response.IntegrationResponseKey] = &IntegrationResponse{
			ID:                          response.IntegrationResponseID,
			Key:                         response.IntegrationResponseKey,
			TemplateSelectionExpression: response.TemplateSelectionExpression,
			ResponseTemplates:           response.ResponseTemplates,
		}
	}
	return copied
}

// snapshotModels resolves names of models to what they were at the time.
func (a *apiRecord) snapshotModels(names map[string]string) map[string]Model {
	models := make(map[string]Model, len(names))
	for key, name := range names {
		for _, m := range a.Models {
			if m.Name == name {
				models[key] = Model{m.Name, m.ContentType, m.Schema}
			}
		}
	}
	return models
}
