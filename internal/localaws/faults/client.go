package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client administers the faults of a running stack.
type Client struct{ endpoint string }

// NewClient returns a Client of the stack at endpoint, which is what
// AWS_ENDPOINT_URL names.
func NewClient(endpoint string) *Client { return &Client{endpoint} }

// Add brings a fault into force. Its error is what the stack has against it.
func (c *Client) Add(ctx context.Context, fault Fault) (listed Listed, err error) {
	return listed, c.do(ctx, http.MethodPost, Path, fault, &listed)
}

// List returns the faults that were added and not removed.
func (c *Client) List(ctx context.Context) (listed []Listed, err error) {
	return listed, c.do(ctx, http.MethodGet, Path, nil, &listed)
}

// Get returns a fault by its id.
func (c *Client) Get(ctx context.Context, id string) (listed Listed, err error) {
	return listed, c.do(ctx, http.MethodGet, Path+"/"+url.PathEscape(id), nil, &listed)
}

// Remove ends a fault.
func (c *Client) Remove(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, Path+"/"+url.PathEscape(id), nil, nil)
}

// Clear ends all faults.
func (c *Client) Clear(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, Path, nil, nil)
}

// Clock returns the stack's clock.
func (c *Client) Clock(ctx context.Context) (state ClockState, err error) {
	return state, c.do(ctx, http.MethodGet, ClockPath, nil, &state)
}

// Forward moves the stack's clock.
func (c *Client) Forward(ctx context.Context, by time.Duration) (state ClockState, err error) {
	return state, c.do(ctx, http.MethodPost, ClockPath, move{Duration(by)}, &state)
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the stack does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode/100 != 2 {
		var refusal struct{ Message string }
		if err := json.NewDecoder(res.Body).Decode(&refusal); err != nil || refusal.Message == "" {
			return fmt.Errorf("%s is no local stack: it answers %s", c.endpoint, res.Status)
		}
		return errors.New(refusal.Message)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("what %s answers is not what a local stack does: %w", c.endpoint, err)
	}
	return nil
}
