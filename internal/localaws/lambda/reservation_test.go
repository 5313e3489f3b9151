package lambda

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

func TestReservationsLeaveAHundredToTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prefix := "reserved-" + uuid.New()[:8]
	role := w.role(prefix, "")
	names := []string{prefix + "-one", prefix + "-two"}
	for _, name := range names {
		if _, err := w.lambda.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{
			FunctionName: &name, Role: &role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Code: &types.FunctionCode{ZipFile: scriptZip(t)},
		}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = w.lambda.DeleteFunction(context.Background(), &awslambda.DeleteFunctionInput{FunctionName: &name})
		})
	}
	for _, step := range []struct {
		name    string
		reserve int32
		refused bool
	}{
		{names[0], 901, true},
		{names[0], 850, false},
		{names[1], 51, true},
		{names[1], 50, false},
		{names[0], 851, true},
		{names[0], 840, false},
		{names[1], 60, false},
	} {
		_, err := w.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: &step.name, ReservedConcurrentExecutions: &step.reserve})
		switch {
		case !step.refused && err != nil:
			t.Errorf("%d for %s: %v", step.reserve, step.name, err)
		case step.refused && (err == nil || !strings.Contains(err.Error(), "InvalidParameterValueException") || !strings.Contains(err.Error(), "below its minimum value of [100]")):
			t.Errorf("%d for %s is not refused: %v", step.reserve, step.name, err)
		}
	}
}
