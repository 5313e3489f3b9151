package adapter

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The tests of this file pin what differs from AWS and stays so.

func TestABatchOfMessagesNeedsAnActionOfItsOwn(t *testing.T) {
	w := newWorld(t)
	queue := must(sqs.NewFromConfig(w.config(testRegion)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q-" + newRequestID()[:8])})).QueueUrl
	send := func(action string) error {
		id, secret := w.user(allow(action, "*"))
		_, err := sqs.NewFromConfig(w.as(testRegion, id, secret)).SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{
			QueueUrl: queue, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}},
		})
		return err
	}
	wantRefusal(t, send("sqs:SendMessage"), "AccessDenied", "")
	if err := send("sqs:SendMessageBatch"); err != nil {
		t.Error(err)
	}
}

func TestCodesThatAreSentAreAlwaysTheSame(t *testing.T) {
	p := newUserPool(t, nil, nil)
	must(p.client.SignUp(t.Context(), &cognito.SignUpInput{ClientId: p.app, Username: aws.String("bob"), Password: &p.password}))
	_, err := p.client.ConfirmSignUp(t.Context(), &cognito.ConfirmSignUpInput{ClientId: p.app, Username: aws.String("bob"), ConfirmationCode: aws.String("654321")})
	wantRefusal(t, err, "CodeMismatchException", "")
	must(p.client.ConfirmSignUp(t.Context(), &cognito.ConfirmSignUpInput{ClientId: p.app, Username: aws.String("bob"), ConfirmationCode: aws.String("123456")}))
}
