package apigw

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// Quotas of custom domain names (API Gateway developer guide, limits).
const (
	maxDomains       = 120 // of an account and Region
	maxMappings      = 200 // of a domain name
	domainNameLength = 10  // of what AWS makes up for the target of DNS records
)

// hostedZone stands for the zone of the Region's endpoints, which differs from
// Region to Region on AWS. No DNS record leads to the local stack.
const hostedZone = "ZLOCALSTACK00"

// mappingSelection is the only API mapping selection expression there is.
const mappingSelection = "$request.basepath"

// Certificates finds certificates of AWS Certificate Manager.
type Certificates interface {
	// CertificateNames returns the names that an issued certificate of a Region
	// is for, wildcards included; none when there is no such certificate.
	CertificateNames(ctx context.Context, region, arn string) ([]string, error)
}

// noCertificates has none.
type noCertificates struct{}

func (noCertificates) CertificateNames(context.Context, string, string) ([]string, error) {
	return nil, nil
}

type domainName struct {
	DomainName                    string                    `json:"domainName"`
	DomainNameARN                 string                    `json:"domainNameArn"`
	APIMappingSelectionExpression string                    `json:"apiMappingSelectionExpression"`
	DomainNameConfigurations      []domainNameConfiguration `json:"domainNameConfigurations"`
	RoutingMode                   string                    `json:"routingMode"`
	Tags                          map[string]string         `json:"tags"`
}

type domainNameConfiguration struct {
	APIGatewayDomainName string `json:"apiGatewayDomainName"`
	CertificateARN       string `json:"certificateArn"`
	CertificateName      string `json:"certificateName,omitempty"`
	DomainNameStatus     string `json:"domainNameStatus"`
	EndpointType         string `json:"endpointType"`
	HostedZoneID         string `json:"hostedZoneId"`
	IPAddressType        string `json:"ipAddressType"`
	SecurityPolicy       string `json:"securityPolicy"`
}

type domainNameInput struct {
	DomainName               *string `json:"domainName"`
	DomainNameConfigurations *[]struct {
		CertificateARN                      *string `json:"certificateArn"`
		CertificateName                     *string `json:"certificateName"`
		EndpointType                        *string `json:"endpointType"`
		IPAddressType                       *string `json:"ipAddressType"`
		OwnershipVerificationCertificateARN *string `json:"ownershipVerificationCertificateArn"`
		SecurityPolicy                      *string `json:"securityPolicy"`
	} `json:"domainNameConfigurations"`
	MutualTLSAuthentication *struct {
		TruststoreURI *string `json:"truststoreUri"`
	} `json:"mutualTlsAuthentication"`
	RoutingMode *string            `json:"routingMode"`
	Tags        *map[string]string `json:"tags"`
}

// domainRecord is a domain name with its API mappings, by their ids.
type domainRecord struct {
	Domain   *domainName            `json:"domain"`
	Mappings map[string]*apiMapping `json:"mappings"`
}

func (d *domainRecord) clone() *domainRecord {
	return &domainRecord{Domain: d.Domain, Mappings: cloneMap(d.Mappings)}
}

// hostName is a DNS name of at least two labels, perhaps with a wildcard for the
// first. An address is none, nor is localhost.
var hostName = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkHostName(name string) error {
	if len(name) > 253 || !hostName.MatchString(name) {
		return badRequest("Invalid domain name %q: lower-case DNS names of several labels are allowed", name)
	}
	if strings.HasPrefix(name, "*.") {
		return notServed("wildcard custom domain names")
	}
	return nil
}

func (in *domainNameInput) apply(c *call, d *domainName) error {
	switch {
	case in.MutualTLSAuthentication != nil && filled(in.MutualTLSAuthentication.TruststoreURI):
		return notServed("mutual TLS authentication, which WebSocket APIs do not have")
	case in.RoutingMode != nil && *in.RoutingMode != "API_MAPPING_ONLY":
		return notServed("routing rules of a domain name")
	}
	if in.DomainNameConfigurations == nil {
		return nil
	}
	if len(*in.DomainNameConfigurations) != 1 {
		return badRequest("Invalid input. Expected one domain name configuration")
	}
	sent := (*in.DomainNameConfigurations)[0]
	if filled(sent.OwnershipVerificationCertificateARN) {
		return notServed("ownership verification certificates")
	}
	config := d.DomainNameConfigurations[0]
	assign(&config.CertificateARN, sent.CertificateARN)
	assign(&config.CertificateName, sent.CertificateName)
	assign(&config.IPAddressType, sent.IPAddressType)
	assign(&config.SecurityPolicy, sent.SecurityPolicy)
	d.DomainNameConfigurations = []domainNameConfiguration{config}
	if sent.EndpointType != nil && *sent.EndpointType == "EDGE" { // whatever else it says, REGIONAL comes of it
		return badRequest("EDGE endpoint type is not supported for APIGatewayV2 domainName")
	}
	if config.SecurityPolicy != "TLS_1_2" {
		return badRequest("Invalid SecurityPolicy %q: only TLS_1_2 is supported for WEBSOCKET protocol Apis", config.SecurityPolicy)
	}
	if err := checkOneOf("IpAddressType", config.IPAddressType, "ipv4", "dualstack"); err != nil {
		return err
	}
	return c.checkCertificate(d.DomainName, config.CertificateARN)
}

var certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):(\d{12}):certificate/[\w-]+$`)

// checkCertificate refuses a certificate that AWS would not take for a domain
// name.
func (c *call) checkCertificate(name, arn string) error {
	if arn == "" {
		return badRequest("A certificate ARN is required for the domain name")
	}
	found := certificateARN.FindStringSubmatch(arn)
	if found == nil {
		return badRequest("Invalid certificate ARN: %s", arn)
	}
	if found[1] != c.region {
		return badRequest("Invalid certificate ARN: %s. Certificate must be in '%s'.", arn, c.region)
	}
	if found[2] != c.cfg.AccountID {
		return badRequest("The certificate provided must be owned by the account creating the domain.")
	}
	names, err := c.cfg.Certificates.CertificateNames(c.request.Context(), c.region, arn)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", arn, err)
	}
	if len(names) == 0 {
		return badRequest("Invalid certificate ARN: %s. The certificate does not exist or is not issued.", arn)
	}
	for _, covered := range names {
		if covers(covered, name) {
			return nil
		}
	}
	return badRequest("The certificate %s is not for %s but for %s", arn, name, strings.Join(names, ", "))
}

// covers tells whether a name of a certificate, in which a wildcard stands for
// one label, is for a domain name.
func covers(certificate, name string) bool {
	if parent, ok := strings.CutPrefix(certificate, "*."); ok {
		_, rest, _ := strings.Cut(name, ".")
		return strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(certificate, name)
}

func createDomainName(c *call) (any, error) {
	var in domainNameInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := &domainName{
		APIMappingSelectionExpression: mappingSelection,
		RoutingMode:                   "API_MAPPING_ONLY",
		Tags:                          map[string]string{},
		DomainNameConfigurations: []domainNameConfiguration{{
			APIGatewayDomainName: fmt.Sprintf("d-%s.execute-api.%s.amazonaws.com", newID(domainNameLength, map[string]bool{}), c.region),
			DomainNameStatus:     "AVAILABLE", EndpointType: "REGIONAL", HostedZoneID: hostedZone, IPAddressType: "ipv4", SecurityPolicy: "TLS_1_2",
		}},
	}
	assign(&d.DomainName, in.DomainName)
	assign(&d.Tags, in.Tags)
	d.DomainNameARN = fmt.Sprintf("arn:aws:apigateway:%s::/domainnames/%s", c.region, d.DomainName)
	if err := checkHostName(d.DomainName); err != nil {
		return nil, err
	}
	if err := checkTags(d.Tags); err != nil {
		return nil, err
	}
	if in.DomainNameConfigurations == nil {
		return nil, badRequest("Invalid input. Expected one domain name configuration")
	}
	if err := in.apply(c, d); err != nil {
		return nil, err
	}
	return d, c.addDomain(d)
}

// addDomain stores a new domain name. A request finds it by its name alone, so
// no other Region may have it.
func (c *call) addDomain(d *domainName) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for region, domains := range c.state.Domains {
		if _, taken := domains[d.DomainName]; taken && region == c.region {
			return conflict("The domain name you provided already exists.")
		} else if taken {
			return notServed("one custom domain name in several Regions: %s has %s already", region, d.DomainName)
		}
	}
	if len(c.state.Domains[c.region]) >= maxDomains {
		return limitReached("DomainNames")
	}
	return c.replaceDomain(c.region, d.DomainName, &domainRecord{Domain: d, Mappings: map[string]*apiMapping{}})
}

func listDomainNames(c *call) (any, error) {
	c.mu.RLock()
	domains := make(map[string]*domainName, len(c.state.Domains[c.region]))
	for name, record := range c.state.Domains[c.region] {
		domains[name] = record.Domain
	}
	c.mu.RUnlock()
	return page(c, domains)
}

// viewDomain gives the domain name that the request's path names, to read.
func (c *call) viewDomain() (*domainRecord, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.domain(c.param("domain"))
}

// domain finds a domain name of the request's Region. The lock is held by the
// caller.
func (c *call) domain(name string) (*domainRecord, error) {
	record, ok := c.state.Domains[c.region][name]
	if !ok {
		return nil, notFound("Invalid domain name identifier specified")
	}
	return record, nil
}

// changeDomain lets edit work on a copy of a domain name, which takes its place
// if neither edit nor the disk objects.
func (c *call) changeDomain(name string, edit func(*domainRecord) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, err := c.domain(name)
	if err != nil {
		return err
	}
	next := current.clone()
	if err := edit(next); err != nil {
		return err
	}
	return c.replaceDomain(c.region, name, next)
}

func getDomainName(c *call) (any, error) {
	record, err := c.viewDomain()
	if err != nil {
		return nil, err
	}
	return record.Domain, nil
}

func updateDomainName(c *call) (any, error) {
	var in domainNameInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	record, err := c.viewDomain()
	if err != nil {
		return nil, err
	}
	updated := *record.Domain
	// Outside of the lock, since it asks for the certificate.
	if err := in.apply(c, &updated); err != nil {
		return nil, err
	}
	return &updated, c.changeDomain(updated.DomainName, func(record *domainRecord) error {
		updated.Tags = record.Domain.Tags
		record.Domain = &updated
		return nil
	})
}

// deleteDomainName deletes a domain name with its API mappings, as AWS does.
func deleteDomainName(c *call) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	record, err := c.domain(c.param("domain"))
	if err != nil {
		return nil, err
	}
	return nil, c.replaceDomain(c.region, record.Domain.DomainName, nil)
}
