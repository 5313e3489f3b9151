// Package apigw is the control plane of API Gateway v2 for WebSocket APIs: the
// REST API that the AWS provider and the SDKs call to describe an API, and the
// snapshots of deployments that the data plane serves.
//
// It behaves as AWS does, refusals included, and refuses with
// NotServedByLocalStack what it cannot do truthfully. It does not check who
// calls: signatures and IAM are checked in front of it.
package apigw

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where the control plane runs and what it tells its callers.
type Config struct {
	// Region is assumed when a request is not signed. Default us-east-1.
	Region string
	// AccountID stands in ARNs and messages. Default 000000000000.
	AccountID string
	// EndpointBase is what an API's endpoint begins with: scheme and host
	// of the data plane, such as ws://127.0.0.1:4566.
	EndpointBase string
	// StateFile keeps everything across restarts. Empty means memory only.
	StateFile string
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Certificates are those that custom domain names can have. Default none.
	Certificates Certificates
	// LoggingRole is the role of a Region's account settings that logs are
	// written with; empty for none. Default one that is always there.
	LoggingRole func(ctx context.Context, region string) (string, error)
}

// ControlPlane is the http.Handler that serves apigatewayv2.
//
// Records are never changed in place: a change works on a copy of the API,
// replaces records in it, and the copy takes the place of the original once it
// is on disk. So what a reader holds stays as it was, and a refused or failed
// change leaves no trace.
type ControlPlane struct {
	cfg Config
	mux *http.ServeMux

	mu    sync.RWMutex
	state state

	domainRevision atomic.Uint64
}

// state is what the control plane knows. It is replaced, never changed in place.
type state struct {
	// Regions holds the APIs by region, then by API id.
	Regions map[string]map[string]*apiRecord `json:"regions"`
	// Domains holds the custom domain names by region, then by name.
	Domains map[string]map[string]*domainRecord `json:"domains,omitempty"`
}

// stateVersion changes when an older state file can no longer be read.
const stateVersion = 1

type stateFile struct {
	Version int `json:"version"`
	state
}

// apiRecord is an API with all that belongs to it. The maps are by id, but
// stages are by name.
type apiRecord struct {
	API                  *api                                       `json:"api"`
	Routes               map[string]*route                          `json:"routes"`
	RouteResponses       map[string]map[string]*routeResponse       `json:"routeResponses"` // by route id
	Integrations         map[string]*integration                    `json:"integrations"`
	IntegrationResponses map[string]map[string]*integrationResponse `json:"integrationResponses"` // by integration id
	Authorizers          map[string]*authorizer                     `json:"authorizers"`
	Models               map[string]*model                          `json:"models"`
	Deployments          map[string]*deployment                     `json:"deployments"`
	Snapshots            map[string]*snapshot                       `json:"snapshots"` // by deployment id
	Stages               map[string]*stage                          `json:"stages"`
}

// clone copies the maps; the records in them are shared.
func (a *apiRecord) clone() *apiRecord {
	return &apiRecord{
		API:                  a.API,
		Routes:               cloneMap(a.Routes),
		RouteResponses:       cloneMaps(a.RouteResponses),
		Integrations:         cloneMap(a.Integrations),
		IntegrationResponses: cloneMaps(a.IntegrationResponses),
		Authorizers:          cloneMap(a.Authorizers),
		Models:               cloneMap(a.Models),
		Deployments:          cloneMap(a.Deployments),
		Snapshots:            cloneMap(a.Snapshots),
		Stages:               cloneMap(a.Stages),
	}
}

// cloneMap is maps.Clone that never returns nil.
func cloneMap[T any](m map[string]T) map[string]T {
	clone := make(map[string]T, len(m))
	maps.Copy(clone, m)
	return clone
}

func cloneMaps[T any](m map[string]map[string]T) map[string]map[string]T {
	clone := make(map[string]map[string]T, len(m))
	for key, inner := range m {
		clone[key] = cloneMap(inner)
	}
	return clone
}

// New makes a control plane and restores what Config.StateFile holds. A state
// file that cannot be read is an error: starting empty would orphan what
// Terraform's state still names.
func New(cfg Config) (*ControlPlane, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.AccountID == "" {
		cfg.AccountID = "000000000000"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.LoggingRole == nil {
		cfg.LoggingRole = func(context.Context, string) (string, error) { return "given", nil }
	}
	if cfg.Certificates == nil {
		cfg.Certificates = noCertificates{}
	}
	c := &ControlPlane{cfg: cfg}
	c.mux = c.routes()
	if err := c.restore(); err != nil {
		return nil, fmt.Errorf("restoring the API Gateway state: %w", err)
	}
	return c, nil
}

func (c *ControlPlane) restore() error {
	if c.cfg.StateFile == "" {
		return nil
	}
	data, err := os.ReadFile(c.cfg.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var file stateFile
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("%s: %w", c.cfg.StateFile, err)
	}
	if file.Version != stateVersion {
		return fmt.Errorf("%s: version %d, this program reads version %d", c.cfg.StateFile, file.Version, stateVersion)
	}
	for region, apis := range file.Regions {
		for id, record := range apis {
			if record == nil || record.API == nil {
				return fmt.Errorf("%s: API %s in %s is empty", c.cfg.StateFile, id, region)
			}
		}
	}
	for region, domains := range file.Domains {
		for name, record := range domains {
			if record == nil || record.Domain == nil {
				return fmt.Errorf("%s: domain name %s in %s is empty", c.cfg.StateFile, name, region)
			}
		}
	}
	c.state = file.state
	return nil
}

// persist writes the state in one step, so that a kill at any moment leaves
// either the old file or the new one.
func (c *ControlPlane) persist() error {
	if c.cfg.StateFile == "" {
		return nil
	}
	data, err := json.Marshal(stateFile{stateVersion, c.state})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(c.cfg.StateFile), filepath.Base(c.cfg.StateFile)+".*")
	if err != nil {
		return err
	}
	// After the rename there is nothing to remove.
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(data); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.cfg.StateFile)
}

// Reset forgets everything, the state file's content included.
func (c *ControlPlane) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state{}
	if err := c.persist(); err != nil {
		slog.Error("API Gateway state not reset on disk", "error", err)
	}
}

// view gives an API to read. It does not change any more.
func (c *ControlPlane) view(region, id string) (*apiRecord, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	record, ok := c.state.Regions[region][id]
	if !ok {
		return nil, c.noAPI(id)
	}
	return record, nil
}

func (c *ControlPlane) noAPI(id string) error {
	return notFound("Invalid API identifier specified %s:%s", c.cfg.AccountID, id)
}

// change lets edit work on a copy of an API, and makes the copy the truth if
// neither edit nor the disk objects.
func (c *ControlPlane) change(region, id string, edit func(*apiRecord) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.state.Regions[region][id]
	if !ok {
		return c.noAPI(id)
	}
	next := current.clone()
	if err := edit(next); err != nil {
		return err
	}
	return c.replace(region, id, next)
}

// replace puts an API into the store, or removes it if it is nil. The lock is
// held by the caller.
func (c *ControlPlane) replace(region, id string, record *apiRecord) error {
	return c.commit(state{put(c.state.Regions, region, id, record), c.state.Domains})
}

// replaceDomain is replace for a custom domain name.
func (c *ControlPlane) replaceDomain(region, name string, record *domainRecord) error {
	return c.commit(state{c.state.Regions, put(c.state.Domains, region, name, record)})
}

// put returns the records of all Regions with one in its place, or without it if
// it is nil.
func put[T any](records map[string]map[string]*T, region, id string, record *T) map[string]map[string]*T {
	records = cloneMaps(records)
	if records[region] == nil {
		records[region] = map[string]*T{}
	}
	if record == nil {
		delete(records[region], id)
	} else {
		records[region][id] = record
	}
	return records
}

// commit makes a state the truth once it is on disk.
func (c *ControlPlane) commit(next state) error {
	before := c.state
	c.state = next
	if err := c.persist(); err != nil {
		c.state = before
		return fmt.Errorf("writing the state file: %w", err)
	}
	return nil
}

// Lengths of identifiers as AWS was seen to make them.
const (
	apiIDLength   = 10
	shortIDLength = 6 // authorizers and deployments
	otherIDLength = 7
)

const idAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// newID makes an identifier that is not yet taken.
func newID[T any](length int, taken map[string]T) string {
	for {
		id := make([]byte, length)
		for i, b := range randomBytes(length) {
			id[i] = idAlphabet[int(b)%len(idAlphabet)]
		}
		if _, ok := taken[string(id)]; !ok {
			return string(id)
		}
	}
}

// randomBytes never fails: crypto/rand.Read ends the program where there is no
// randomness.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// now is the time of a change, in the resolution AWS shows.
func (c *ControlPlane) now() time.Time {
	return c.cfg.Now().UTC().Truncate(time.Second)
}
