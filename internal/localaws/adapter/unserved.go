package adapter

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
)

// effectless are operations that MiniStack accepts and that change nothing here.
var effectless = map[string][]string{
	"cloudfront": {
		"CopyDistribution", "UpdateDistributionWithStagingConfig", "CreateContinuousDeploymentPolicy", "CreateDistributionTenant", "UpdateDistributionTenant",
		"CreateFunction", "UpdateFunction", "CreateConnectionFunction", "CreateRealtimeLogConfig", "CreateFieldLevelEncryptionConfig", "CreateVpcOrigin",
	},
	"dynamodb": {"EnableKinesisStreamingDestination", "UpdateKinesisStreamingDestination"},
	"s3": {
		"PutBucketReplication", "PutBucketWebsite", "PutBucketInventoryConfiguration", "PutBucketAnalyticsConfiguration", "PutBucketAccelerateConfiguration",
	},
}

// callers are the services that can be told to invoke a function, with the
// operations that tell them; nil means all. MiniStack would run it itself, past
// roles, limits, logs and metrics.
var callers = map[string][]string{
	"cognito-idp":    {"CreateUserPool", "UpdateUserPool"},
	"events":         {"PutTargets"},
	"firehose":       {"CreateDeliveryStream", "UpdateDestination"},
	"pipes":          nil,
	"s3":             {"PutBucketNotificationConfiguration"},
	"scheduler":      nil,
	"secretsmanager": {"RotateSecret"},
	"states":         {"CreateStateMachine", "UpdateStateMachine"},
}

var functionARN = regexp.MustCompile(`arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:`)

// unserved says what of a request would be kept without effect; nothing when that
// is left to the entries. It needs the body of few requests only.
func unserved(of awscall.Call, body func() []byte) string {
	operation := of.Service + ":" + of.Operation
	if slices.Contains(effectless[of.Service], of.Operation) {
		return operation
	}
	if told, ok := callers[of.Service]; ok && (told == nil || slices.Contains(told, of.Operation)) && functionARN.Match(body()) {
		return strings.TrimSuffix(operation, ":") + " with a Lambda function: of all services only API Gateway, SQS and Lambda itself invoke functions"
	}
	switch operation {
	case "cloudfront:CreateDistribution", "cloudfront:CreateDistributionWithTags", "cloudfront:UpdateDistribution", "cloudfront:CreateResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy":
		if what, err := edge.Unserved(body()); err == nil && what != "" { // what is no XML MiniStack refuses
			return operation + " with " + what
		}
	case "s3:PutBucketNotificationConfiguration":
		if bytes.Contains(body(), []byte("<EventBridgeConfiguration")) {
			return operation + " with EventBridge"
		}
	case "dynamodb:UpdateTable":
		if bytes.Contains(body(), []byte(`"ReplicaUpdates"`)) {
			return operation + " with replicas"
		}
	case "sns:Subscribe":
		form, err := url.ParseQuery(string(body()))
		if protocol := form.Get("Protocol"); err == nil && !slices.Contains([]string{"", "sqs", "http", "https"}, protocol) {
			return operation + " with the protocol " + protocol + " (queues and HTTP are served)"
		}
	}
	return ""
}

// refuseUnserved answers a request that unserved names.
func refuseUnserved(w http.ResponseWriter, r *http.Request, of awscall.Call, what string) {
	refusal(r, of, http.StatusNotImplemented, notServed, "not served by the local stack: "+what).send(w)
}
