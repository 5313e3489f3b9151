package apigw

import (
	"time"
)

// api is an API as the service shows it.
type api struct {
	APIID                     string            `json:"apiId"`
	APIEndpoint               string            `json:"apiEndpoint"`
	Name                      string            `json:"name"`
	ProtocolType              string            `json:"protocolType"`
	Description               string            `json:"description,omitempty"`
	Version                   string            `json:"version,omitempty"`
	RouteSelectionExpression  string            `json:"routeSelectionExpression"`
	APIKeySelectionExpression string            `json:"apiKeySelectionExpression"`
	DisableSchemaValidation   bool              `json:"disableSchemaValidation"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	IPAddressType             string            `json:"ipAddressType"`
	CreatedDate               time.Time         `json:"createdDate"`
	Tags                      map[string]string `json:"tags"`
}

type apiInput struct {
	Name                      *string            `json:"name"`
	ProtocolType              *string            `json:"protocolType"`
	Description               *string            `json:"description"`
	Version                   *string            `json:"version"`
	RouteSelectionExpression  *string            `json:"routeSelectionExpression"`
	APIKeySelectionExpression *string            `json:"apiKeySelectionExpression"`
	DisableSchemaValidation   *bool              `json:"disableSchemaValidation"`
	DisableExecuteAPIEndpoint *bool              `json:"disableExecuteApiEndpoint"`
	IPAddressType             *string            `json:"ipAddressType"`
	Tags                      *map[string]string `json:"tags"`

	// Members of HTTP APIs.
	CORSConfiguration *struct{} `json:"corsConfiguration"`
	CredentialsARN    *string   `json:"credentialsArn"`
	RouteKey          *string   `json:"routeKey"`
	Target            *string   `json:"target"`
}

func (in *apiInput) apply(a *api) error {
	switch {
	case in.CORSConfiguration != nil:
		return notForWebSocket("CorsConfiguration")
	case in.CredentialsARN != nil:
		return notForWebSocket("CredentialsArn")
	case in.RouteKey != nil:
		return notForWebSocket("RouteKey")
	case in.Target != nil:
		return notForWebSocket("Target")
	}
	assign(&a.Name, in.Name)
	assign(&a.Description, in.Description)
	assign(&a.Version, in.Version)
	assign(&a.RouteSelectionExpression, in.RouteSelectionExpression)
	assign(&a.APIKeySelectionExpression, in.APIKeySelectionExpression)
	assign(&a.DisableSchemaValidation, in.DisableSchemaValidation)
	assign(&a.DisableExecuteAPIEndpoint, in.DisableExecuteAPIEndpoint)
	assign(&a.IPAddressType, in.IPAddressType)
	return a.check()
}

func (a *api) check() error {
	if err := checkLength("Name", a.Name, 1, 128); err != nil {
		return err
	}
	if err := checkLength("Description", a.Description, 0, 1024); err != nil {
		return err
	}
	if err := checkLength("Version", a.Version, 0, 64); err != nil {
		return err
	}
	if a.RouteSelectionExpression == "" {
		return badRequest("RouteSelectionExpression is required for WEBSOCKET protocol Apis")
	}
	if err := checkBodyExpression("RouteSelectionExpression", a.RouteSelectionExpression); err != nil {
		return err
	}
	if err := checkOneOf("ApiKeySelectionExpression", a.APIKeySelectionExpression,
		"$request.header.x-api-key", "$context.authorizer.usageIdentifierKey"); err != nil {
		return err
	}
	return checkOneOf("IpAddressType", a.IPAddressType, "ipv4", "dualstack")
}

func createAPI(c *call) (any, error) {
	var in apiInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var protocol string
	assign(&protocol, in.ProtocolType)
	if protocol == "HTTP" {
		return nil, notServed("APIs with protocol type HTTP")
	}
	if err := checkOneOf("ProtocolType", protocol, "WEBSOCKET", "HTTP"); err != nil {
		return nil, err
	}
	a := &api{
		ProtocolType:              protocol,
		APIKeySelectionExpression: "$request.header.x-api-key",
		IPAddressType:             "ipv4",
		CreatedDate:               c.now(),
		Tags:                      map[string]string{},
	}
	assign(&a.Tags, in.Tags)
	if err := checkTags(a.Tags); err != nil {
		return nil, err
	}
	if err := in.apply(a); err != nil {
		return nil, err
	}
	return a, c.addAPI(c.region, a)
}

// addAPI gives a new API an id that no region has, because the data plane
// finds an API by its id alone.
func (c *ControlPlane) addAPI(region string, a *api) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := map[string]*apiRecord{}
	for _, apis := range c.state.Regions {
		for id, record := range apis {
			taken[id] = record
		}
	}
	a.APIID = newID(apiIDLength, taken)
	a.APIEndpoint = c.cfg.EndpointBase + "/_aws/execute-api/" + a.APIID
	return c.replace(region, a.APIID, (&apiRecord{API: a}).clone())
}

func listAPIs(c *call) (any, error) {
	c.mu.RLock()
	apis := make(map[string]*api, len(c.state.Regions[c.region]))
	for id, record := range c.state.Regions[c.region] {
		apis[id] = record.API
	}
	c.mu.RUnlock()
	return page(c, apis)
}

func getAPI(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.API, nil
}

func updateAPI(c *call) (any, error) {
	var in apiInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated api
	err := c.change(func(record *apiRecord) error {
		updated = *record.API
		record.API = &updated
		return in.apply(&updated)
	})
	return &updated, err
}

func deleteAPI(c *call) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.param("api")
	if _, ok := c.state.Regions[c.region][id]; !ok {
		return nil, c.noAPI(id)
	}
	if c.mapped(c.region, id, "") {
		return nil, badRequest("Deleting API %s failed. Please remove all API mappings for the API from your custom domain names.", id)
	}
	return nil, c.replace(c.region, id, nil)
}

// deleteCORS has nothing to delete: a WebSocket API cannot have a CORS
// configuration.
func deleteCORS(c *call) (any, error) {
	if _, err := c.view(); err != nil {
		return nil, err
	}
	return nil, notForWebSocket("CorsConfiguration")
}
