package edge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// element is a part of a request to CloudFront's API.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Elements []element `xml:",any"`
}

// child returns the first element of that name; it is empty where there is none.
func (e element) child(path ...string) element {
	for _, name := range path {
		i := slices.IndexFunc(e.Elements, func(c element) bool { return c.XMLName.Local == name })
		if i < 0 {
			return element{}
		}
		e = e.Elements[i]
	}
	return e
}

func (e element) text() string { return strings.TrimSpace(e.Text) }

// set tells whether a member says more than that there is nothing: an empty
// list, a false, an empty text.
func (e element) set() bool {
	switch quantity, enabled := e.child("Quantity"), e.child("Enabled"); {
	case enabled.text() != "":
		return enabled.text() == "true"
	case quantity.text() != "":
		return quantity.text() != "0"
	case len(e.Elements) > 0:
		return slices.ContainsFunc(e.Elements, element.set)
	default:
		text := e.text()
		return text != "" && text != "false"
	}
}

// The members that are served, and those that have no effect on one machine,
// which docs/local-stack-differences.md lists.
var (
	servedOfDistribution = []string{
		"CallerReference", "Comment", "DefaultCacheBehavior", "Enabled", "Origins", "Aliases", "CacheBehaviors", "CustomErrorResponses",
		"DefaultRootObject", "Restrictions", "WebACLId",
		"HttpVersion", "IsIPV6Enabled", "Logging", "PriceClass", "ViewerCertificate",
	}
	servedOfOrigin = []string{
		"Id", "DomainName", "OriginPath", "CustomHeaders", "CustomOriginConfig", "S3OriginConfig", "OriginAccessControlId",
		"ConnectionAttempts", "ConnectionTimeout", "OriginShield",
	}
	servedOfCustomOrigin = []string{
		"HTTPPort", "HTTPSPort", "OriginProtocolPolicy", "OriginReadTimeout", "OriginSslProtocols", "OriginKeepaliveTimeout", "IpAddressType",
	}
	servedOfS3Origin  = []string{"OriginReadTimeout"}
	servedOfBehaviour = []string{
		"PathPattern", "TargetOriginId", "ViewerProtocolPolicy", "AllowedMethods", "CachePolicyId", "OriginRequestPolicyId", "ResponseHeadersPolicyId",
		"Compress",
	}
)

// readMethods are those that a bucket behind a distribution is asked with.
var readMethods = []string{"GET", "HEAD", "OPTIONS"}

// Unserved says what of a request to make or change a distribution, or a
// response headers policy, the local stack does not serve; nothing when it
// serves all of it.
func Unserved(request []byte) (string, error) {
	var root element
	if err := xml.NewDecoder(bytes.NewReader(request)).Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if root.XMLName.Local == "DistributionConfigWithTags" {
		root = root.child("DistributionConfig")
	}
	switch root.XMLName.Local {
	case "ResponseHeadersPolicyConfig":
		if root.child("ServerTimingHeadersConfig").set() {
			return "ServerTimingHeadersConfig of a response headers policy", nil
		}
		return "", nil
	case "DistributionConfig":
		return unservedOfDistribution(root), nil
	default:
		return "", nil
	}
}

func unservedOfDistribution(config element) string {
	if what := beyond("a distribution", config, servedOfDistribution, "ConnectionMode=direct"); what != "" {
		return what
	}
	buckets := map[string]bool{}
	for _, origin := range config.child("Origins", "Items").Elements {
		for part, served := range map[string][]string{"": servedOfOrigin, "CustomOriginConfig": servedOfCustomOrigin, "S3OriginConfig": servedOfS3Origin} {
			of, named := origin, "an origin"
			if part != "" {
				of, named = origin.child(part), part
			}
			if what := beyond(named, of, served); what != "" {
				return what
			}
		}
		buckets[origin.child("Id").text()] = len(origin.child("S3OriginConfig").Elements) > 0
	}
	for _, behaviour := range append(config.child("CacheBehaviors", "Items").Elements, config.child("DefaultCacheBehavior")) {
		if what := beyond("a cache behaviour", behaviour, servedOfBehaviour); what != "" {
			return what
		}
		if behaviour.child("CachePolicyId").text() == "" {
			return "a cache behaviour without a cache policy (ForwardedValues are the old way)"
		}
		for _, method := range behaviour.child("AllowedMethods", "Items").Elements {
			if buckets[behaviour.child("TargetOriginId").text()] && !slices.Contains(readMethods, method.text()) {
				return "a cache behaviour with the method " + method.text() + " to a bucket (" + strings.Join(readMethods, ", ") + " are served)"
			}
		}
	}
	return ""
}

// beyond names the first member that is set and not among those served. Of the
// exceptions, name=value, that value says nothing.
func beyond(of string, config element, served []string, exceptions ...string) string {
	for _, member := range config.Elements {
		name := member.XMLName.Local
		if !slices.Contains(served, name) && member.set() && !slices.Contains(exceptions, name+"="+member.text()) {
			return name + " of " + of
		}
	}
	return ""
}
