package edge

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/policydoc"
	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

// distribution is what is served of one, read once after each change.
type distribution struct {
	id, arn, account  string
	hosts             []string // names it answers to; *.name stands for those below
	defaultRootObject string
	origins           map[string]*origin
	behaviours        []*behaviour // the default one is the last
	errors            map[int]types.CustomErrorResponse
	geo               types.GeoRestriction
	acl               *waf.ACL // nil without one
}

// origin is where requests go.
type origin struct {
	path    string
	headers map[string]string
	timeout time.Duration

	// Of an API: the Host that its requests carry. Empty for a bucket, and for
	// what cannot be resolved.
	host string
	// Of a bucket.
	bucket, region string
	// signed says that CloudFront signs its requests to the bucket.
	signed bool
	// unresolved says why nothing is found there.
	unresolved string
}

// behaviour is a cache behaviour.
type behaviour struct {
	pattern string
	origin  *origin
	methods []string
	forward forwarding
	headers *types.ResponseHeadersPolicyConfig // nil without a policy
}

// bucketDomain is that of a bucket, in its Region or in us-east-1.
var bucketDomain = regexp.MustCompile(`\A([a-z0-9][a-z0-9.-]+)\.s3(?:\.([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com\z`)

// load reads a distribution with all that its configuration names.
func (e *Edge) load(ctx context.Context, id string) (*distribution, error) {
	found, err := e.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	if err != nil {
		return nil, fmt.Errorf("read distribution %s: %w", id, err)
	}
	config := found.Distribution.DistributionConfig
	d := &distribution{
		id: id, arn: aws.ToString(found.Distribution.ARN), hosts: []string{aws.ToString(found.Distribution.DomainName)},
		defaultRootObject: aws.ToString(config.DefaultRootObject),
		origins:           map[string]*origin{}, errors: map[int]types.CustomErrorResponse{},
	}
	d.account = strings.Split(d.arn, ":")[4]
	if config.Aliases != nil {
		d.hosts = append(d.hosts, config.Aliases.Items...)
	}
	if config.Restrictions != nil && config.Restrictions.GeoRestriction != nil {
		d.geo = *config.Restrictions.GeoRestriction
	}
	if config.CustomErrorResponses != nil {
		for _, response := range config.CustomErrorResponses.Items {
			d.errors[int(aws.ToInt32(response.ErrorCode))] = response
		}
	}
	for _, o := range config.Origins.Items {
		if d.origins[*o.Id], err = e.loadOrigin(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := e.loadBehaviours(ctx, d, config); err != nil {
		return nil, err
	}
	if arn := aws.ToString(config.WebACLId); arn != "" {
		if d.acl, err = e.loadACL(ctx, arn); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (e *Edge) loadOrigin(ctx context.Context, o types.Origin) (*origin, error) {
	loaded := &origin{path: aws.ToString(o.OriginPath), headers: map[string]string{}, timeout: 30 * time.Second}
	if o.CustomHeaders != nil {
		for _, header := range o.CustomHeaders.Items {
			loaded.headers[*header.HeaderName] = *header.HeaderValue
		}
	}
	domain := aws.ToString(o.DomainName)
	bucket := bucketDomain.FindStringSubmatch(domain)
	switch custom := o.CustomOriginConfig; {
	case custom != nil && (custom.OriginProtocolPolicy == types.OriginProtocolPolicyHttpOnly || aws.ToInt32(custom.HTTPSPort) != 443):
		loaded.unresolved = "the origin " + domain + " is served by https at port 443 only"
	case custom != nil && domain == "127.0.0.1" && e.cfg.IsAPI(loaded.path):
		loaded.host = e.cfg.Gateway
	case custom != nil && e.cfg.IsDomain(strings.ToLower(domain)):
		loaded.host = domain
	case custom == nil && bucket != nil:
		loaded.bucket, loaded.region = bucket[1], bucket[2]
		if loaded.region == "" {
			loaded.region = "us-east-1"
		}
	default:
		loaded.unresolved = "the origin " + domain + loaded.path + " is neither an API of this stack nor the Regional domain name of a bucket"
	}
	if custom := o.CustomOriginConfig; custom != nil && custom.OriginReadTimeout != nil {
		loaded.timeout = time.Duration(*custom.OriginReadTimeout) * time.Second
	}
	control := aws.ToString(o.OriginAccessControlId)
	if control == "" {
		return loaded, nil
	}
	found, err := e.cloudFront.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &control})
	if err != nil {
		return nil, fmt.Errorf("read origin access control %s: %w", control, err)
	}
	config := found.OriginAccessControl.OriginAccessControlConfig
	loaded.signed = config.OriginAccessControlOriginType == types.OriginAccessControlOriginTypesS3 && config.SigningBehavior != types.OriginAccessControlSigningBehaviorsNever
	return loaded, nil
}

func (e *Edge) loadBehaviours(ctx context.Context, d *distribution, config *types.DistributionConfig) error {
	var all []types.CacheBehavior
	if config.CacheBehaviors != nil {
		all = append(all, config.CacheBehaviors.Items...)
	}
	last := config.DefaultCacheBehavior
	all = append(all, types.CacheBehavior{
		PathPattern: aws.String("*"), TargetOriginId: last.TargetOriginId, AllowedMethods: last.AllowedMethods,
		CachePolicyId: last.CachePolicyId, OriginRequestPolicyId: last.OriginRequestPolicyId, ResponseHeadersPolicyId: last.ResponseHeadersPolicyId,
	})
	for _, b := range all {
		loaded := &behaviour{pattern: aws.ToString(b.PathPattern), origin: d.origins[aws.ToString(b.TargetOriginId)], methods: []string{http.MethodGet, http.MethodHead}}
		if loaded.origin == nil {
			return fmt.Errorf("distribution %s has no origin %s", d.id, aws.ToString(b.TargetOriginId))
		}
		if b.AllowedMethods != nil && len(b.AllowedMethods.Items) > 0 {
			loaded.methods = nil
			for _, method := range b.AllowedMethods.Items {
				loaded.methods = append(loaded.methods, string(method))
			}
		}
		if err := e.loadPolicies(ctx, loaded, b); err != nil {
			return err
		}
		d.behaviours = append(d.behaviours, loaded)
	}
	return nil
}

func (e *Edge) loadPolicies(ctx context.Context, loaded *behaviour, b types.CacheBehavior) error {
	var cache *types.CachePolicyConfig
	var request *types.OriginRequestPolicyConfig
	if b.CachePolicyId != nil {
		found, err := e.cloudFront.GetCachePolicy(ctx, &cloudfront.GetCachePolicyInput{Id: b.CachePolicyId})
		if err != nil {
			return fmt.Errorf("read cache policy %s: %w", *b.CachePolicyId, err)
		}
		cache = found.CachePolicy.CachePolicyConfig
	}
	if id := aws.ToString(b.OriginRequestPolicyId); id != "" {
		found, err := e.cloudFront.GetOriginRequestPolicy(ctx, &cloudfront.GetOriginRequestPolicyInput{Id: &id})
		if err != nil {
			return fmt.Errorf("read origin request policy %s: %w", id, err)
		}
		request = found.OriginRequestPolicy.OriginRequestPolicyConfig
	}
	loaded.forward = newForwarding(cache, request)
	if id := aws.ToString(b.ResponseHeadersPolicyId); id != "" {
		found, err := e.cloudFront.GetResponseHeadersPolicy(ctx, &cloudfront.GetResponseHeadersPolicyInput{Id: &id})
		if err != nil {
			return fmt.Errorf("read response headers policy %s: %w", id, err)
		}
		loaded.headers = found.ResponseHeadersPolicy.ResponseHeadersPolicyConfig
	}
	return nil
}

// answersTo tells whether a distribution serves a name.
func (d *distribution) answersTo(name string) bool {
	return slices.ContainsFunc(d.hosts, func(host string) bool {
		if below, ok := strings.CutPrefix(host, "*."); ok {
			label, rest, _ := strings.Cut(name, ".")
			return label != "" && strings.EqualFold(rest, below)
		}
		return strings.EqualFold(host, name)
	})
}

// behaviourFor returns the first behaviour whose path pattern fits. A pattern
// may leave out the slash that it begins with.
func (d *distribution) behaviourFor(path string) *behaviour {
	for _, b := range d.behaviours[:len(d.behaviours)-1] {
		pattern := b.pattern
		if !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*") {
			pattern = "/" + pattern
		}
		if policydoc.Match(pattern, path) {
			return b
		}
	}
	return d.behaviours[len(d.behaviours)-1]
}
