package apigw

import (
	"regexp"
	"strings"
)

// maxAuthorizers is AWS's default quota for Lambda authorizers of an API.
const maxAuthorizers = 10

type authorizer struct {
	AuthorizerID   string   `json:"authorizerId"`
	AuthorizerType string   `json:"authorizerType"`
	AuthorizerURI  string   `json:"authorizerUri"`
	IdentitySource []string `json:"identitySource"`
	Name           string   `json:"name"`
}

type authorizerInput struct {
	AuthorizerType           *string   `json:"authorizerType"`
	AuthorizerURI            *string   `json:"authorizerUri"`
	AuthorizerCredentialsARN *string   `json:"authorizerCredentialsArn"`
	IdentitySource           *[]string `json:"identitySource"`
	Name                     *string   `json:"name"`

	// Members of HTTP APIs.
	AuthorizerPayloadFormatVersion *string   `json:"authorizerPayloadFormatVersion"`
	AuthorizerResultTTLInSeconds   *int      `json:"authorizerResultTtlInSeconds"`
	EnableSimpleResponses          *bool     `json:"enableSimpleResponses"`
	JWTConfiguration               *struct{} `json:"jwtConfiguration"`
}

// identitySource is the pattern that AWS quotes when it refuses another form.
var identitySource = regexp.MustCompile(`^(route\.request\.(querystring|header)|stageVariables|context)\.[a-zA-Z0-9._-]+$`)

func (in *authorizerInput) apply(record *apiRecord, a *authorizer) error {
	assign(&a.AuthorizerType, in.AuthorizerType)
	assign(&a.AuthorizerURI, in.AuthorizerURI)
	assign(&a.IdentitySource, in.IdentitySource)
	assign(&a.Name, in.Name)
	if a.AuthorizerType != "REQUEST" {
		return badRequest("Invalid authorizer type. Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis.")
	}
	switch {
	case in.AuthorizerResultTTLInSeconds != nil:
		return notForWebSocket("AuthorizerResultTtlInSeconds")
	case in.AuthorizerPayloadFormatVersion != nil:
		return notForWebSocket("AuthorizerPayloadFormatVersion")
	case in.EnableSimpleResponses != nil:
		return notForWebSocket("EnableSimpleResponses")
	case in.JWTConfiguration != nil:
		return notForWebSocket("JwtConfiguration")
	case filled(in.AuthorizerCredentialsARN):
		return notServed("credentials of an authorizer; give API Gateway leave to invoke the function (aws_lambda_permission)")
	}
	return a.check(record)
}

func (a *authorizer) check(record *apiRecord) error {
	if err := checkLength("Name", a.Name, 1, 128); err != nil {
		return err
	}
	for _, other := range record.Authorizers {
		if other.Name == a.Name && other.AuthorizerID != a.AuthorizerID {
			return badRequest("Authorizer name must be unique. Authorizer %s already exists in this RestApi.", a.Name)
		}
	}
	if a.AuthorizerURI == "" {
		return badRequest("AuthorizerUri is required for authorizers of type REQUEST")
	}
	if err := checkFunctionURI(a.AuthorizerURI); err != nil {
		return err
	}
	for _, source := range a.IdentitySource {
		if !identitySource.MatchString(source) {
			return badRequest("Invalid request identity source expression: %s. The sources must be separated by comma, "+
				"and each source must be either a request parameter, matching 'route.request.querystring|header.[a-zA-Z0-9._-]+', "+
				"or a stage variable, matching 'stageVariables.[a-zA-Z0-9._-]+', "+
				"or a context parameter, matching 'context.[a-zA-Z0-9._-]+'", source)
		}
		if strings.HasPrefix(source, "context.") {
			return notServed("context parameters as identity sources (%s)", source)
		}
	}
	return nil
}

func createAuthorizer(c *call) (any, error) {
	var in authorizerInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a := &authorizer{IdentitySource: []string{}}
	err := c.change(func(record *apiRecord) error {
		if len(record.Authorizers) >= maxAuthorizers {
			return limitReached("Authorizers")
		}
		a.AuthorizerID = newID(shortIDLength, record.Authorizers)
		record.Authorizers[a.AuthorizerID] = a
		return in.apply(record, a)
	})
	return a, err
}

func listAuthorizers(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Authorizers)
}

func (a *apiRecord) authorizer(c *call) (*authorizer, error) {
	return find(a.Authorizers, c.param("authorizer"), "Authorizer")
}

func getAuthorizer(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.authorizer(c)
}

func updateAuthorizer(c *call) (any, error) {
	var in authorizerInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated authorizer
	err := c.change(func(record *apiRecord) error {
		current, err := record.authorizer(c)
		if err != nil {
			return err
		}
		updated = *current
		record.Authorizers[updated.AuthorizerID] = &updated
		return in.apply(record, &updated)
	})
	return &updated, err
}

func deleteAuthorizer(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.authorizer(c)
		if err != nil {
			return err
		}
		using := record.routesWith(func(r *route) bool { return r.AuthorizerID == current.AuthorizerID })
		if len(using) > 0 {
			return conflict("Cannot delete authorizer '%s', is referenced in route: %s", current.Name, using[0].RouteKey)
		}
		delete(record.Authorizers, current.AuthorizerID)
		return nil
	})
}
