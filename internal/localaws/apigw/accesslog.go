package apigw

import (
	"regexp"
	"slices"
	"strings"
)

// maxAccessLogFormat is AWS's limit of an access log format: 3 KB.
const maxAccessLogFormat = 3 << 10

type accessLogSettings struct {
	DestinationARN string `json:"destinationArn,omitempty"`
	Format         string `json:"format,omitempty"`
}

var (
	logGroupARN = regexp.MustCompile(`^arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[a-zA-Z0-9_/.#-]{1,512}(:\*)?$`)
	firehoseARN = regexp.MustCompile(`^arn:aws[a-z-]*:firehose:`)

	// logReference finds whatever looks like a variable in a format.
	logReference = regexp.MustCompile(`\$(?:[A-Za-z][A-Za-z0-9_.]*|[{!][A-Za-z0-9_.{}]*)`)
)

// accessLogVariables are the $context variables of a WebSocket API's access
// log (developer guide, "Configure logging for WebSocket APIs"), besides the
// properties that an authorizer adds.
var accessLogVariables = strings.Fields(`
	apiId connectedAt connectionId domainName eventType extendedRequestId messageId requestId requestTime
	requestTimeEpoch routeKey stage status integrationLatency
	authenticate.error authenticate.latency authenticate.status
	authorize.error authorize.latency authorize.status
	error.message error.messageString error.responseType error.validationErrorString
	identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.cognitoAuthenticationProvider
	identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId
	identity.principalOrgId identity.sourceIp identity.user identity.userAgent identity.userArn
	integration.error integration.integrationStatus integration.latency integration.requestId integration.status
	waf.error waf.latency waf.status`)

func (s *accessLogSettings) check() error {
	if firehoseARN.MatchString(s.DestinationARN) {
		return notServed("access logs to Amazon Data Firehose")
	}
	if !logGroupARN.MatchString(s.DestinationARN) {
		return badRequest("Invalid access log destination %q: the ARN of a CloudWatch log group is required", s.DestinationARN)
	}
	if s.Format == "" {
		return badRequest("Access log format is required")
	}
	if len(s.Format) > maxAccessLogFormat {
		return badRequest("Access log format must not be longer than 3 KB")
	}
	if strings.ContainsAny(s.Format, "\r\n") {
		return badRequest("Access log format must be a single line")
	}
	var identified bool
	for _, reference := range logReference.FindAllString(s.Format, -1) {
		name, ok := strings.CutPrefix(strings.TrimRight(reference, "."), "$context.")
		property, ofAuthorizer := strings.CutPrefix(name, "authorizer.")
		if !ok || !slices.Contains(accessLogVariables, name) && !(ofAuthorizer && variableProperty.MatchString(property)) {
			return badRequest("Access log format has %s, which is not a $context variable of WEBSOCKET protocol Apis", reference)
		}
		identified = identified || name == "requestId" || name == "extendedRequestId"
	}
	if !identified {
		return badRequest("Access log format must include $context.requestId or $context.extendedRequestId")
	}
	return nil
}
