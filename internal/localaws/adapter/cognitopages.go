package adapter

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// discoveryPath is that of a user pool's discovery document. No bucket is called
// like a pool.
var discoveryPath = regexp.MustCompile(`\A/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/openid-configuration\z`)

// anyOrigin lets pages of all sites read an answer. Cognito's endpoints for
// clients without a secret do so: single-page apps ask them.
func (a *answer) anyOrigin() *answer {
	a.header.Set("Access-Control-Allow-Origin", "*")
	return a
}

// discovery is the discovery document of a user pool. MiniStack leaves the
// revocation endpoint out, and says https, as it is told for IAM's sake, of
// addresses that are not.
func (a *Adapter) discovery(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var document map[string]any
	if err := json.Unmarshal(given.body.Bytes(), &document); err != nil {
		return nil, err
	}
	own := url.URL{Scheme: "http", Host: c.request.Host}
	for name, value := range document {
		text, _ := value.(string)
		address, err := url.Parse(text)
		if err == nil && address.Host == own.Host {
			address.Scheme = own.Scheme
			document[name] = address.String()
		}
	}
	document["revocation_endpoint"] = own.JoinPath("/oauth2/revoke").String()
	given.replace(mustJSON(document))
	return given.anyOrigin(), nil
}

// logout is the sign-out page. MiniStack sends the browser of a client without
// logout URLs anywhere.
func (a *Adapter) logout(c *call) (*answer, error) {
	query := c.request.URL.Query()
	id, target := query.Get("client_id"), query.Get("logout_uri")
	var kept keptClient
	found, err := a.kept.get(userPoolClient, id, &kept)
	if err != nil {
		return nil, err
	}
	if !found || target == "" {
		return c.forward(), nil // which refuses it
	}
	var client struct {
		UserPoolClient struct {
			LogoutURLs []string
		}
	}
	if err := a.askCognito(c.request.Context(), kept.Pool, "DescribeUserPoolClient", map[string]string{"UserPoolId": kept.Pool, "ClientId": id}, &client); err != nil {
		return nil, err
	}
	if !slices.Contains(client.UserPoolClient.LogoutURLs, target) {
		return oauthError(http.StatusBadRequest, "invalid_request"), nil
	}
	return c.forward(), nil
}
