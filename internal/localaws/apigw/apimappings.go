package apigw

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxMappingKey is the length of an API mapping's key in characters (developer
// guide, websocket-api-mappings).
const maxMappingKey = 300

// ErrNoDomain is what StageAt answers when a name is no custom domain name.
var ErrNoDomain = errors.New("no such custom domain name")

type apiMapping struct {
	APIID         string `json:"apiId"`
	APIMappingID  string `json:"apiMappingId"`
	APIMappingKey string `json:"apiMappingKey"`
	Stage         string `json:"stage"`
}

type apiMappingInput struct {
	APIID         *string `json:"apiId"`
	APIMappingKey *string `json:"apiMappingKey"`
	Stage         *string `json:"stage"`
}

var mappingKey = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'(),/-]*$`)

// checkMappingKey says what API Gateway says, in its order: a white key counts
// as one with too many slashes.
func checkMappingKey(key string) error {
	switch {
	case strings.HasSuffix(key, "/"):
		return badRequest("API mapping key should not end with a '/'.")
	case strings.HasPrefix(key, "/"), strings.Contains(key, "//"), key != "" && strings.TrimSpace(key) == "":
		return badRequest("API mapping key should not start with a '/' or have consecutive '/'s.")
	case !mappingKey.MatchString(key):
		return badRequest("An API mapping key may contain only letters, numbers and one of $-_.+!*'(), characters.")
	case len(key) > maxMappingKey:
		return badRequest("ApiMapping key length must be under %d characters.", maxMappingKey)
	}
	return nil
}

// apply sets what was sent. The lock is held by the caller.
func (in *apiMappingInput) apply(c *call, siblings map[string]*apiMapping, m *apiMapping) error {
	assign(&m.APIID, in.APIID)
	assign(&m.APIMappingKey, in.APIMappingKey)
	assign(&m.Stage, in.Stage)
	if err := checkMappingKey(m.APIMappingKey); err != nil {
		return err
	}
	record, ok := c.state.Regions[c.region][m.APIID]
	if !ok {
		return c.noAPI(m.APIID)
	}
	if _, ok := record.Stages[m.Stage]; !ok {
		return badRequest("Invalid stage identifier specified")
	}
	for _, other := range siblings {
		if other.APIMappingKey == m.APIMappingKey && other.APIMappingID != m.APIMappingID {
			return conflict("ApiMapping key already exists for this domain name")
		}
	}
	return nil
}

func createAPIMapping(c *call) (any, error) {
	var in apiMappingInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.APIMappingKey != nil && strings.TrimSpace(*in.APIMappingKey) == "" {
		in.APIMappingKey = nil // a white key leads to the root, at creation alone
	}
	m := &apiMapping{}
	err := c.changeDomain(c.param("domain"), func(record *domainRecord) error {
		if len(record.Mappings) >= maxMappings {
			return limitReached("ApiMappings")
		}
		m.APIMappingID = newID(shortIDLength, record.Mappings)
		record.Mappings[m.APIMappingID] = m
		return in.apply(c, record.Mappings, m)
	})
	return m, err
}

func listAPIMappings(c *call) (any, error) {
	record, err := c.viewDomain()
	if err != nil {
		return nil, err
	}
	return page(c, record.Mappings)
}

func (d *domainRecord) mapping(c *call) (*apiMapping, error) {
	return find(d.Mappings, c.param("mapping"), "API mapping")
}

func getAPIMapping(c *call) (any, error) {
	record, err := c.viewDomain()
	if err != nil {
		return nil, err
	}
	return record.mapping(c)
}

func updateAPIMapping(c *call) (any, error) {
	var in apiMappingInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated apiMapping
	err := c.changeDomain(c.param("domain"), func(record *domainRecord) error {
		current, err := record.mapping(c)
		if err != nil {
			return err
		}
		updated = *current
		record.Mappings[updated.APIMappingID] = &updated
		return in.apply(c, record.Mappings, &updated)
	})
	return &updated, err
}

func deleteAPIMapping(c *call) (any, error) {
	return nil, c.changeDomain(c.param("domain"), func(record *domainRecord) error {
		current, err := record.mapping(c)
		if err != nil {
			return err
		}
		delete(record.Mappings, current.APIMappingID)
		return nil
	})
}

// mapped tells whether a custom domain name of a Region leads to an API, or with
// a stage's name to that stage of it. The lock is held by the caller.
func (c *ControlPlane) mapped(region, apiID, stageName string) bool {
	for _, record := range c.state.Domains[region] {
		for _, m := range record.Mappings {
			if m.APIID == apiID && (stageName == "" || m.Stage == stageName) {
				return true
			}
		}
	}
	return false
}

// Domain is a custom domain name with its API mappings.
type Domain struct {
	Region string
	// Revision grows with each request that may have changed a domain name.
	Revision uint64
	Mappings []Mapping
}

// Mapping is where a path of a custom domain name leads.
type Mapping struct {
	Key          string // path without slash at its ends; empty for all others
	APIID, Stage string
}

// Domain returns a custom domain name, whatever its Region. The error is
// ErrNoDomain.
func (c *ControlPlane) Domain(name string) (Domain, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for region, domains := range c.state.Domains {
		record, ok := domains[name]
		if !ok {
			continue
		}
		d := Domain{Region: region, Revision: c.domainRevision.Load()}
		for _, id := range slices.Sorted(maps.Keys(record.Mappings)) {
			m := record.Mappings[id]
			d.Mappings = append(d.Mappings, Mapping{m.APIMappingKey, m.APIID, m.Stage})
		}
		return d, nil
	}
	return Domain{}, ErrNoDomain
}

// StageAt gives what is served now at a path of a custom domain name, and the
// rest of the path below the mapping, without a slash before it. The mapping
// with the longest key that the path begins with is taken. The errors are
// ErrNoDomain, ErrNoStage when no mapping fits, and those of Stage.
func (c *ControlPlane) StageAt(domain, path string) (Stage, string, error) {
	d, err := c.Domain(domain)
	if err != nil {
		return Stage{}, "", err
	}
	path = strings.TrimPrefix(path, "/")
	best, rest, found := Mapping{}, "", false
	for _, m := range d.Mappings {
		below, ok := path, true
		if m.Key != "" {
			below, ok = strings.CutPrefix(path+"/", m.Key+"/")
			below = strings.TrimSuffix(below, "/")
		}
		if ok && (!found || len(m.Key) > len(best.Key)) {
			best, rest, found = m, below, true
		}
	}
	if !found {
		return Stage{}, "", ErrNoStage
	}
	served, err := c.Stage(best.APIID, best.Stage)
	return served, rest, err
}
