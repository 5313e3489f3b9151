package apigw

import (
	"net/http"
	"strings"
)

// Limits of integrations.
const (
	maxIntegrations = 300
	minTimeout      = 50    // milliseconds
	maxTimeout      = 29000 // milliseconds
)

// The integration types that are served.
const (
	integrationProxy = "AWS_PROXY"
	integrationMock  = "MOCK"
)

type integration struct {
	IntegrationID                          string            `json:"integrationId"`
	IntegrationType                        string            `json:"integrationType"`
	ConnectionType                         string            `json:"connectionType"`
	Description                            string            `json:"description,omitempty"`
	IntegrationMethod                      string            `json:"integrationMethod,omitempty"`
	IntegrationResponseSelectionExpression string            `json:"integrationResponseSelectionExpression,omitempty"`
	IntegrationURI                         string            `json:"integrationUri,omitempty"`
	PassthroughBehavior                    string            `json:"passthroughBehavior"`
	PayloadFormatVersion                   string            `json:"payloadFormatVersion"`
	RequestTemplates                       map[string]string `json:"requestTemplates,omitempty"`
	TemplateSelectionExpression            string            `json:"templateSelectionExpression,omitempty"`
	TimeoutInMillis                        int               `json:"timeoutInMillis"`
}

type integrationInput struct {
	IntegrationType             *string            `json:"integrationType"`
	ConnectionID                *string            `json:"connectionId"`
	ConnectionType              *string            `json:"connectionType"`
	ContentHandlingStrategy     *string            `json:"contentHandlingStrategy"`
	CredentialsARN              *string            `json:"credentialsArn"`
	Description                 *string            `json:"description"`
	IntegrationMethod           *string            `json:"integrationMethod"`
	IntegrationURI              *string            `json:"integrationUri"`
	PassthroughBehavior         *string            `json:"passthroughBehavior"`
	PayloadFormatVersion        *string            `json:"payloadFormatVersion"`
	RequestParameters           *map[string]string `json:"requestParameters"`
	RequestTemplates            *map[string]string `json:"requestTemplates"`
	TemplateSelectionExpression *string            `json:"templateSelectionExpression"`
	TimeoutInMillis             *int               `json:"timeoutInMillis"`

	// Members of HTTP APIs.
	IntegrationSubtype *string              `json:"integrationSubtype"`
	ResponseParameters *map[string]struct{} `json:"responseParameters"`
	TLSConfig          *struct {
		ServerNameToVerify *string `json:"serverNameToVerify"`
	} `json:"tlsConfig"`
}

func (in *integrationInput) apply(i *integration) error {
	if err := in.checkUnservable(); err != nil {
		return err
	}
	assign(&i.IntegrationType, in.IntegrationType)
	assign(&i.ConnectionType, in.ConnectionType)
	assign(&i.Description, in.Description)
	assign(&i.IntegrationMethod, in.IntegrationMethod)
	assign(&i.IntegrationURI, in.IntegrationURI)
	assign(&i.PassthroughBehavior, in.PassthroughBehavior)
	assign(&i.PayloadFormatVersion, in.PayloadFormatVersion)
	assign(&i.RequestTemplates, in.RequestTemplates)
	assign(&i.TemplateSelectionExpression, in.TemplateSelectionExpression)
	assign(&i.TimeoutInMillis, in.TimeoutInMillis)
	return i.check()
}

// checkUnservable refuses members that the record has no place for. The empty
// values that the Terraform provider sends to unset a member pass.
func (in *integrationInput) checkUnservable() error {
	switch {
	case filled(in.IntegrationSubtype):
		return notForWebSocket("IntegrationSubtype")
	case in.ResponseParameters != nil && len(*in.ResponseParameters) > 0:
		return notForWebSocket("ResponseParameters")
	case in.TLSConfig != nil && filled(in.TLSConfig.ServerNameToVerify):
		return notForWebSocket("TlsConfig")
	case filled(in.ConnectionID):
		return notServed("VPC links")
	case filled(in.ContentHandlingStrategy):
		return notServed("content handling strategies")
	case filled(in.CredentialsARN):
		return notServed("credentials of an integration; give API Gateway leave to invoke the function (aws_lambda_permission)")
	}
	if in.RequestParameters == nil {
		return nil
	}
	for _, value := range *in.RequestParameters {
		if value != "" {
			return notServed("request parameter mappings of an integration")
		}
	}
	return nil
}

func filled(member *string) bool { return member != nil && *member != "" }

func (i *integration) check() error {
	switch i.IntegrationType {
	case integrationProxy:
		if err := i.checkProxy(); err != nil {
			return err
		}
	case integrationMock:
		// The expression AWS reports for everything that is not a proxy.
		i.IntegrationResponseSelectionExpression = "${integration.response.statuscode}"
	case "AWS", "HTTP", "HTTP_PROXY":
		return notServed("integrations of type %s; AWS_PROXY to a Lambda function and MOCK are", i.IntegrationType)
	default:
		return checkOneOf("IntegrationType", i.IntegrationType, "AWS", integrationProxy, "HTTP", "HTTP_PROXY", integrationMock)
	}
	if i.ConnectionType == "VPC_LINK" {
		return notServed("VPC links")
	}
	if err := checkOneOf("ConnectionType", i.ConnectionType, "INTERNET", "VPC_LINK"); err != nil {
		return err
	}
	if err := checkOneOf("PayloadFormatVersion", i.PayloadFormatVersion, "1.0"); err != nil {
		return err
	}
	if err := checkOneOf("PassthroughBehavior", i.PassthroughBehavior, "WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"); err != nil {
		return err
	}
	if i.TimeoutInMillis < minTimeout || i.TimeoutInMillis > maxTimeout {
		return badRequest("Timeout should be between %d ms and %d ms", minTimeout, maxTimeout)
	}
	if err := checkLength("Description", i.Description, 0, 1024); err != nil {
		return err
	}
	if err := checkStaticExpression("TemplateSelectionExpression", i.TemplateSelectionExpression); err != nil {
		return err
	}
	return checkTemplates(i.RequestTemplates)
}

func (i *integration) checkProxy() error {
	if i.IntegrationMethod == "" {
		i.IntegrationMethod = http.MethodPost
	}
	if i.IntegrationMethod != http.MethodPost {
		return badRequest("Invalid IntegrationMethod %q: a Lambda function is invoked with POST", i.IntegrationMethod)
	}
	if len(i.RequestTemplates) > 0 {
		return notServed("request templates of an AWS_PROXY integration")
	}
	if i.IntegrationURI == "" {
		return badRequest("IntegrationUri is required for integrations of type AWS_PROXY")
	}
	return checkFunctionURI(i.IntegrationURI)
}

func createIntegration(c *call) (any, error) {
	var in integrationInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i := &integration{
		ConnectionType:       "INTERNET",
		PassthroughBehavior:  "WHEN_NO_MATCH",
		PayloadFormatVersion: "1.0",
		TimeoutInMillis:      maxTimeout,
	}
	err := c.change(func(record *apiRecord) error {
		if len(record.Integrations) >= maxIntegrations {
			return limitReached("Integrations")
		}
		i.IntegrationID = newID(otherIDLength, record.Integrations)
		record.Integrations[i.IntegrationID] = i
		return in.apply(i)
	})
	return i, err
}

func listIntegrations(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Integrations)
}

func (a *apiRecord) integration(c *call) (*integration, error) {
	return find(a.Integrations, c.param("integration"), "Integration")
}

func getIntegration(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.integration(c)
}

func updateIntegration(c *call) (any, error) {
	var in integrationInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated integration
	err := c.change(func(record *apiRecord) error {
		current, err := record.integration(c)
		if err != nil {
			return err
		}
		if in.IntegrationType != nil && *in.IntegrationType != current.IntegrationType {
			return notServed("changing the type of an integration")
		}
		updated = *current
		record.Integrations[updated.IntegrationID] = &updated
		return in.apply(&updated)
	})
	return &updated, err
}

func deleteIntegration(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.integration(c)
		if err != nil {
			return err
		}
		var ids []string
		for _, r := range record.routesWith(func(r *route) bool { return r.Target == "integrations/"+current.IntegrationID }) {
			ids = append(ids, r.RouteID)
		}
		if len(ids) > 0 {
			return conflict("Cannot delete Integration because it is referenced by the following Routes with Ids: [%s]", strings.Join(ids, ", "))
		}
		delete(record.Integrations, current.IntegrationID)
		delete(record.IntegrationResponses, current.IntegrationID)
		return nil
	})
}
