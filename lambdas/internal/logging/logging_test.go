package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestALineIsJSONInLambdasFieldNames(t *testing.T) {
	var out bytes.Buffer
	New(&out, "").Info("happened", slog.Group("cause", slog.String("time", "inner")), slog.String("evil", "a\r\nb\x1b[31m\u2028"))
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("more than one line: %q", out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["message"] != "happened" || line["level"] != "INFO" || !strings.HasSuffix(line["timestamp"].(string), "Z") {
		t.Errorf("got %v", line)
	}
	if line["cause"].(map[string]any)["time"] != "inner" {
		t.Error("an attribute in a group was renamed")
	}
}

func TestTheLevelIsLambdas(t *testing.T) {
	for name, want := range map[string]slog.Level{
		"": slog.LevelInfo, "INFO": slog.LevelInfo, "nonsense": slog.LevelInfo,
		"TRACE": slog.LevelDebug, "debug": slog.LevelDebug, "WARN": slog.LevelWarn, "ERROR": slog.LevelError, "FATAL": slog.LevelError,
	} {
		log := New(new(bytes.Buffer), name)
		if !log.Enabled(context.Background(), want) || log.Enabled(context.Background(), want-1) {
			t.Errorf("%q is not %v", name, want)
		}
	}
}

func TestASubjectIsHashed(t *testing.T) {
	attr := Subject("ann@example.com")
	if got := attr.Value.String(); len(got) != 16 || strings.Contains(got, "ann") || got != Subject("ann@example.com").Value.String() || got == Subject("bob").Value.String() {
		t.Errorf("got %q", got)
	}
}

type apiError struct{}

func (apiError) Error() string       { return "User: arn:aws:sts::1:x is not authorized" }
func (apiError) ErrorCode() string   { return "AccessDeniedException" }
func (apiError) Operation() string   { return "PutItem" }
func (apiError) HTTPStatusCode() int { return 400 }

func TestACauseNamesNoARN(t *testing.T) {
	var out bytes.Buffer
	New(&out, "").Error("failed", Cause(fmt.Errorf("storing: %w", apiError{})))
	for _, want := range []string{`"operation":"PutItem"`, `"code":"AccessDeniedException"`, `"status":400`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "arn:") {
		t.Errorf("an ARN is in %s", out.String())
	}
}

func TestACauseOfOtherKindIsItsText(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, "")
	log.Error("failed", Cause(errors.New("boom")))
	log.Error("failed", Cause(fmt.Errorf("https://host: %w", context.DeadlineExceeded)))
	if !strings.Contains(out.String(), `"error":"boom"`) || !strings.Contains(out.String(), `"error":"deadline exceeded"`) {
		t.Errorf("got %s", out.String())
	}
}

func TestAPanicIsLoggedByItsPlaceAndNotItsValue(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, "")
	crash := func(f func()) {
		defer func() { Panic(context.Background(), log, recover()) }()
		f()
	}
	crash(func() { panic("secret text") })
	if strings.Contains(out.String(), "secret") || !strings.Contains(out.String(), `"panic":"string"`) || !strings.Contains(out.String(), "TestAPanicIsLoggedByItsPlaceAndNotItsValue") {
		t.Errorf("got %s", out.String())
	}
	out.Reset()
	crash(func() { nilMap()["x"] = 1 })
	if !strings.Contains(out.String(), "nil map") {
		t.Errorf("got %s", out.String())
	}
}

// nilMap returns a map that cannot be written to.
func nilMap() map[string]int { return nil }

func TestThreat37NoFieldBreaksItsLine(t *testing.T) {
	for _, evil := range []string{
		"a\r\nb", "\n{\"level\":\"INFO\",\"message\":\"authn_login_success\"}", "\x1b[2J\x1b]0;x\x07", "\u2028\u2029\u0085", "\u202Eevil", "\"},{\"x\":\"", "\x00", "\xff\xfe", "</script>", "%0a%0d", "${jndi:x}",
	} {
		var out bytes.Buffer
		log := New(&out, "").With(slog.String("requestId", evil), slog.String("connectionId", evil), slog.String("room", evil), Subject(evil))
		log.Info(evil, Reason(evil), Cause(errors.New(evil)), slog.String("id", evil))
		Panic(context.Background(), log, evil)
		if strings.Count(out.String(), "\n") != 2 || strings.ContainsFunc(out.String(), func(r rune) bool {
			return (r < ' ' && r != '\n') || r == '\u2028' || r == '\u2029'
		}) {
			t.Errorf("%q: the log is %q", evil, out.String())
		}
		decoder := json.NewDecoder(&out)
		for range 2 {
			var line map[string]any
			if err := decoder.Decode(&line); err != nil {
				t.Errorf("%q: %v", evil, err)
			}
		}
	}
}
