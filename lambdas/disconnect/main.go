// The disconnect function cleans up after connections.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/portcullis-chat/portcullis/lambdas/internal/awsclient"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/disconnect"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

func main() {
	reader := config.NewReader(os.LookupEnv)
	settings, environment := disconnect.Read(reader), awsclient.Read(reader)
	log := logging.New(os.Stdout, settings.LogLevel)
	logging.Start(log, reader.Err())
	handler := &disconnect.Handler{
		Connections: store.NewConnections(environment.DynamoDB(), settings.Table, time.Now),
		Log:         log,
		Metrics:     metrics.New(os.Stdout, settings.Metrics, settings.LogLevel, time.Now),
	}
	lambda.Start(handler.Handle)
}
