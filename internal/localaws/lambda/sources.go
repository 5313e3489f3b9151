package lambda

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/eventsource"
)

// maxMappingRequest bounds a request about event source mappings: five filters
// and fifty tags fit.
const maxMappingRequest = 1 << 20

// serveMappings answers the operations of event source mappings and of their
// tags.
func (r *Runner) serveMappings(w http.ResponseWriter, req *http.Request, next http.Handler, s eventsource.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxMappingRequest+1))
	switch {
	case err != nil:
		apierr.Unreadable("could not read the request: " + err.Error()).Send(w)
		return
	case len(body) > maxMappingRequest:
		apierr.TooLarge("the request is too large").Send(w)
		return
	}
	// MiniStack has no mapping and is sent no function, so whoever may ask is
	// told that there is none.
	switch answer := r.ask(req, body, next); answer.status {
	case http.StatusOK, http.StatusNoContent, http.StatusNotFound:
	default:
		answer.send(w)
		return
	}
	s.Body, s.Query = body, req.URL.Query()
	r.mappings.Serve(req.Context(), w, s)
}

// sourceFunctions is what event source mappings see of a Runner.
type sourceFunctions struct{ *Runner }

func (r sourceFunctions) Resolve(name, region string) (string, *apierr.Error) {
	a, refusal := r.resolveReference(name, "", region)
	return a.String(), refusal
}

func (r sourceFunctions) Timeout(ctx context.Context, arn string) (time.Duration, error) {
	f, err := r.functions.find(ctx, arn)
	if err != nil {
		return 0, err
	}
	return f.version.timeout, nil
}

func (r sourceFunctions) Credentials(ctx context.Context, arn string) (aws.CredentialsProvider, error) {
	f, err := r.functions.find(ctx, arn)
	if err != nil {
		return nil, err
	}
	role, err := r.roles.of(f.version)
	if err != nil {
		return nil, err
	}
	return provider(role), nil
}

func (r sourceFunctions) Invoke(ctx context.Context, arn string, payload []byte) eventsource.Outcome {
	result, err := r.invoke(ctx, call{arn: arn, payload: payload})
	var throttled *ThrottledError
	switch {
	case errors.As(err, &throttled):
		return eventsource.Outcome{Throttled: true}
	case err != nil:
		return eventsource.Outcome{Err: err}
	default:
		return eventsource.Outcome{Payload: result.Payload, Failed: result.FunctionError != ""}
	}
}
