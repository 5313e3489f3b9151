// Command bootstrap is the function that the tests of the Lambda runner run. An
// event says what it is to do, INIT what is to happen before the first event.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do      string `json:"do"`
	Text    string `json:"text"`
	Seconds int    `json:"seconds"`
	Bytes   int    `json:"bytes"`

	Records []events.SQSMessage `json:"Records"`
}

func main() {
	switch os.Getenv("INIT") {
	case "fill":
		bytes, _ := strconv.Atoi(os.Getenv("BYTES"))
		hold(bytes)
		time.Sleep(time.Minute)
	case "crash":
		fmt.Println("about to crash")
		os.Exit(7)
	case "leave":
		os.Exit(0)
	case "hang":
		time.Sleep(time.Hour)
	case "raw":
		raw()
	case "error":
		body := strings.NewReader(`{"errorType":"Config.Missing","errorMessage":"TABLE is not set"}`)
		http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json", body)
		os.Exit(1)
	}
	lambda.Start(handle)
}

// raw is a runtime of its own, as a shell script would be one: a connection for
// each request, which it gives up when nothing has come for GIVE_UP, and LINGER
// after each answer.
func raw() {
	linger, _ := time.ParseDuration(os.Getenv("LINGER"))
	giveUp, _ := time.ParseDuration(os.Getenv("GIVE_UP"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}}
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		client.Timeout = giveUp
		next, err := client.Get(url + "next")
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		client.Timeout = 0
		answer, _ := http.NewRequest("POST", url+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", strings.NewReader(strconv.Itoa(os.Getpid())))
		answer.Header.Set("Expect", "100-continue")
		answered, err := client.Do(answer)
		if err != nil || answered.StatusCode != http.StatusAccepted {
			os.Exit(9)
		}
		time.Sleep(linger)
	}
}

var held [][]byte

// hold takes memory and uses it.
func hold(bytes int) {
	block := make([]byte, bytes)
	for i := 0; i < bytes; i += 4096 {
		block[i] = 1
	}
	held = append(held, block)
}

// consume notes a batch of messages in the file OUT. Their bodies say what is
// to happen.
func consume(records []events.SQSMessage) (any, error) {
	file, err := os.OpenFile(os.Getenv("OUT"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := json.NewEncoder(file).Encode(records); err != nil {
		return nil, err
	}
	var response events.SQSEventResponse
	for _, r := range records {
		switch {
		case strings.Contains(r.Body, "sleep"):
			time.Sleep(time.Second)
		case strings.Contains(r.Body, "error"):
			return nil, errors.New("no")
		case strings.Contains(r.Body, "malformed"):
			return "malformed", nil
		case strings.Contains(r.Body, "bad"):
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	return response, nil
}

func handle(ctx context.Context, e event) (any, error) {
	if e.Records != nil {
		return consume(e.Records)
	}
	invocation, _ := lambdacontext.FromContext(ctx)
	switch e.Do {
	case "echo":
		return e.Text, nil
	case "context":
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"arn":       invocation.InvokedFunctionArn,
			"requestId": invocation.AwsRequestID,
			"left":      time.Until(deadline).Seconds(),
			"trace":     os.Getenv("_X_AMZN_TRACE_ID"),
			"client":    invocation.ClientContext,
		}, nil
	case "environment":
		folder, err := os.Getwd()
		return map[string]any{"environment": os.Environ(), "folder": folder}, err
	case "pid":
		time.Sleep(time.Duration(e.Seconds) * time.Second)
		return os.Getpid(), nil
	case "sleep":
		time.Sleep(time.Duration(e.Seconds) * time.Second)
		return "slept", nil
	case "child":
		child := exec.Command("sleep", "600")
		if err := child.Start(); err != nil {
			return nil, err
		}
		return child.Process.Pid, nil
	case "fill", "fillInTime":
		hold(e.Bytes)
		if e.Do == "fill" {
			time.Sleep(time.Minute)
		}
		return "filled", nil
	case "fillChild":
		child := exec.Command(os.Args[0])
		child.Env = []string{"INIT=fill", "BYTES=" + strconv.Itoa(e.Bytes)}
		return nil, child.Run()
	case "crash":
		os.Exit(3)
	case "panic":
		panic("lost my head")
	case "error":
		return nil, errors.New(e.Text)
	case "print":
		fmt.Println(e.Text)
		fmt.Fprintln(os.Stderr, "to stderr")
		fmt.Print("without line break")
		return nil, nil
	case "big":
		return strings.Repeat("x", e.Bytes), nil
	}
	return nil, fmt.Errorf("cannot do %q", e.Do)
}
