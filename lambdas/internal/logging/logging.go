// Package logging writes one JSON line for each thing worth knowing. The
// message of a line is an event name of the OWASP logging vocabulary where one
// fits; everything else is typed fields. Tokens, texts, names, ARNs and whole
// events are never fields.
package logging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
)

// The events that are logged, so that metric filters and tests have one list.
const (
	LoginSuccess    = "authn_login_success"
	LoginFail       = "authn_login_fail"
	AuthorizeFail   = "authz_fail"
	ForeignOrigin   = "malicious_cors"
	InvalidInput    = "input_validation_fail"
	RateExceeded    = "excess_rate_limit_exceeded"
	SessionCreated  = "session_created"
	SessionExpired  = "session_expired"
	SessionEnded    = "session_ended"
	CapacityReached = "capacity_reached"
	MessageSent     = "message_sent"
	HistoryRead     = "history_read"
	MembersRead     = "members_read"
	ConnectionGone  = "connection_gone"
	KeysFetched     = "keys_fetched"
	DependencyFail  = "dependency_fail"
	Crash           = "sys_crash"
	StartFail       = "sys_start_fail"
)

// New returns a logger in the field names Lambda's JSON log format expects
// (timestamp, level, message), at a level by its AWS_LAMBDA_LOG_LEVEL name. An
// unknown level means INFO.
func New(w io.Writer, level string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: levelOf(level),
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return attr
			}
			switch attr.Key {
			case slog.TimeKey:
				return slog.Time("timestamp", attr.Value.Time().UTC())
			case slog.MessageKey:
				attr.Key = "message"
			}
			return attr
		},
	}))
}

func levelOf(name string) slog.Level {
	switch strings.ToUpper(name) {
	case "TRACE", "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR", "FATAL":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Subject is a user in a log line: enough to find all lines of one user, not
// enough to read who it is.
func Subject(sub string) slog.Attr {
	sum := sha256.Sum256([]byte(sub))
	return slog.String("subject", hex.EncodeToString(sum[:8]))
}

// Reason is a stable code that says why something was refused.
func Reason(code string) slog.Attr { return slog.String("reason", code) }

// Cause describes an error of a dependency. The texts of AWS errors name ARNs
// and accounts, so of those only operation, code and status are kept.
func Cause(err error) slog.Attr {
	var api interface {
		error
		ErrorCode() string
	}
	if !errors.As(err, &api) {
		return slog.Group("cause", slog.String("operation", operation(err)), slog.String("error", plain(err)))
	}
	attrs := []any{slog.String("operation", operation(err)), slog.String("code", api.ErrorCode())}
	var response interface {
		error
		HTTPStatusCode() int
	}
	if errors.As(err, &response) {
		attrs = append(attrs, slog.Int("status", response.HTTPStatusCode()))
	}
	return slog.Group("cause", attrs...)
}

func operation(err error) string {
	var op interface {
		error
		Operation() string
	}
	if errors.As(err, &op) {
		return op.Operation()
	}
	return ""
}

// plain names a deadline as such, because the client that hits it wraps it in
// a text with addresses in it.
func plain(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "deadline exceeded"
	}
	return err.Error()
}

// Panic logs a recovered panic with its place. Its value may carry input, so
// only that of the runtime's own errors is written.
func Panic(ctx context.Context, log *slog.Logger, value any) {
	text := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		text = err.Error()
	}
	log.ErrorContext(ctx, Crash, slog.String("panic", text), slog.String("stack", callers()))
}

// callers lists the functions from the one that panicked upwards, without the
// argument values that debug.Stack would print.
func callers() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	var b strings.Builder
	for {
		frame, more := frames.Next()
		fmt.Fprintf(&b, "%s:%d\n", frame.Function, frame.Line)
		if !more {
			return b.String()
		}
	}
}

// Start makes a function's logger the process's own, so that what a library
// prints is a JSON line as well, and ends the process when the function's
// settings are wrong: a panic or a return of main would hide the reason behind
// a stack or an exit without one.
func Start(log *slog.Logger, settings error) {
	slog.SetDefault(log)
	if settings == nil {
		return
	}
	log.Error(StartFail, slog.String("error", settings.Error()))
	os.Exit(1)
}
