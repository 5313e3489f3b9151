// The vote function takes votes and shows the tally to all who look at the poll.
//
//	client → {"action":"vote","choice":"soup"}   {"action":"tally"}
//	server → {"type":"tally","votes":{"soup":1}}   {"type":"error","code":"bad_request"}
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	management "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"github.com/portcullis-chat/portcullis/examples/own-handlers/handlers/internal/poll"
)

var choices = regexp.MustCompile(`\A[a-z0-9-]{1,32}\z`)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	v := voting{
		polls:   poll.Polls{DB: dynamodb.NewFromConfig(settings), Table: os.Getenv("POLLS_TABLE"), Now: time.Now},
		sockets: management.NewFromConfig(settings, func(o *management.Options) { o.BaseEndpoint = aws.String(os.Getenv("MANAGEMENT_ENDPOINT")) }),
	}
	lambda.Start(v.handle)
}

type voting struct {
	polls   poll.Polls
	sockets *management.Client
}

// handle answers the routes vote and tally. The route is what API Gateway chose,
// never the field action of the body, which two parsers may read differently.
func (v voting) handle(ctx context.Context, event poll.Event) (poll.Response, error) {
	if err := event.Check(); err != nil {
		return poll.Response{}, err
	}
	caller := event.RequestContext.Caller
	if caller.Expired(time.Now()) {
		return failed("token_expired"), nil
	}
	if event.RequestContext.RouteKey == "vote" {
		var frame struct{ Choice string }
		if json.Unmarshal([]byte(event.Body), &frame) != nil || !choices.MatchString(frame.Choice) {
			return failed("bad_request"), nil
		}
		if caller.Access != "write" {
			return failed("forbidden"), nil
		}
		if err := v.polls.Vote(ctx, caller.Room, caller.Sub, frame.Choice); err != nil {
			return poll.Response{}, err
		}
	}
	votes, err := v.polls.Tally(ctx, caller.Room)
	if err != nil {
		return poll.Response{}, err
	}
	answer := frame(map[string]any{"type": "tally", "votes": votes})
	if event.RequestContext.RouteKey == "vote" {
		err = v.show(ctx, caller.Room, event.RequestContext.ConnectionID, answer.Body)
	}
	return answer, err
}

// show sends a frame to all who look at a poll but the one who gets it as the
// answer.
func (v voting) show(ctx context.Context, room, but, data string) error {
	connections, err := v.polls.Connections(ctx, room)
	if err != nil {
		return err
	}
	for _, id := range connections {
		if id == but {
			continue
		}
		_, err := v.sockets.PostToConnection(ctx, &management.PostToConnectionInput{ConnectionId: &id, Data: []byte(data)})
		// Who has gone without a word has a row that expires. Of other errors
		// only the code is logged: their texts name roles and resources.
		if gone := (*types.GoneException)(nil); err != nil && !errors.As(err, &gone) {
			var refused smithy.APIError
			errors.As(err, &refused)
			slog.ErrorContext(ctx, "a post failed", "code", code(refused))
		}
	}
	return nil
}

func code(err smithy.APIError) string {
	if err == nil {
		return "unreachable"
	}
	return err.ErrorCode()
}

func failed(code string) poll.Response {
	return frame(map[string]any{"type": "error", "code": code})
}

func frame(content map[string]any) poll.Response {
	body, err := json.Marshal(content)
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return poll.Response{StatusCode: http.StatusOK, Body: string(body)}
}
