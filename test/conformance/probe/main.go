// Command probe is the one Lambda function of the conformance suite. It is the
// authorizer and the integration of all routes: it writes down each event, and
// does what the script in it says.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

func main() { lambda.Start(&probe{}) }

// event is the part of any WebSocket event that the probe looks at.
type event struct {
	Type           string            `json:"type"`
	MethodARN      string            `json:"methodArn"`
	Query          map[string]string `json:"queryStringParameters"`
	StageVariables map[string]string `json:"stageVariables"`
	Body           string            `json:"body"`
	RequestContext struct {
		EventType    string         `json:"eventType"`
		ConnectionID string         `json:"connectionId"`
		DomainName   string         `json:"domainName"`
		APIID        string         `json:"apiId"`
		Stage        string         `json:"stage"`
		Authorizer   map[string]any `json:"authorizer"`
	} `json:"requestContext"`
}

// script finds what the event says that the probe should do.
func (e *event) script() (script.Script, error) {
	var text string
	switch {
	case e.Type != "":
		text = e.Query[script.Authorize]
	case e.RequestContext.EventType == "CONNECT":
		text = e.Query[script.Connect]
	case e.RequestContext.EventType == "DISCONNECT":
		text, _ = e.RequestContext.Authorizer[script.Disconnect].(string)
	default:
		var message map[string]json.RawMessage
		if json.Unmarshal([]byte(e.Body), &message) == nil {
			text = string(message[script.Do])
		}
	}
	var s script.Script
	if text == "" {
		return s, nil
	}
	err := json.Unmarshal([]byte(text), &s)
	return s, err
}

// key is where the event is written down.
func (e *event) key() string {
	if id := e.Query[script.Case]; id != "" {
		return script.CaseKey(id)
	}
	return script.ConnectionKey(e.RequestContext.ConnectionID)
}

// probe implements lambda.Handler, so that it can return what is no JSON.
type probe struct {
	load sync.Once
	cfg  aws.Config
	db   *dynamodb.Client
	err  error
}

// Invoke implements lambda.Handler.
func (p *probe) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var ev event
	if err := json.Unmarshal(payload, &ev); err != nil {
		return nil, err
	}
	if ev.StageVariables[script.Mode] == script.Echo && ev.RequestContext.EventType == "MESSAGE" {
		return answer(ev.Body)
	}
	p.load.Do(func() {
		p.cfg, p.err = config.LoadDefaultConfig(context.WithoutCancel(ctx))
		p.db = dynamodb.NewFromConfig(p.cfg)
	})
	if p.err != nil {
		return nil, p.err
	}
	if err := p.record(ctx, &ev, script.Event, string(payload)); err != nil {
		return nil, err
	}
	do, err := ev.script()
	if err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	time.Sleep(time.Duration(do.SleepMillis) * time.Millisecond)
	if len(do.Posts) > 0 {
		if err := p.post(ctx, &ev, do.Posts); err != nil {
			return nil, err
		}
	}
	switch {
	case do.Exit:
		os.Exit(1)
	case do.Error != "":
		return nil, errors.New(do.Error)
	case do.Result != "":
		result := strings.ReplaceAll(do.Result, "{methodArn}", ev.MethodARN)
		pad := max(0, do.Size-len(strings.Replace(result, "{pad}", "", 1)))
		return []byte(strings.Replace(result, "{pad}", strings.Repeat("x", pad), 1)), nil
	case ev.Type != "":
		return json.Marshal(map[string]any{"principalId": "probe", "policyDocument": map[string]any{
			"Version":   "2012-10-17",
			"Statement": []any{map[string]string{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ev.MethodARN}},
		}})
	}
	return answer(string(payload))
}

// answer is a successful result of an integration.
func answer(body string) ([]byte, error) {
	return json.Marshal(map[string]any{"statusCode": http.StatusOK, "body": body})
}

// record writes an attribute down under the event's key.
func (p *probe) record(ctx context.Context, ev *event, attribute, value string) error {
	_, err := p.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(os.Getenv(script.TableVariable)),
		Item: map[string]types.AttributeValue{
			script.Key:  &types.AttributeValueMemberS{Value: ev.key()},
			script.Sort: &types.AttributeValueMemberS{Value: fmt.Sprintf("%020d-%s", time.Now().UnixNano(), rand.Text())},
			attribute:   &types.AttributeValueMemberS{Value: value},
		},
	})
	return err
}

// post makes requests to @connections and writes down their statuses.
func (p *probe) post(ctx context.Context, ev *event, posts []script.Post) error {
	endpoint := strings.NewReplacer("{api}", ev.RequestContext.APIID, "{stage}", ev.RequestContext.Stage).
		Replace(os.Getenv(script.ManagementVariable))
	client := apigatewaymanagementapi.NewFromConfig(p.cfg, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint, o.RetryMaxAttempts = &endpoint, 1
	})
	statuses := make([]int, len(posts))
	for i, post := range posts {
		id := post.To
		if id == "" {
			id = ev.RequestContext.ConnectionID
		}
		var err error
		statuses[i] = http.StatusOK
		switch post.Method {
		case http.MethodPost:
			_, err = client.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(post.Data)})
		case http.MethodGet:
			_, err = client.GetConnection(ctx, &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &id})
		case http.MethodDelete:
			_, err = client.DeleteConnection(ctx, &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id})
		}
		var answered *awshttp.ResponseError
		switch {
		case errors.As(err, &answered):
			statuses[i] = answered.HTTPStatusCode()
		case err != nil:
			return err
		}
	}
	list, err := json.Marshal(statuses)
	if err != nil {
		return err
	}
	return p.record(ctx, ev, script.Posts, string(list))
}
