// Command function is a Lambda function that does nothing, or nothing for
// ever, so that what a stack adds to it can be measured and broken.
package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

type handler struct{}

// Invoke answers as a proxy integration, or not before the function's time is
// over when the event has the word hang in it.
func (handler) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	if bytes.Contains(payload, []byte("hang")) {
		time.Sleep(15 * time.Minute)
		return nil, errors.New("nobody has ended this")
	}
	return []byte(`{"statusCode":200,"body":"done"}`), nil
}

func main() { lambda.Start(handler{}) }
