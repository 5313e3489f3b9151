package lambda

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// checkReservation refuses a reservation that, with those of the other functions
// of the Region, would leave the rest too little ("Configuring reserved
// concurrency for a function"). The caller holds r.reserving until the
// reservation is written.
func (r *Runner) checkReservation(ctx context.Context, c *change) *apierr.Error {
	others, err := r.reservedByOthers(ctx, c)
	if err != nil {
		return apierr.Internal("the local stack could not read the reservations of the Region: " + err.Error())
	}
	if *c.body.ReservedConcurrentExecutions > accountConcurrency-unreservedMinimum-others {
		return apierr.InvalidParameter(fmt.Sprintf("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedMinimum))
	}
	return nil
}

// reservedByOthers is the sum of what the other functions of the Region reserve.
func (r *Runner) reservedByOthers(ctx context.Context, c *change) (int, error) {
	inRegion := func(o *awslambda.Options) { o.Region = c.region }
	sum := 0
	pages := awslambda.NewListFunctionsPaginator(r.clients.lambda, &awslambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, inRegion)
		if err != nil {
			return 0, err
		}
		for _, f := range page.Functions {
			if aws.ToString(f.FunctionName) == c.name {
				continue
			}
			reserved, err := r.clients.lambda.GetFunctionConcurrency(ctx, &awslambda.GetFunctionConcurrencyInput{FunctionName: f.FunctionName}, inRegion)
			if err != nil {
				return 0, err
			}
			sum += int(aws.ToInt32(reserved.ReservedConcurrentExecutions))
		}
	}
	return sum, nil
}
