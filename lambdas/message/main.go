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
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
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
	accounts := ledger.New(store.NewUsers(db, settings.Connections), settings.Limits, time.Now)
	lambda.Start(&message.Handler{
		Ledger:   accounts,
		Counter:  accounts,
		Messages: store.NewMessages(db, settings.Messages, settings.Life, time.Now),
		Members:  connections,
		Fanout:   &push.Fanout{Poster: sockets, Closer: sockets, Remover: connections, Now: time.Now, Log: log},
		Sockets:  sockets,
		Format:   settings.Format,
		MaxFrame: settings.MaxFrame,
		MaxText:  settings.MaxText,

		HistoryPage: settings.HistoryPage,
		MembersPage: settings.MembersPage,

		NewID:   room.NewIDs(time.Now),
		Now:     time.Now,
		Log:     log,
		Metrics: metrics.New(os.Stdout, settings.Metrics, settings.LogLevel, time.Now),
	})
}
