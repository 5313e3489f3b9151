package apigw

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

const (
	certificate = "arn:aws:acm:us-east-1:000000000000:certificate/1-2"
	wildcard    = "arn:aws:acm:us-east-1:000000000000:certificate/3-4"
	far         = "arn:aws:acm:eu-west-1:000000000000:certificate/5-6"
	broken      = "arn:aws:acm:us-east-1:000000000000:certificate/7-8"
)

// someCertificates are those of the tests.
type someCertificates struct{}

func (someCertificates) CertificateNames(_ context.Context, region, arn string) ([]string, error) {
	if arn == broken {
		return nil, errors.New("out of order")
	}
	return map[string][]string{
		"us-east-1 " + certificate: {"example.org", "ws.example.com"},
		"us-east-1 " + wildcard:    {"*.example.com"},
		"eu-west-1 " + far:         {"ws.example.com"},
	}[region+" "+arn], nil
}

func newDomains(t *testing.T) *fixture {
	t.Helper()
	f := newPlane(t, Config{EndpointBase: "ws://127.0.0.1:4566", Certificates: someCertificates{}, StateFile: filepath.Join(t.TempDir(), "state")})
	f.api = f.newAPI()
	return f
}

// domainInput asks for a domain name with a certificate.
func domainInput(name, certificate string) *apigatewayv2.CreateDomainNameInput {
	return &apigatewayv2.CreateDomainNameInput{
		DomainName: &name,
		DomainNameConfigurations: []types.DomainNameConfiguration{{
			CertificateArn: &certificate, EndpointType: types.EndpointTypeRegional, SecurityPolicy: types.SecurityPolicyTls12,
		}},
	}
}

func (f *fixture) newDomain(name string) {
	f.Helper()
	must(f.client.CreateDomainName(f.Context(), domainInput(name, wildcard)))
}

// deployed makes a stage that serves a deployment.
func (f *fixture) deployed(stage string) {
	f.Helper()
	if len(must(f.client.GetRoutes(f.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api})).Items) == 0 {
		f.newRoute("$default")
	}
	f.newStage(stage, f.newDeployment())
}

func (f *fixture) newMapping(domain, key, stage string) *string {
	f.Helper()
	return must(f.client.CreateApiMapping(f.Context(), &apigatewayv2.CreateApiMappingInput{DomainName: &domain, ApiId: f.api, ApiMappingKey: &key, Stage: &stage})).ApiMappingId
}

func TestADomainNameComesBackAsItWasMade(t *testing.T) {
	f := newDomains(t)
	in := domainInput("ws.example.com", certificate)
	in.Tags = map[string]string{"team": "chat"}
	created := must(f.client.CreateDomainName(t.Context(), in))
	got := must(f.client.GetDomainName(t.Context(), &apigatewayv2.GetDomainNameInput{DomainName: in.DomainName}))
	config := got.DomainNameConfigurations[0]
	equal(t, "name", *got.DomainName, "ws.example.com")
	equal(t, "ARN", *got.DomainNameArn, "arn:aws:apigateway:us-east-1::/domainnames/ws.example.com")
	equal(t, "selection expression", *got.ApiMappingSelectionExpression, "$request.basepath")
	equal(t, "routing mode", got.RoutingMode, types.RoutingModeApiMappingOnly)
	equal(t, "certificate", *config.CertificateArn, certificate)
	equal(t, "endpoint type", config.EndpointType, types.EndpointTypeRegional)
	equal(t, "security policy", config.SecurityPolicy, types.SecurityPolicyTls12)
	equal(t, "address type", config.IpAddressType, types.IpAddressTypeIpv4)
	equal(t, "status", config.DomainNameStatus, types.DomainNameStatusAvailable)
	equal(t, "target", *config.ApiGatewayDomainName, *created.DomainNameConfigurations[0].ApiGatewayDomainName)
	if !strings.HasPrefix(*config.ApiGatewayDomainName, "d-") || !strings.HasSuffix(*config.ApiGatewayDomainName, ".execute-api.us-east-1.amazonaws.com") {
		t.Errorf("target %s", *config.ApiGatewayDomainName)
	}

	arn := got.DomainNameArn
	must(f.client.TagResource(t.Context(), &apigatewayv2.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"env": "test"}}))
	must(f.client.UntagResource(t.Context(), &apigatewayv2.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}}))
	tags := must(f.client.GetTags(t.Context(), &apigatewayv2.GetTagsInput{ResourceArn: arn})).Tags
	if len(tags) != 1 || tags["env"] != "test" {
		t.Errorf("tags %v", tags)
	}

	updated := must(f.client.UpdateDomainName(t.Context(), &apigatewayv2.UpdateDomainNameInput{
		DomainName: in.DomainName,
		DomainNameConfigurations: []types.DomainNameConfiguration{{
			CertificateArn: aws.String(wildcard), IpAddressType: types.IpAddressTypeDualstack, EndpointType: "PRIVATE", // as AWS takes it
		}},
	}))
	config = updated.DomainNameConfigurations[0]
	equal(t, "certificate", *config.CertificateArn, wildcard)
	equal(t, "endpoint type", config.EndpointType, types.EndpointTypeRegional)
	equal(t, "address type", config.IpAddressType, types.IpAddressTypeDualstack)
	equal(t, "target", *config.ApiGatewayDomainName, *created.DomainNameConfigurations[0].ApiGatewayDomainName)
	equal(t, "tag", updated.Tags["env"], "test")
}

func TestADomainNameIsRefusedWhen(t *testing.T) {
	bad, other := "BadRequestException", "NotServedByLocalStack"
	for name, c := range map[string]struct {
		change func(*apigatewayv2.CreateDomainNameInput)
		kind   string
		reason string
	}{
		"it has no configuration": {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainNameConfigurations = nil }, bad, "Expected one domain name configuration"},
		"its configuration is empty": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations = in.DomainNameConfigurations[:0]
		}, bad, "Expected one domain name configuration"},
		"it has two configurations": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations = append(in.DomainNameConfigurations, in.DomainNameConfigurations...)
		}, bad, "Expected one domain name configuration"},
		"it has upper-case letters": {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("WS.example.com") }, bad, "Invalid domain name"},
		"it is one label":           {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("localhost") }, bad, "Invalid domain name"},
		"it is an address":          {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("127.0.0.1") }, bad, "Invalid domain name"},
		"it has a port":             {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("ws.example.com:80") }, bad, "Invalid domain name"},
		"it is too long": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainName = aws.String(strings.Repeat("a.", 126) + "com")
		}, bad, "Invalid domain name"},
		"it is a wildcard": {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("*.example.com") }, other, "wildcard"},
		"its endpoint is of the edge": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].EndpointType = types.EndpointTypeEdge
		}, bad, "EDGE endpoint type is not supported for APIGatewayV2 domainName"},
		"its security policy is old": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].SecurityPolicy = types.SecurityPolicyTls10
		}, bad, "only TLS_1_2"},
		"its address type is unknown": {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainNameConfigurations[0].IpAddressType = "ipv6" }, bad, "IpAddressType"},
		"it has no certificate":       {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainNameConfigurations[0].CertificateArn = nil }, bad, "certificate ARN is required"},
		"its certificate is of another Region": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = aws.String(far)
		}, bad, "Certificate must be in 'us-east-1'"},
		"its certificate is of IAM": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = aws.String("arn:aws:iam::000000000000:server-certificate/x")
		}, bad, "Invalid certificate ARN"},
		"its certificate is of another account": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = aws.String(strings.Replace(certificate, "000000000000", "111111111111", 1))
		}, bad, "must be owned by the account"},
		"its certificate does not exist": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = aws.String(certificate + "0")
		}, bad, "does not exist"},
		"its certificate is for others": {func(in *apigatewayv2.CreateDomainNameInput) { in.DomainName = aws.String("ws.example.net") }, bad, "is not for ws.example.net"},
		"its certificate is for one label only": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainName, in.DomainNameConfigurations[0].CertificateArn = aws.String("a.b.example.com"), aws.String(wildcard)
		}, bad, "is not for a.b.example.com"},
		"its certificate cannot be asked for": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].CertificateArn = aws.String(broken)
		}, "InternalFailure", "out of order"},
		"clients shall have certificates": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.MutualTlsAuthentication = &types.MutualTlsAuthenticationInput{TruststoreUri: aws.String("s3://x/y")}
		}, other, "mutual TLS"},
		"it has routing rules": {func(in *apigatewayv2.CreateDomainNameInput) { in.RoutingMode = types.RoutingModeRoutingRuleOnly }, other, "routing rules"},
		"it has an ownership certificate": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainNameConfigurations[0].OwnershipVerificationCertificateArn = aws.String(certificate)
		}, other, "ownership"},
		"its tags are reserved": {func(in *apigatewayv2.CreateDomainNameInput) { in.Tags = map[string]string{"aws:x": "y"} }, bad, "aws:"},
		"it exists": {func(in *apigatewayv2.CreateDomainNameInput) {
			in.DomainName = aws.String("taken.example.com")
			in.DomainNameConfigurations[0].CertificateArn = aws.String(wildcard)
		}, "ConflictException", "already exists"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newDomains(t)
			f.newDomain("taken.example.com")
			in := domainInput("ws.example.com", certificate)
			c.change(in)
			_, err := f.client.CreateDomainName(t.Context(), in)
			wantRefusal(t, err, c.kind, c.reason)
			if list := must(f.client.GetDomainNames(t.Context(), &apigatewayv2.GetDomainNamesInput{})).Items; len(list) != 1 {
				t.Errorf("domain names %v", list)
			}
		})
	}
}

func TestADomainNameIsOfOneRegion(t *testing.T) {
	f := newDomains(t)
	elsewhere := newClient(f.url, "eu-west-1")
	must(elsewhere.CreateDomainName(t.Context(), domainInput("ws.example.com", far)))
	_, err := f.client.CreateDomainName(t.Context(), domainInput("ws.example.com", certificate))
	wantRefusal(t, err, "NotServedByLocalStack", "in several Regions: eu-west-1")
	_, err = f.client.GetDomainName(t.Context(), &apigatewayv2.GetDomainNameInput{DomainName: aws.String("ws.example.com")})
	wantRefusal(t, err, "NotFoundException", "Invalid domain name identifier specified")
}

func TestARefusedUpdateOfADomainNameLeavesNoTrace(t *testing.T) {
	f := newDomains(t)
	f.newDomain("ws.example.com")
	_, err := f.client.UpdateDomainName(t.Context(), &apigatewayv2.UpdateDomainNameInput{
		DomainName: aws.String("ws.example.com"), DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: aws.String(far)}},
	})
	wantRefusal(t, err, "BadRequestException", "Certificate must be in")
	got := must(f.client.GetDomainName(t.Context(), &apigatewayv2.GetDomainNameInput{DomainName: aws.String("ws.example.com")}))
	equal(t, "certificate", *got.DomainNameConfigurations[0].CertificateArn, wildcard)
}

func TestAnAPIMappingComesBackAsItWasMade(t *testing.T) {
	f := newDomains(t)
	f.newDomain("ws.example.com")
	f.deployed("live")
	f.deployed("next")
	domain := aws.String("ws.example.com")
	id := f.newMapping(*domain, "chat/v1", "live")
	update := &apigatewayv2.UpdateApiMappingInput{DomainName: domain, ApiMappingId: id, ApiId: f.api, Stage: aws.String("next"), ApiMappingKey: aws.String("")}
	updated := must(f.client.UpdateApiMapping(t.Context(), update))
	equal(t, "key", *updated.ApiMappingKey, "")
	got := must(f.client.GetApiMapping(t.Context(), &apigatewayv2.GetApiMappingInput{DomainName: domain, ApiMappingId: id}))
	equal(t, "API", *got.ApiId, *f.api)
	equal(t, "stage", *got.Stage, "next")
	f.newMapping(*domain, "chat", "live")
	equal(t, "mappings", len(must(f.client.GetApiMappings(t.Context(), &apigatewayv2.GetApiMappingsInput{DomainName: domain})).Items), 2)
	must(f.client.DeleteApiMapping(t.Context(), &apigatewayv2.DeleteApiMappingInput{DomainName: domain, ApiMappingId: id}))
	_, err := f.client.GetApiMapping(t.Context(), &apigatewayv2.GetApiMappingInput{DomainName: domain, ApiMappingId: id})
	wantRefusal(t, err, "NotFoundException", "Invalid API mapping identifier specified")
}

func TestAnAPIMappingIsRefusedWhen(t *testing.T) {
	bad := "BadRequestException"
	for name, c := range map[string]struct {
		change func(*apigatewayv2.CreateApiMappingInput)
		kind   string
		reason string
	}{
		"its domain name does not exist": {func(in *apigatewayv2.CreateApiMappingInput) { in.DomainName = aws.String("x.example.com") }, "NotFoundException", "Invalid domain name identifier"},
		"its API does not exist":         {func(in *apigatewayv2.CreateApiMappingInput) { in.ApiId = aws.String("abc") }, "NotFoundException", "Invalid API identifier"},
		"its stage does not exist":       {func(in *apigatewayv2.CreateApiMappingInput) { in.Stage = aws.String("none") }, bad, "Invalid stage identifier"},
		"its key is taken":               {func(in *apigatewayv2.CreateApiMappingInput) { in.ApiMappingKey = aws.String("taken") }, "ConflictException", "ApiMapping key already exists"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newDomains(t)
			f.newDomain("ws.example.com")
			f.deployed("live")
			f.newMapping("ws.example.com", "taken", "live")
			in := &apigatewayv2.CreateApiMappingInput{DomainName: aws.String("ws.example.com"), ApiId: f.api, Stage: aws.String("live"), ApiMappingKey: aws.String("free")}
			c.change(in)
			_, err := f.client.CreateApiMapping(t.Context(), in)
			wantRefusal(t, err, c.kind, c.reason)
			equal(t, "mappings", len(must(f.client.GetApiMappings(t.Context(), &apigatewayv2.GetApiMappingsInput{DomainName: aws.String("ws.example.com")})).Items), 1)
		})
	}
}

// TestAnAPIMappingKeyIsChecked with the words that were seen on AWS.
func TestAnAPIMappingKeyIsChecked(t *testing.T) {
	f := newDomains(t)
	domain := aws.String("ws.example.com")
	f.newDomain(*domain)
	f.deployed("live")
	f.newMapping(*domain, strings.Repeat("x", 300), "live")
	id := f.newMapping(*domain, "aZ0$-_.+!*'(),/b", "live")
	end, slashes := "API mapping key should not end with a '/'.", "API mapping key should not start with a '/' or have consecutive '/'s."
	characters := "An API mapping key may contain only letters, numbers and one of $-_.+!*'(), characters."
	for key, reason := range map[string]string{
		"/": end, "a/": end, "/a/": end, "/a": slashes, "a//b": slashes, " a": characters, "a~b": characters, "v1?x": characters,
		strings.Repeat("x", 301): "ApiMapping key length must be under 300 characters.",
	} {
		_, err := f.client.CreateApiMapping(t.Context(), &apigatewayv2.CreateApiMappingInput{DomainName: domain, ApiId: f.api, Stage: aws.String("live"), ApiMappingKey: &key})
		wantRefusal(t, err, "BadRequestException", reason)
	}
	root := f.newMapping(*domain, "  ", "live")
	got := must(f.client.GetApiMapping(t.Context(), &apigatewayv2.GetApiMappingInput{DomainName: domain, ApiMappingId: root}))
	equal(t, "key", *got.ApiMappingKey, "")
	for key, reason := range map[string]string{"  ": slashes, "/": end} {
		_, err := f.client.UpdateApiMapping(t.Context(), &apigatewayv2.UpdateApiMappingInput{DomainName: domain, ApiMappingId: id, ApiId: f.api, ApiMappingKey: &key})
		wantRefusal(t, err, "BadRequestException", reason)
	}
	equal(t, "mappings", len(must(f.client.GetApiMappings(t.Context(), &apigatewayv2.GetApiMappingsInput{DomainName: domain})).Items), 3)
}

func TestWhatIsMappedCannotBeDeleted(t *testing.T) {
	f := newDomains(t)
	f.newDomain("ws.example.com")
	f.deployed("live")
	f.deployed("spare")
	id := f.newMapping("ws.example.com", "", "live")
	api, stage := &apigatewayv2.DeleteApiInput{ApiId: f.api}, &apigatewayv2.DeleteStageInput{ApiId: f.api, StageName: aws.String("live")}
	_, err := f.client.DeleteApi(t.Context(), api)
	wantRefusal(t, err, "BadRequestException", "Please remove all API mappings")
	_, err = f.client.DeleteStage(t.Context(), stage)
	wantRefusal(t, err, "BadRequestException", "Please remove all API mappings")
	must(f.client.DeleteStage(t.Context(), &apigatewayv2.DeleteStageInput{ApiId: f.api, StageName: aws.String("spare")}))

	must(f.client.DeleteApiMapping(t.Context(), &apigatewayv2.DeleteApiMappingInput{DomainName: aws.String("ws.example.com"), ApiMappingId: id}))
	must(f.client.DeleteStage(t.Context(), stage))
	must(f.client.DeleteApi(t.Context(), api))
}

func TestADomainNameIsDeletedWithItsMappings(t *testing.T) {
	f := newDomains(t)
	f.newDomain("ws.example.com")
	f.deployed("live")
	f.newMapping("ws.example.com", "", "live")
	in := &apigatewayv2.DeleteDomainNameInput{DomainName: aws.String("ws.example.com")}
	must(f.client.DeleteDomainName(t.Context(), in))
	_, err := f.client.DeleteDomainName(t.Context(), in)
	wantRefusal(t, err, "NotFoundException", "Invalid domain name identifier")
	if _, _, err := f.plane.StageAt("ws.example.com", "/"); !errors.Is(err, ErrNoDomain) {
		t.Errorf("stage of a deleted domain name: %v", err)
	}
	must(f.client.DeleteApi(t.Context(), &apigatewayv2.DeleteApiInput{ApiId: f.api}))
}

// TestThePathOfADomainNameLeadsToAStage by the longest mapping, level by level.
func TestThePathOfADomainNameLeadsToAStage(t *testing.T) {
	f := newDomains(t)
	f.newDomain("ws.example.com")
	for _, stage := range []string{"root", "a", "ab", "alpha"} {
		f.deployed(stage)
	}
	for key, stage := range map[string]string{"": "root", "a": "a", "a/b": "ab", "alpha": "alpha"} {
		f.newMapping("ws.example.com", key, stage)
	}
	again, err := New(f.plane.cfg) // from the state file
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"": "root ", "/": "root ", "/a": "a ", "/a/": "a ", "/a/b": "ab ", "/a/bc": "a bc", "/al": "root al", "/alpha": "alpha ",
		"/@connections/x=": "root @connections/x=", "/a/@connections/x=": "a @connections/x=", "/a/b/@connections/x=": "ab @connections/x=",
	} {
		for _, plane := range []*ControlPlane{f.plane, again} {
			stage, rest, err := plane.StageAt("ws.example.com", path)
			if err != nil || stage.Deployment == nil || stage.APIID != *f.api {
				t.Fatalf("%q: %+v, %v", path, stage, err)
			}
			equal(t, path, stage.Name+" "+rest, want)
		}
	}
	if _, _, err := f.plane.StageAt("example.com", "/"); !errors.Is(err, ErrNoDomain) {
		t.Errorf("error %v, want ErrNoDomain", err)
	}
	f.newDomain("bare.example.com")
	f.newMapping("bare.example.com", "only", "a")
	if _, _, err := f.plane.StageAt("bare.example.com", "/"); !errors.Is(err, ErrNoStage) {
		t.Errorf("error %v, want ErrNoStage", err)
	}
}
