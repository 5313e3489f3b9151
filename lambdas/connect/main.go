// The connect function opens connections.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/portcullis-chat/portcullis/lambdas/internal/awsclient"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/connect"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

func main() {
	reader := config.NewReader(os.LookupEnv)
	settings, environment := connect.Read(reader), awsclient.Read(reader)
	log := logging.New(os.Stdout, settings.LogLevel)
	logging.Start(log, reader.Err())
	handler := &connect.Handler{
		Connections:    store.NewConnections(environment.DynamoDB(), settings.Table, time.Now),
		MaxConnections: settings.MaxConnections,
		MaxMembers:     settings.MaxMembers,
		MaxRefusals:    settings.MaxRefusals,
		Now:            time.Now,
		Log:            log,
		Metrics:        metrics.New(os.Stdout, settings.Metrics, settings.LogLevel, time.Now),
	}
	lambda.Start(handler.Handle)
}
