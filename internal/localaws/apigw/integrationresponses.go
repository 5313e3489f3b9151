package apigw

import "regexp"

type integrationResponse struct {
	IntegrationResponseID       string            `json:"integrationResponseId"`
	IntegrationResponseKey      string            `json:"integrationResponseKey"`
	ResponseTemplates           map[string]string `json:"responseTemplates,omitempty"`
	TemplateSelectionExpression string            `json:"templateSelectionExpression,omitempty"`
}

type integrationResponseInput struct {
	IntegrationResponseKey      *string            `json:"integrationResponseKey"`
	ContentHandlingStrategy     *string            `json:"contentHandlingStrategy"`
	ResponseParameters          *map[string]string `json:"responseParameters"`
	ResponseTemplates           *map[string]string `json:"responseTemplates"`
	TemplateSelectionExpression *string            `json:"templateSelectionExpression"`
}

// responseKey is $default or a regular expression between slashes, such as
// /2\d\d/.
var responseKey = regexp.MustCompile(`^(\$default|/.+/)$`)

func (in *integrationResponseInput) apply(parent *integration, siblings map[string]*integrationResponse, r *integrationResponse) error {
	if filled(in.ContentHandlingStrategy) {
		return notServed("content handling strategies")
	}
	if in.ResponseParameters != nil && len(*in.ResponseParameters) > 0 {
		return notServed("response parameters of an integration response")
	}
	assign(&r.IntegrationResponseKey, in.IntegrationResponseKey)
	assign(&r.ResponseTemplates, in.ResponseTemplates)
	assign(&r.TemplateSelectionExpression, in.TemplateSelectionExpression)
	if err := r.checkKey(siblings); err != nil {
		return err
	}
	if parent.IntegrationType == integrationProxy && len(r.ResponseTemplates) > 0 {
		return notServed("response templates of an AWS_PROXY integration")
	}
	if err := checkStaticExpression("TemplateSelectionExpression", r.TemplateSelectionExpression); err != nil {
		return err
	}
	return checkTemplates(r.ResponseTemplates)
}

func (r *integrationResponse) checkKey(siblings map[string]*integrationResponse) error {
	if !responseKey.MatchString(r.IntegrationResponseKey) {
		return badRequest("Invalid IntegrationResponseKey %q: $default or a regular expression between slashes is required", r.IntegrationResponseKey)
	}
	if r.IntegrationResponseKey != defaultKey {
		if _, err := regexp.Compile(r.IntegrationResponseKey); err != nil {
			return notServed("the regular expression of IntegrationResponseKey %q: %v", r.IntegrationResponseKey, err)
		}
	}
	for _, other := range siblings {
		if other.IntegrationResponseKey == r.IntegrationResponseKey && other.IntegrationResponseID != r.IntegrationResponseID {
			return conflict("Integration response with key %s already exists for this integration", r.IntegrationResponseKey)
		}
	}
	return nil
}

func createIntegrationResponse(c *call) (any, error) {
	var in integrationResponseInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r := &integrationResponse{}
	err := c.change(func(record *apiRecord) error {
		parent, err := record.integration(c)
		if err != nil {
			return err
		}
		siblings := cloneMap(record.IntegrationResponses[parent.IntegrationID])
		record.IntegrationResponses[parent.IntegrationID] = siblings
		r.IntegrationResponseID = newID(otherIDLength, siblings)
		siblings[r.IntegrationResponseID] = r
		return in.apply(parent, siblings, r)
	})
	return r, err
}

func listIntegrationResponses(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	parent, err := record.integration(c)
	if err != nil {
		return nil, err
	}
	return page(c, record.IntegrationResponses[parent.IntegrationID])
}

func (a *apiRecord) integrationResponse(c *call) (*integrationResponse, *integration, error) {
	parent, err := a.integration(c)
	if err != nil {
		return nil, nil, err
	}
	r, err := find(a.IntegrationResponses[parent.IntegrationID], c.param("response"), "Integration Response")
	return r, parent, err
}

func getIntegrationResponse(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	r, _, err := record.integrationResponse(c)
	return r, err
}

func updateIntegrationResponse(c *call) (any, error) {
	var in integrationResponseInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated integrationResponse
	err := c.change(func(record *apiRecord) error {
		current, parent, err := record.integrationResponse(c)
		if err != nil {
			return err
		}
		siblings := record.IntegrationResponses[parent.IntegrationID]
		updated = *current
		siblings[updated.IntegrationResponseID] = &updated
		return in.apply(parent, siblings, &updated)
	})
	return &updated, err
}

func deleteIntegrationResponse(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, parent, err := record.integrationResponse(c)
		if err != nil {
			return err
		}
		delete(record.IntegrationResponses[parent.IntegrationID], current.IntegrationResponseID)
		return nil
	})
}
