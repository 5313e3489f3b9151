// The authorizer function decides who may open a connection.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/portcullis-chat/portcullis/lambdas/internal/authorize"
	"github.com/portcullis-chat/portcullis/lambdas/internal/jwks"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

func main() {
	settings, err := authorize.Read(os.LookupEnv)
	log := logging.New(os.Stdout, settings.LogLevel)
	logging.Start(log, err)
	recorder := metrics.New(os.Stdout, settings.Metrics, settings.LogLevel, time.Now)
	keys := jwks.NewCache(settings.JWKSURI, time.Now, log)
	keys.Metrics = recorder
	if settings.Keys != nil {
		keys.Bake(settings.Keys)
	}
	handler := &authorize.Handler{
		Verifier: token.NewVerifier(settings.Token, keys, time.Now),
		Origins:  settings.Origins,
		Secrets:  settings.Secrets,
		Rooms:    settings.Rooms,
		Log:      log,
		Metrics:  recorder,
	}
	lambda.Start(handler.Handle)
}
