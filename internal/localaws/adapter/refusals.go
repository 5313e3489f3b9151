package adapter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// notServed is the code of everything that the stack does not serve. Its status
// is 501, which no SDK retries.
const notServed = "NotServedByLocalStack"

// protocol is how a request is encoded, and so how its error has to be.
type protocol int

const (
	jsonProtocol protocol = iota
	cborProtocol
	queryProtocol
	ec2Protocol
	xmlProtocol // REST with XML
	s3Protocol
)

func protocolOf(r *http.Request, service string) protocol {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := kind == "application/x-www-form-urlencoded" || r.URL.Query().Has("Action")
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return cborProtocol
	case r.Header.Get("X-Amz-Target") != "":
		return jsonProtocol
	case service == "ec2":
		return ec2Protocol
	case service == "s3":
		return s3Protocol
	case service == "cloudfront", service == "route53":
		return xmlProtocol
	case form:
		return queryProtocol
	default:
		return jsonProtocol
	}
}

// xmlError is the error of the query protocol and of REST with XML.
type xmlError struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Error   struct {
		Type    string `xml:"Type"`
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	}
	RequestID string `xml:"RequestId"`
}

// refusal is an error in the protocol of the request.
func refusal(r *http.Request, of awscall.Call, status int, code, message string) *answer {
	id := newRequestID()
	var given *answer
	switch protocolOf(r, of.Service) {
	case cborProtocol:
		given = newAnswer(status, "application/cbor", mustCBOR(map[string]string{"__type": code, "message": message}))
		given.header.Set("Smithy-Protocol", "rpc-v2-cbor")
	case queryProtocol, xmlProtocol:
		var document xmlError
		document.Error.Type, document.Error.Code, document.Error.Message, document.RequestID = "Sender", code, message, id
		given = newAnswer(status, "text/xml", mustXML(document))
	case ec2Protocol:
		given = newAnswer(status, "text/xml", mustXML(struct {
			XMLName   xml.Name `xml:"Response"`
			Code      string   `xml:"Errors>Error>Code"`
			Message   string   `xml:"Errors>Error>Message"`
			RequestID string
		}{Code: code, Message: message, RequestID: id}))
	case s3Protocol:
		given = newAnswer(status, "application/xml", mustXML(struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string
			Message   string
			RequestID string `xml:"RequestId"`
		}{Code: code, Message: message, RequestID: id}))
	default:
		given = newAnswer(status, "application/x-amz-json-1.1", mustJSON(map[string]string{"__type": code, "message": message}))
		given.header.Set("X-Amzn-Errortype", code)
	}
	given.header.Set("X-Amzn-Requestid", id)
	return given
}

func newRequestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// mustJSON encodes a value of this package's own making, which cannot fail.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// mustCBOR is mustJSON for CBOR.
func mustCBOR(v any) []byte {
	data, err := cbor.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// mustXML is mustJSON for XML.
func mustXML(v any) []byte {
	data, err := xml.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append([]byte(xml.Header), data...)
}

// mayBeUnknown tells the statuses with which MiniStack answers what it does not
// serve.
func mayBeUnknown(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusNotImplemented
}

var (
	// unknownOperation is how MiniStack names an operation that it does not
	// have, as in "Unknown WAF action: PutLoggingConfiguration".
	unknownOperation = regexp.MustCompile(`(?i)\A(?:unknown (?:[a-z0-9]+ ){0,3}(?:action|operation|target|path|method)\b|no route for |the action \w+ is not valid for this endpoint)`)
	// unknownService is its answer for a service that it does not have.
	unknownService = regexp.MustCompile(`\A\{"error": ?"Unsupported service: `)
	// unknownCodes are the codes that go with unknownOperation.
	unknownCodes = []string{
		"InvalidAction", "UnknownOperationException", "InvalidOperationException", "InvalidRequestException", "InvalidArgumentException",
		"InvalidParameterException", "NoSuchResource",
	}
)

// isUnknown tells whether MiniStack does not serve what it was asked.
func isUnknown(given *answer) bool {
	if !mayBeUnknown(given.status) {
		return false
	}
	if unknownService.Match(given.body.Bytes()) {
		return true
	}
	code, message := errorOf(given)
	return slices.Contains(unknownCodes, code) && unknownOperation.MatchString(message)
}

// refuseUnknown puts the stack's own refusal in the place of MiniStack's many
// ways to say that it does not serve an operation. The caller has been judged by
// then: MiniStack asks IAM first.
func refuseUnknown(r *http.Request, of awscall.Call, given *answer) *answer {
	if !isUnknown(given) {
		return given
	}
	operation := of.Operation
	if operation == "" {
		operation = r.Method + " " + r.URL.Path
	}
	return refusal(r, of, http.StatusNotImplemented, notServed, "not served by the local stack: "+of.Service+":"+operation)
}

// finish sends what was held back.
func (p *passing) finish(r *http.Request, of awscall.Call) {
	if p.held == nil {
		return
	}
	clear(p.Header())
	refuseUnknown(r, of, p.held).send(p.ResponseWriter)
}

// errorOf reads code and message of an error in any of the protocols. Both are
// empty when it is none.
func errorOf(given *answer) (code, message string) {
	body := bytes.TrimSpace(given.body.Bytes())
	switch {
	case strings.Contains(given.header.Get("Content-Type"), "cbor"):
		document := map[string]any{}
		_ = cborDecoding.Unmarshal(body, &document) // what is no CBOR is no error either
		code, _ = document["__type"].(string)
		message, _ = document["message"].(string)
	case bytes.HasPrefix(body, []byte("<")):
		var document struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
			Error   struct {
				Code    string `xml:"Code"`
				Message string `xml:"Message"`
			} `xml:"Error"`
		}
		_ = xml.Unmarshal(body, &document) // what is no XML is no error either
		code, message = document.Code+document.Error.Code, document.Message+document.Error.Message
	default:
		var document struct {
			Type    string `json:"__type"`
			Code    string `json:"code"`
			Message string `json:"message"` // without case
		}
		_ = json.Unmarshal(body, &document) // what is no JSON is no error either
		code, message = document.Type, document.Message
		if code == "" {
			code = given.header.Get("X-Amzn-Errortype")
		}
	}
	return code[strings.LastIndex(code, "#")+1:], message
}
