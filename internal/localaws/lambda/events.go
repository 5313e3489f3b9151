package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/async"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// answerEvent takes a request of the type Event.
func (r *Runner) answerEvent(w http.ResponseWriter, req *http.Request, c call) {
	if _, err := r.functions.find(req.Context(), c.arn); err != nil {
		refusalOf(err, c.arn).Send(w)
		return
	}
	id := uuid.New()
	if err := r.async.Add(async.Event{ARN: c.arn, RequestID: id, Payload: c.payload}); err != nil {
		apierr.Internal(err.Error()).Send(w)
		return
	}
	w.Header().Set("X-Amzn-Requestid", id)
	w.WriteHeader(http.StatusAccepted)
}

// asyncFunctions is what the queue of asynchronous invocations sees of a
// Runner.
type asyncFunctions struct{ *Runner }

// Attempt runs an event once.
func (r asyncFunctions) Attempt(ctx context.Context, e async.Event) async.Attempt {
	result, err := r.invoke(ctx, call{arn: e.ARN, payload: e.Payload, requestID: e.RequestID})
	var throttled *ThrottledError
	switch {
	case err == nil && result.FunctionError == "":
		return async.Attempt{Outcome: async.Succeeded, Payload: result.Payload, Version: result.ExecutedVersion}
	case err == nil:
		return async.Attempt{Outcome: async.Failed, Payload: result.Payload, Version: result.ExecutedVersion}
	case errors.As(err, &throttled) && throttled.Always:
		return async.Attempt{Outcome: async.Forbidden}
	case errors.As(err, &throttled):
		return async.Attempt{Outcome: async.Throttled}
	case errors.Is(err, ErrNotFound):
		return async.Attempt{Outcome: async.Missing}
	default:
		r.problems.add("events of "+e.ARN, err.Error(), 1)
		return async.Attempt{Outcome: async.Unavailable}
	}
}

// Settings reads the event invoke configuration of what was invoked, and the
// dead-letter target of the version behind it.
func (r asyncFunctions) Settings(ctx context.Context, e async.Event) (async.Settings, error) {
	f, err := r.functions.find(ctx, e.ARN)
	if err != nil {
		return async.Settings{}, err
	}
	a, err := parseFunctionARN(e.ARN)
	if err != nil {
		return async.Settings{}, err
	}
	settings, err := r.eventSettings.get(ctx, a.name, e.ARN, func(ctx context.Context) (async.Settings, error) {
		return r.readEventSettings(ctx, a)
	})
	settings.DeadLetter = f.version.deadLetter
	return settings, err
}

func (r *Runner) readEventSettings(ctx context.Context, a functionARN) (async.Settings, error) {
	settings := async.Settings{Retries: async.DefaultRetries, MaxAge: async.DefaultMaxAge}
	input := &awslambda.GetFunctionEventInvokeConfigInput{FunctionName: &a.name}
	if a.qualifier != "" && a.qualifier != latest {
		input.Qualifier = &a.qualifier
	}
	out, err := r.clients.lambda.GetFunctionEventInvokeConfig(ctx, input, func(o *awslambda.Options) { o.Region = a.region })
	if errors.Is(notFound(err), ErrNotFound) {
		return settings, nil
	}
	if err != nil {
		return settings, fmt.Errorf("read event invoke configuration of %s: %w", a, err)
	}
	if out.MaximumRetryAttempts != nil {
		settings.Retries = int(*out.MaximumRetryAttempts)
	}
	if out.MaximumEventAgeInSeconds != nil {
		settings.MaxAge = time.Duration(*out.MaximumEventAgeInSeconds) * time.Second
	}
	settings.OnSuccess, settings.OnFailure = targets(out.DestinationConfig)
	return settings, nil
}

// Deliver sends a message with the credentials of the function's role.
func (r asyncFunctions) Deliver(ctx context.Context, e async.Event, target string, m async.Message) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := r.deliver(ctx, e.ARN, target, m)
	if err != nil && ctx.Err() == nil {
		r.problems.add("events of "+e.ARN, "no message to "+target+": "+err.Error(), 1)
	}
	return err
}

func (r *Runner) deliver(ctx context.Context, arn, target string, m async.Message) error {
	f, err := r.functions.find(ctx, arn)
	if err != nil {
		return err
	}
	role, err := r.roles.of(f.version)
	if err != nil {
		return err
	}
	return r.send(ctx, role, target, m)
}

// Publish publishes a metric of an event's function.
func (r asyncFunctions) Publish(e async.Event, name, unit string, value float64) {
	a, err := parseFunctionARN(e.ARN)
	if err != nil {
		return // it was taken with an ARN
	}
	d := newDimensions(a, "")
	r.config.Metrics.Put(a.region, metricNamespace, name, unit, value, d.function)
	r.config.Metrics.Put(a.region, metricNamespace, name, unit, value, d.resource)
	r.config.Metrics.Put(a.region, metricNamespace, name, unit, value, acrossAll)
}
