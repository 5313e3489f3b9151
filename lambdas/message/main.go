// The message function answers the frames of the clients.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/portcullis-chat/portcullis/lambdas/internal/awsclient"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/message"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

func main() {
	reader := config.NewReader(os.LookupEnv)
	settings, environment := message.Read(reader), awsclient.Read(reader)
	log := logging.New(os.Stdout, settings.LogLevel)
	logging.Start(log, reader.Err())

	db := environment.DynamoDB()
	connections := store.NewConnections(db, settings.Connections, time.Now)
	sockets := push.NewSockets(environment.Config(), settings.Management)
	lambda.Start(&message.Handler{
		Ledger:   ledger.New(store.NewUsers(db, settings.Connections), settings.Limits, time.Now),
		Messages: store.NewMessages(db, settings.Messages, settings.Life, time.Now),
		Members:  connections,
		Fanout:   &push.Fanout{Poster: sockets, Remover: connections, Now: time.Now, Log: log},
		Sockets:  sockets,
		Format:   settings.Format,
		MaxText:  settings.MaxText,
		NewID:    room.NewIDs(time.Now),
		Now:      time.Now,
		Log:      log,
	})
}
