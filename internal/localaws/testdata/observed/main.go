// Command observed is a function that does what a message asks for, so that a
// test can watch what becomes of it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

type event struct {
	Body string `json:"body"`
}

type response struct {
	StatusCode int `json:"statusCode"`
}

func main() {
	lambda.Start(func(_ context.Context, e event) (response, error) {
		var message struct{ Do string }
		if err := json.Unmarshal([]byte(e.Body), &message); err != nil {
			return response{}, err
		}
		switch message.Do {
		case "fail":
			return response{}, errors.New("asked to fail")
		case "refuse":
			return response{StatusCode: 503}, nil
		case "embed":
			fmt.Printf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"Chat","Dimensions":[["Room"],[]],"Metrics":[{"Name":"Sent","Unit":"Count"}]}]},"Room":"lobby","Sent":3}`+"\n", time.Now().UnixMilli())
		case "log":
			fmt.Println(`{"level":"ERROR","lost":7}`)
			fmt.Println(`{"level":"INFO","lost":70}`)
		}
		return response{StatusCode: 200}, nil
	})
}
