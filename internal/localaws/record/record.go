// Package record writes down which AWS calls reach the local stack, and who
// makes them: what a role needs can be read from what it did.
package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// Call is one kind of call. However often it is made, it is written once.
type Call struct {
	// Signer is the id of the key that the request is signed with; empty without a
	// signature.
	Signer string `json:"signer,omitempty"`
	// Role is the ARN of the function's role that the key is of; empty for
	// the key of anybody else.
	Role string `json:"role,omitempty"`
	// Action is the one that IAM judges, such as dynamodb:PutItem.
	Action string `json:"action"`
	// Resource is what the call is about, where a function's rights depend on
	// it: a table's ARN, or the ARN of a post to a connection, whose id is
	// written as *. Empty for other calls.
	Resource string `json:"resource,omitempty"`
}

// Recorder writes calls to a file, one JSON object a line.
type Recorder struct {
	account string
	role    func(accessKey string) string

	mu   sync.Mutex
	file *os.File
	seen map[Call]bool
	err  error
}

// New makes the file, or empties it. account is the stack's account id; role
// returns the role of a function's access key.
func New(file, account string, role func(accessKey string) string) (*Recorder, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("file of the record: %w", err)
	}
	return &Recorder{account: account, role: role, file: f, seen: map[Call]bool{}}, nil
}

// Close closes the file and returns what kept a call from being written.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.file.Close(); r.err == nil {
		r.err = err
	}
	return r.err
}

// Middleware writes down each call before it is served, whether it is allowed
// or not.
func (r *Recorder) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		call := awscall.Of(req)
		if call.Operation != "" || call.Service == "apigateway" {
			key := accessKey(req)
			r.write(Call{Signer: key, Role: r.role(key), Action: action(call, req), Resource: r.resource(call, req)})
		}
		next.ServeHTTP(w, req)
	})
}

func (r *Recorder) write(call Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[call] {
		return
	}
	r.seen[call] = true
	if err := json.NewEncoder(r.file).Encode(call); err != nil && r.err == nil {
		r.err = err
	}
}

// credential is the access key in the scope of a signature of version 4.
var credential = regexp.MustCompile(`(?:Credential=|\A)([^/,\s]+)/\d{8}/[a-z0-9-]+/[a-z0-9-]+/aws4_request`)

func accessKey(req *http.Request) string {
	for _, text := range []string{req.Header.Get("Authorization"), req.URL.Query().Get("X-Amz-Credential")} {
		if m := credential.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

// prefixes are those of IAM's actions where they are not the name that requests
// are signed for.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

// actions are those of IAM that are not called as the operation is.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var actions = map[string]string{
	// The tags are an action of their own, which is not recorded.
	// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistributionWithTags.html
	"cloudfront:CreateDistributionWithTags": "cloudfront:CreateDistribution",

	"execute-api:PostToConnection": "execute-api:ManageConnections",
	"execute-api:DeleteConnection": "execute-api:ManageConnections",
	"execute-api:GetConnection":    "execute-api:ManageConnections",

	"lambda:Invoke": "lambda:InvokeFunction",

	"s3:DeleteBucketEncryption":           "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketLifecycle":            "s3:PutLifecycleConfiguration",
	"s3:DeleteBucketOwnershipControls":    "s3:PutBucketOwnershipControls",
	"s3:DeleteBucketTagging":              "s3:PutBucketTagging",
	"s3:DeletePublicAccessBlock":          "s3:PutBucketPublicAccessBlock",
	"s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
	"s3:GetBucketCors":                    "s3:GetBucketCORS",
	"s3:GetBucketEncryption":              "s3:GetEncryptionConfiguration",
	"s3:GetBucketLifecycleConfiguration":  "s3:GetLifecycleConfiguration",
	"s3:GetBucketReplication":             "s3:GetReplicationConfiguration",
	"s3:GetObjectLockConfiguration":       "s3:GetBucketObjectLockConfiguration",
	"s3:GetPublicAccessBlock":             "s3:GetBucketPublicAccessBlock",
	"s3:HeadBucket":                       "s3:ListBucket",
	"s3:HeadObject":                       "s3:GetObject",
	"s3:ListBuckets":                      "s3:ListAllMyBuckets",
	"s3:ListObjectVersions":               "s3:ListBucketVersions",
	"s3:ListObjects":                      "s3:ListBucket",
	"s3:ListObjectsV2":                    "s3:ListBucket",
	"s3:PutBucketEncryption":              "s3:PutEncryptionConfiguration",
	"s3:PutBucketLifecycleConfiguration":  "s3:PutLifecycleConfiguration",
	"s3:PutPublicAccessBlock":             "s3:PutBucketPublicAccessBlock",
}

// versioned are actions that are others where the request names a version.
var versioned = []string{"s3:DeleteObject", "s3:GetObject", "s3:GetObjectTagging"}

// action is the one that IAM judges. API Gateway's control plane has one for
// each method of HTTP.
func action(call awscall.Call, req *http.Request) string {
	if call.Service == "apigateway" {
		return "apigateway:" + req.Method
	}
	service := call.Service
	if prefix, ok := prefixes[service]; ok {
		service = prefix
	}
	name := service + ":" + call.Operation
	if other, ok := actions[name]; ok {
		name = other
	}
	if slices.Contains(versioned, name) && req.URL.Query().Has("versionId") {
		name = strings.Replace(name, "Object", "ObjectVersion", 1)
	}
	return name
}

// maxBody bounds what is read of a body to find the table's name; DynamoDB's
// largest request is smaller.
const maxBody = 16 << 20

// connectionPath is that of a call of @connections: API, stage.
var connectionPath = regexp.MustCompile(`\A/_aws/execute-api/([a-z0-9]+)/([^/]+)/@connections/`)

func (r *Recorder) resource(call awscall.Call, req *http.Request) string {
	switch call.Service {
	case "dynamodb":
		body, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
		req.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), req.Body), req.Body}
		var named struct{ TableName string }
		if err != nil || json.Unmarshal(body, &named) != nil || named.TableName == "" {
			return ""
		}
		return "arn:aws:dynamodb:" + call.Region + ":" + r.account + ":table/" + named.TableName
	case "execute-api":
		path, err := url.PathUnescape(req.URL.EscapedPath())
		if err != nil {
			return ""
		}
		if m := connectionPath.FindStringSubmatch(path); m != nil {
			return "arn:aws:execute-api:" + call.Region + ":" + r.account + ":" + m[1] + "/" + m[2] + "/" + req.Method + "/@connections/*"
		}
	}
	return ""
}

// Read returns the calls of a file that a recorder has written so far.
func Read(file string) ([]Call, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var calls []Call
	for lines := json.NewDecoder(bytes.NewReader(data)); lines.More(); {
		var call Call
		if err := lines.Decode(&call); err != nil {
			return nil, fmt.Errorf("record %s: %w", file, err)
		}
		calls = append(calls, call)
	}
	return calls, nil
}
