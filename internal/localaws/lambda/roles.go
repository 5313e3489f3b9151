package lambda

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"golang.org/x/sync/singleflight"
)

const (
	// credentialLifetime is what every role allows, whatever its maximum.
	credentialLifetime = time.Hour
	// credentialMargin is how much lifetime the credentials of a sandbox must
	// have left when it takes a request: AWS's longest function timeout is 15
	// minutes.
	credentialMargin = 16 * time.Minute
)

// roles assumes the roles of functions. A sandbox gets its credentials
// once, as environment variables; it takes no more requests when they near
// their end.
type roles struct {
	client *sts.Client
	load   singleflight.Group

	mu       sync.Mutex
	known    map[string]types.Credentials // by role and function
	sessions map[string]types.Credentials // by access key, until they expire
	owners   map[string]string            // the role of each access key there ever was
}

func newRoles(client *sts.Client) *roles {
	return &roles{client: client, known: make(map[string]types.Credentials), sessions: make(map[string]types.Credentials), owners: make(map[string]string)}
}

// session returns the credentials that a function got, by their access key.
func (c *roles) session(accessKey string) (types.Credentials, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.sessions[accessKey]
	return found, ok && time.Now().Before(*found.Expiration)
}

// Session returns the credentials that a function got, by their access key, as
// long as they are valid.
func (r *Runner) Session(accessKey string) (aws.Credentials, bool) {
	found, ok := r.roles.session(accessKey)
	return aws.Credentials{
		AccessKeyID: accessKey, SecretAccessKey: aws.ToString(found.SecretAccessKey), SessionToken: aws.ToString(found.SessionToken),
	}, ok
}

// Role returns the ARN of the role whose credentials a function got with an
// access key, or "" when none did.
func (r *Runner) Role(accessKey string) string {
	r.roles.mu.Lock()
	defer r.roles.mu.Unlock()
	return r.roles.owners[accessKey]
}

// of returns credentials that last for at least half their lifetime more. The
// session has the function's name, as on AWS.
func (c *roles) of(v *version) (types.Credentials, error) {
	key := v.role + " " + v.name
	c.mu.Lock()
	known, ok := c.known[key]
	c.mu.Unlock()
	if ok && time.Until(*known.Expiration) > credentialLifetime/2 {
		return known, nil
	}
	loaded, err, _ := c.load.Do(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		out, err := c.client.AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn:         &v.role,
			RoleSessionName: &v.name,
			DurationSeconds: aws.Int32(int32(credentialLifetime / time.Second)),
		})
		if err != nil {
			return nil, err
		}
		if out.Credentials == nil || out.Credentials.Expiration == nil {
			return nil, fmt.Errorf("AssumeRole answered without credentials")
		}
		return *out.Credentials, nil
	})
	if err != nil {
		return types.Credentials{}, &RoleError{Function: v.name, Role: v.role, Err: err}
	}
	fresh := loaded.(types.Credentials)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[key] = fresh
	maps.DeleteFunc(c.sessions, func(_ string, old types.Credentials) bool { return time.Now().After(*old.Expiration) })
	c.sessions[aws.ToString(fresh.AccessKeyId)] = fresh
	c.owners[aws.ToString(fresh.AccessKeyId)] = v.role
	return fresh, nil
}
