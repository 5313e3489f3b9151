package lambda

import (
	"fmt"
	"math"
	"strings"
	"time"
)

const runtimeVersion = "provided:al2023.local"

// platformLog writes the lines that Lambda itself adds to a function's log, in
// the format the function chose. A line that is below the system log level is
// empty.
type platformLog struct {
	logging  logging
	version  string
	memoryMB int
}

func (p platformLog) record(level logLevel, kind string, record any) string {
	if level < p.logging.system {
		return ""
	}
	return string(mustJSON(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record any    `json:"record"`
	}{time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), kind, record}))
}

func (p platformLog) initStart() string {
	if !p.logging.json {
		return "INIT_START Runtime Version: " + runtimeVersion
	}
	return p.record(levelInfo, "platform.initStart", map[string]any{
		"initializationType": "on-demand",
		"phase":              "init",
		"runtimeVersion":     runtimeVersion,
	})
}

// initReport is written in plain text only when the initialisation failed.
func (p platformLog) initReport(took time.Duration, failed *failure) string {
	if !p.logging.json {
		if failed == nil {
			return ""
		}
		return fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: %s\tError Type: %s", milliseconds(took), failed.status(), failed.loggedType())
	}
	record := map[string]any{
		"initializationType": "on-demand",
		"phase":              "init",
		"status":             failed.status(),
		"metrics":            map[string]any{"durationMs": milliseconds(took)},
	}
	if failed == nil {
		return p.record(levelDebug, "platform.initReport", record)
	}
	record["errorType"] = failed.loggedType()
	return p.record(levelWarn, "platform.initReport", record)
}

func (p platformLog) start(requestID string) string {
	if !p.logging.json {
		return "START RequestId: " + requestID + " Version: " + p.version
	}
	return p.record(levelInfo, "platform.start", map[string]any{"requestId": requestID, "version": p.version})
}

// report is what is known of one invocation when it is over.
type report struct {
	requestID   string
	duration    time.Duration
	init        time.Duration // 0 unless the sandbox was made for this request
	maxMemoryMB int
	failed      *failure // nil when the function answered, be it with an error
	// functionError says that the function answered with an error.
	functionError bool
}

// billed is the billed duration. The initialisation of OS-only runtimes is
// billed, and every started millisecond counts.
func (r report) billed() int64 {
	return int64(math.Ceil(milliseconds(r.duration + r.init)))
}

// end returns the lines after the function's own.
func (p platformLog) end(r report) []string {
	if p.logging.json {
		return p.endJSON(r)
	}
	var lines []string
	if f := r.failed; f != nil && f.timedOut {
		lines = append(lines, fmt.Sprintf("%s %s %s", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), r.requestID, f.message))
	} else if f != nil && f.payload == nil {
		lines = append(lines, f.text(r.requestID)+"\n"+f.errorType)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		r.requestID, milliseconds(r.duration), r.billed(), p.memoryMB, r.maxMemoryMB)
	if r.init > 0 {
		fmt.Fprintf(&b, "Init Duration: %.2f ms\t", milliseconds(r.init))
	}
	if r.failed != nil {
		fmt.Fprintf(&b, "Status: %s\t", r.failed.status())
		if !r.failed.timedOut {
			fmt.Fprintf(&b, "Error Type: %s\t", r.failed.loggedType())
		}
	}
	return append(lines, "END RequestId: "+r.requestID, b.String())
}

func (p platformLog) endJSON(r report) []string {
	metrics := map[string]any{
		"durationMs":       milliseconds(r.duration),
		"billedDurationMs": r.billed(),
		"memorySizeMB":     p.memoryMB,
		"maxMemoryUsedMB":  r.maxMemoryMB,
	}
	if r.init > 0 {
		metrics["initDurationMs"] = milliseconds(r.init)
	}
	status := r.failed.status()
	if r.functionError && r.failed == nil {
		status = "error"
	}
	done := map[string]any{"requestId": r.requestID, "status": status}
	full := map[string]any{"requestId": r.requestID, "status": status, "metrics": metrics}
	if status == "success" {
		return []string{
			p.record(levelDebug, "platform.runtimeDone", done),
			p.record(levelInfo, "platform.report", full),
		}
	}
	if r.failed != nil && !r.failed.timedOut {
		done["errorType"] = r.failed.loggedType()
		full["errorType"] = r.failed.loggedType()
	}
	return []string{
		p.record(levelWarn, "platform.runtimeDone", done),
		p.record(levelWarn, "platform.report", full),
	}
}

// status is AWS's word for how an invocation or initialisation ended.
func (f *failure) status() string {
	switch {
	case f == nil:
		return "success"
	case f.timedOut:
		return "timeout"
	default:
		return "error"
	}
}

// milliseconds is rounded to a hundredth, as Lambda prints it.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*100) / 100
}
