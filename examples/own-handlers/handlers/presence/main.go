// The presence function remembers who looks at which poll: it answers $connect
// and $disconnect.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/examples/own-handlers/handlers/internal/poll"
)

// subprotocol is the one that the authorizer wants beside the token.
const subprotocol = "chat.v1"

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	polls := poll.Polls{DB: dynamodb.NewFromConfig(settings), Table: os.Getenv("POLLS_TABLE"), Now: time.Now}
	lambda.Start(func(ctx context.Context, event poll.Event) (poll.Response, error) {
		if err := event.Check(); err != nil {
			return poll.Response{}, err
		}
		room, connection := event.RequestContext.Caller.Room, event.RequestContext.ConnectionID
		if event.RequestContext.EventType == "DISCONNECT" {
			return poll.Response{StatusCode: http.StatusOK}, polls.Leave(ctx, room, connection)
		}
		return accepted(event.Headers), polls.Join(ctx, room, connection)
	})
}

// accepted echoes the subprotocol to a client that offered it, and nothing else
// of the offer, which holds the token.
func accepted(headers map[string][]string) poll.Response {
	response := poll.Response{StatusCode: http.StatusOK}
	for name, values := range headers {
		offered := strings.FieldsFunc(strings.Join(values, ","), func(r rune) bool { return r == ',' || r == ' ' })
		if strings.EqualFold(name, "Sec-WebSocket-Protocol") && slices.Contains(offered, subprotocol) {
			response.Headers = map[string]string{"Sec-WebSocket-Protocol": subprotocol}
		}
	}
	return response
}
