package eventsource

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	strictjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxPayload is the largest event of a synchronous invocation, in bytes.
const maxPayload = 6_291_456

// record is one message in an event (Lambda, "Using Lambda with Amazon SQS").
type record struct {
	MessageID              string                      `json:"messageId"`
	ReceiptHandle          string                      `json:"receiptHandle"`
	Body                   string                      `json:"body"`
	Attributes             map[string]string           `json:"attributes"`
	MessageAttributes      map[string]messageAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes string                      `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                      `json:"md5OfBody"`
	EventSource            string                      `json:"eventSource"`
	EventSourceARN         string                      `json:"eventSourceARN"`
	AWSRegion              string                      `json:"awsRegion"`
}

type messageAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// encode returns the message as it stands in an event.
func encode(m types.Message, source arn.ARN) []byte {
	r := record{
		MessageID:         aws.ToString(m.MessageId),
		ReceiptHandle:     aws.ToString(m.ReceiptHandle),
		Body:              aws.ToString(m.Body),
		Attributes:        m.Attributes,
		MessageAttributes: make(map[string]messageAttribute),
		MD5OfBody:         aws.ToString(m.MD5OfBody),
		EventSource:       "aws:sqs",
		EventSourceARN:    source.String(),
		AWSRegion:         source.Region,
	}
	if len(m.MessageAttributes) > 0 {
		r.MD5OfMessageAttributes = aws.ToString(m.MD5OfMessageAttributes)
	}
	for name, a := range m.MessageAttributes {
		r.MessageAttributes[name] = messageAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: aws.ToString(a.DataType),
			StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		panic(err) // strings, bytes and maps of them always encode
	}
	return bytes.TrimSpace(b.Bytes())
}

const (
	eventBegins = `{"Records":[`
	eventEnds   = `]}`
)

// batch is what one invocation gets.
type batch struct {
	queue    queue
	begun    time.Time         // when its first message was received
	messages map[string]string // receipt handles by message id
	event    bytes.Buffer
}

func newBatch(q queue) *batch { return &batch{queue: q, messages: make(map[string]string)} }

// add takes a message. It reports false when the event would be too large with
// it, unless it is the first.
func (b *batch) add(m types.Message, source arn.ARN, received time.Time) bool {
	encoded := encode(m, source)
	if len(b.messages) == 0 {
		b.begun = received
		b.event.WriteString(eventBegins)
	} else {
		if b.event.Len()+len(",")+len(encoded)+len(eventEnds) > maxPayload {
			return false
		}
		b.event.WriteByte(',')
	}
	b.event.Write(encoded)
	b.messages[aws.ToString(m.MessageId)] = aws.ToString(m.ReceiptHandle)
	return true
}

func (b *batch) len() int { return len(b.messages) }

// payload ends the event.
func (b *batch) payload() []byte {
	b.event.WriteString(eventEnds)
	return b.event.Bytes()
}

// failures reads a partial batch response: the messages that are to come again.
// all is true when they all are, because of a response that is not of the form
// (Lambda, "Implementing partial batch responses"). Names count with their case.
func (b *batch) failures(response []byte) (failed map[string]bool, all bool) {
	response = bytes.TrimSpace(response)
	if len(response) == 0 {
		return nil, false
	}
	var r *struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if strictjson.Unmarshal(response, &r, jsontext.AllowDuplicateNames(true)) != nil {
		return nil, true
	}
	if r == nil {
		return nil, false
	}
	failed = make(map[string]bool)
	for _, item := range r.BatchItemFailures {
		if _, ok := b.messages[item.ItemIdentifier]; !ok {
			return nil, true // empty, null, of another name, or of no message here
		}
		failed[item.ItemIdentifier] = true
	}
	return failed, false
}
