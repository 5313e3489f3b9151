package lambda

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

// drainTimeout is how long output of a dead sandbox is waited for when a
// process that left its group still holds the pipe.
const drainTimeout = 200 * time.Millisecond

// output takes what a sandbox writes to stdout and stderr, line by line, into
// its log stream.
//
// Lambda's own lines (END, REPORT …) must come after the lines that the
// function wrote before. So they go through the same pipe: a marker is written
// into it that only we know, and the reader puts the waiting lines in its place.
type output struct {
	stream *logship.Stream
	filter func(line []byte) bool // nil keeps every line
	reader *os.File
	writer *os.File
	// markerLine is the marker with its line break.
	marker, markerLine []byte
	done               chan struct{} // closed when the pipe is drained

	mu      sync.Mutex
	closed  bool
	waiting [][]platformLine // by marker
	tail    *logTail         // of the request in progress, if it is asked for
}

// platformLine is a line of Lambda's own. An empty one is not logged.
type platformLine struct {
	text string
	// startsTail begins a tail before the line; tailTo gets it after the line.
	startsTail bool
	tailTo     chan<- []byte
}

func newOutput(stream *logship.Stream, logging logging) (*output, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	markerLine := []byte("\x00" + hex.EncodeToString(randomBytes(16)) + "\n")
	o := &output{
		stream:     stream,
		reader:     reader,
		writer:     writer,
		marker:     markerLine[:len(markerLine)-1],
		markerLine: markerLine,
		done:       make(chan struct{}),
	}
	if logging.json && logging.application > levelTrace {
		o.filter = logging.application.keeps
	}
	go o.read()
	return o, nil
}

// begin adds the line that starts a request. It has no marker: what the function
// wrote between two requests may come before or after it.
func (o *output) begin(start string, tail bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	line := platformLine{text: start, startsTail: tail}
	if last := len(o.waiting) - 1; last >= 0 {
		o.waiting[last] = append(o.waiting[last], line)
		return
	}
	o.put(line)
}

// end adds the lines that end a request, after everything the function has
// written until now, and returns the request's tail if begin started one.
func (o *output) end(lines []string, tail bool) []byte {
	var wait chan []byte
	if tail {
		wait = make(chan []byte, 1)
	}
	all := make([]platformLine, len(lines))
	for i, text := range lines {
		all[i].text = text
	}
	all[len(all)-1].tailTo = wait
	o.add(all)
	if wait == nil {
		return nil
	}
	return <-wait
}

// add adds lines after everything the function has written until now.
func (o *output) add(lines []platformLine) {
	o.mu.Lock()
	if o.closed {
		o.put(lines...)
		o.mu.Unlock()
		return
	}
	o.waiting = append(o.waiting, lines)
	o.mu.Unlock()
	// Not under the lock: the pipe may be full, and its reader takes the lock.
	// Short enough for PIPE_BUF, so it is never mixed with other writes. A
	// write error means that the pipe is gone; close empties the queue.
	_, _ = o.writer.Write(o.markerLine)
}

// put logs lines of Lambda's own. The caller holds the lock.
func (o *output) put(lines ...platformLine) {
	for _, line := range lines {
		if line.startsTail {
			o.tail = new(logTail)
		}
		if line.text != "" {
			o.append(line.text)
		}
		if line.tailTo != nil {
			line.tailTo <- o.tail.bytes()
			o.tail = nil
		}
	}
}

// append logs one event. The caller holds the lock.
func (o *output) append(event string) {
	o.stream.Append(event)
	if o.tail != nil {
		o.tail.add(event)
	}
}

// close drains the pipe. The sandbox's processes must be gone.
func (o *output) close() {
	_ = o.writer.Close()
	_ = o.reader.SetReadDeadline(time.Now().Add(drainTimeout))
	<-o.done
	_ = o.reader.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, lines := range o.waiting {
		o.put(lines...)
	}
	o.waiting = nil
}

func (o *output) read() {
	defer close(o.done)
	chunk := make([]byte, 32<<10)
	var held []byte
	for {
		n, err := o.reader.Read(chunk)
		held = append(held, chunk[:n]...)
		for {
			end := bytes.IndexByte(held, '\n')
			if end < 0 {
				break
			}
			o.line(held[:end])
			held = held[end+1:]
		}
		// A longer line becomes several events. A marker at its end stays whole.
		for len(held) > logship.MaxEventBytes+len(o.marker) {
			o.emit(held[:logship.MaxEventBytes])
			held = held[logship.MaxEventBytes:]
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
				o.stream.Lost(err.Error(), 1)
			}
			o.emit(held)
			return
		}
	}
}

func (o *output) line(line []byte) {
	text, marked := bytes.CutSuffix(line, o.marker)
	for len(text) > logship.MaxEventBytes {
		o.emit(text[:logship.MaxEventBytes])
		text = text[logship.MaxEventBytes:]
	}
	o.emit(text)
	if !marked {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) > 0 {
		o.put(o.waiting[0]...)
		o.waiting = o.waiting[1:]
	}
}

func (o *output) emit(line []byte) {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if len(line) == 0 || o.filter != nil && !o.filter(line) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.append(strings.ToValidUTF8(string(line), "\uFFFD"))
}

// logLevel is a level of Lambda's advanced logging controls, from most detail
// to least.
type logLevel int

const (
	levelTrace logLevel = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
	levelFatal
)

var logLevelNames = [...]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

func (l logLevel) String() string { return logLevelNames[l] }

// parseLogLevel takes any case; what is no level counts as INFO, as on AWS.
func parseLogLevel(s string) logLevel {
	for level, name := range logLevelNames {
		if strings.EqualFold(s, name) {
			return logLevel(level)
		}
	}
	return levelInfo
}

// keeps tells whether a line of the function passes its application log level.
// Lambda filters by the "level" key of JSON lines; a line without one counts as
// INFO (Lambda, "Log-level filtering").
func (l logLevel) keeps(line []byte) bool {
	var parsed struct {
		Level string `json:"level"`
	}
	if json.Unmarshal(line, &parsed) != nil {
		return l <= levelInfo
	}
	return parseLogLevel(parsed.Level) >= l
}
