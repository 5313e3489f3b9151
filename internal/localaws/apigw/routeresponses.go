package apigw

type routeResponse struct {
	RouteResponseID          string            `json:"routeResponseId"`
	RouteResponseKey         string            `json:"routeResponseKey"`
	ModelSelectionExpression string            `json:"modelSelectionExpression,omitempty"`
	ResponseModels           map[string]string `json:"responseModels,omitempty"`
}

type routeResponseInput struct {
	RouteResponseKey         *string              `json:"routeResponseKey"`
	ModelSelectionExpression *string              `json:"modelSelectionExpression"`
	ResponseModels           *map[string]string   `json:"responseModels"`
	ResponseParameters       *map[string]struct{} `json:"responseParameters"`
}

func (in *routeResponseInput) apply(record *apiRecord, siblings map[string]*routeResponse, r *routeResponse) error {
	if in.ResponseParameters != nil && len(*in.ResponseParameters) > 0 {
		return notServed("response parameters of a route response")
	}
	assign(&r.RouteResponseKey, in.RouteResponseKey)
	assign(&r.ModelSelectionExpression, in.ModelSelectionExpression)
	assign(&r.ResponseModels, in.ResponseModels)
	if r.RouteResponseKey != defaultKey {
		return badRequest("Invalid RouteResponseKey %q: only $default is supported", r.RouteResponseKey)
	}
	for _, other := range siblings {
		if other.RouteResponseID != r.RouteResponseID {
			return conflict("Route response with key %s already exists for this route", r.RouteResponseKey)
		}
	}
	if err := checkBodyExpression("ModelSelectionExpression", r.ModelSelectionExpression); err != nil {
		return err
	}
	return record.checkModels(r.ResponseModels)
}

func createRouteResponse(c *call) (any, error) {
	var in routeResponseInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r := &routeResponse{}
	err := c.change(func(record *apiRecord) error {
		parent, err := record.route(c)
		if err != nil {
			return err
		}
		siblings := cloneMap(record.RouteResponses[parent.RouteID])
		record.RouteResponses[parent.RouteID] = siblings
		r.RouteResponseID = newID(otherIDLength, siblings)
		siblings[r.RouteResponseID] = r
		return in.apply(record, siblings, r)
	})
	return r, err
}

func listRouteResponses(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	parent, err := record.route(c)
	if err != nil {
		return nil, err
	}
	return page(c, record.RouteResponses[parent.RouteID])
}

// routeResponse finds the response that the path names among those of the
// route that the path names.
func (a *apiRecord) routeResponse(c *call) (*routeResponse, map[string]*routeResponse, error) {
	parent, err := a.route(c)
	if err != nil {
		return nil, nil, err
	}
	siblings := a.RouteResponses[parent.RouteID]
	r, err := find(siblings, c.param("response"), "Route Response")
	return r, siblings, err
}

func getRouteResponse(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	r, _, err := record.routeResponse(c)
	return r, err
}

func updateRouteResponse(c *call) (any, error) {
	var in routeResponseInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated routeResponse
	err := c.change(func(record *apiRecord) error {
		current, siblings, err := record.routeResponse(c)
		if err != nil {
			return err
		}
		updated = *current
		siblings[updated.RouteResponseID] = &updated
		return in.apply(record, siblings, &updated)
	})
	return &updated, err
}

func deleteRouteResponse(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, siblings, err := record.routeResponse(c)
		if err != nil {
			return err
		}
		delete(siblings, current.RouteResponseID)
		return nil
	})
}
