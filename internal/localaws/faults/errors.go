package faults

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// apiError is an error as a service gives it.
type apiError struct {
	status  int
	code    string
	message string
	// more is what a REST JSON body has beside the message.
	more map[string]string
}

// service is how a service fails: its errors for too many requests and for its
// own failures, from its API reference and the SDK's models.
type service struct {
	throttled apiError
	fail      apiError
	// namespace is before the code in the JSON protocol of some services.
	namespace string
	// data are the operations for which throttled is; the others get
	// throttledElse. Nil means all.
	data          []string
	throttledElse apiError
}

func (s service) throttle(operation string) apiError {
	if s.data != nil && !slices.Contains(s.data, operation) {
		return s.throttledElse
	}
	return s.throttled
}

const rateExceeded = "Rate exceeded"

var (
	throttlingException = badRequest("ThrottlingException", rateExceeded)
	throttling          = badRequest("Throttling", rateExceeded)
	internalFailure     = internal("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
)

func badRequest(code, message string) apiError {
	return apiError{status: http.StatusBadRequest, code: code, message: message}
}

func tooManyRequests(code, message string) apiError {
	return apiError{status: http.StatusTooManyRequests, code: code, message: message}
}

func internal(code, message string) apiError {
	return apiError{status: http.StatusInternalServerError, code: code, message: message}
}

// with adds a member to what a REST JSON body has.
func (e apiError) with(name, value string) apiError {
	e.more = maps.Clone(e.more)
	if e.more == nil {
		e.more = make(map[string]string)
	}
	e.more[name] = value
	return e
}

// services are those whose calls can go wrong, by the name that requests are
// signed for.
var services = map[string]service{
	"acm": {throttled: throttlingException, fail: internalFailure},
	"apigateway": {
		throttled: tooManyRequests("TooManyRequestsException", "Too Many Requests"),
		fail:      internal("InternalServerErrorException", "Internal server error"),
	},
	"cloudfront": {throttled: throttling, fail: internalFailure},
	"cognito-idp": {
		throttled: badRequest("TooManyRequestsException", rateExceeded),
		fail:      internal("InternalErrorException", "Something went wrong"),
	},
	"dynamodb": {
		throttled: badRequest("ProvisionedThroughputExceededException",
			"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."),
		fail:      internal("InternalServerError", "Internal server error"),
		namespace: "com.amazonaws.dynamodb.v20120810#",
		data: []string{
			"BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "ExecuteStatement", "ExecuteTransaction", "GetItem",
			"PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem",
		},
		throttledElse: throttlingException,
	},
	"execute-api": {
		throttled: tooManyRequests("LimitExceededException", "Too Many Requests"),
		fail:      internal("InternalServerErrorException", "Internal server error"),
	},
	"iam": {
		throttled: throttling,
		fail:      internal("ServiceFailure", "The request processing has failed because of an unknown error, exception or failure."),
	},
	"kms": {
		throttled: throttlingException,
		fail:      internal("KMSInternalException", "The request was rejected because an internal exception occurred. The request can be retried."),
	},
	"lambda": {
		throttled: tooManyRequests("TooManyRequestsException", rateExceeded).with("Reason", "CallerRateLimitExceeded").with("Type", "User"),
		fail:      internal("ServiceException", "The Lambda service encountered an internal error.").with("Type", "Service"),
	},
	"logs": {throttled: throttlingException, fail: internalFailure},
	"monitoring": {
		throttled: throttling,
		fail:      internal("InternalServiceError", "Request processing has failed due to some unknown error, exception, or failure."),
	},
	"s3": {
		throttled: apiError{status: http.StatusServiceUnavailable, code: "SlowDown", message: "Please reduce your request rate."},
		fail:      internal("InternalError", "We encountered an internal error. Please try again."),
	},
	"secretsmanager": {
		throttled: throttlingException,
		fail:      internal("InternalServiceError", "An error occurred on the server side."),
	},
	"sns": {
		throttled: throttling,
		fail:      internal("InternalError", "An internal service error occurred."),
	},
	"sqs": {
		throttled: badRequest("RequestThrottled", "The request was denied due to request throttling."),
		fail:      internalFailure,
		namespace: "com.amazonaws.sqs#",
	},
	"ssm": {
		throttled: throttlingException,
		fail:      internal("InternalServerError", "An error occurred on the server side."),
	},
	"sts": {throttled: throttling, fail: internalFailure},
	"wafv2": {
		throttled: throttlingException,
		fail:      internal("WAFInternalErrorException", "Your request is valid, but AWS WAF couldn't perform the operation because of a system problem. Retry your request."),
	},
}

// answer writes an error in the protocol that the caller speaks.
func answer(w http.ResponseWriter, r *http.Request, call awscall.Call, e apiError) {
	s, id := services[call.Service], requestID()
	header := w.Header()
	header.Set("X-Amzn-Requestid", id)
	write := func(contentType string, body []byte) {
		header.Set("Content-Type", contentType)
		w.WriteHeader(e.status)
		_, _ = w.Write(body)
	}
	switch rest := awscall.Operations(call.Service) != nil; {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		header.Set("X-Amzn-Query-Error", e.code+";"+e.fault())
		write("application/cbor", cbor.Encode(cbor.Map{"__type": cbor.String(e.code), "message": cbor.String(e.message)}))
	case call.Service == "s3":
		header.Set("X-Amz-Request-Id", id)
		write("application/xml", document(s3Error{Code: e.code, Message: e.message, Resource: r.URL.Path, RequestID: id}))
	case rest && call.Service != "cloudfront":
		header.Set("X-Amzn-Errortype", e.code)
		write("application/json", encoded(e.with("message", e.message).more))
	case r.Header.Get("X-Amz-Target") != "":
		if call.Service == "sqs" { // it once spoke the query protocol
			header.Set("X-Amzn-Query-Error", e.code+";"+e.fault())
		}
		contentType := r.Header.Get("Content-Type") // which version of the protocol it is
		if contentType == "" {
			contentType = "application/x-amz-json-1.1"
		}
		write(contentType, encoded(map[string]string{"__type": s.namespace + e.code, "message": e.message}))
	default:
		write("text/xml", document(errorResponse{Type: e.fault(), Code: e.code, Message: e.message, RequestID: id}))
	}
}

// fault is whose fault an error is, in the words of the query protocol.
func (e apiError) fault() string {
	if e.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func document(v any) []byte {
	data, err := xml.Marshal(v)
	if err != nil {
		panic(err) // strings always encode
	}
	return append([]byte(xml.Header), data...)
}

func encoded(v map[string]string) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always encode
	}
	return data
}

// requestID is of the form that most services use.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	id := hex.EncodeToString(b[:])
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}
