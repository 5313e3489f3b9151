package lambda

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Problem is something that did not stop an invocation but that somebody has to
// know: log lines that could not be stored, code that cannot run here.
type Problem struct {
	Subject string // what it is about, e.g. a log group
	Message string // the latest
	Count   int
	Last    time.Time
}

type problems struct {
	logger *slog.Logger

	mu    sync.Mutex
	known map[string]Problem
}

func newProblems(logger *slog.Logger) *problems {
	return &problems{logger: logger, known: make(map[string]Problem)}
}

// add counts a problem and logs the first one of each subject.
func (p *problems) add(subject, message string, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.known[subject]
	if known.Message != message {
		p.logger.Warn("lambda_problem", "subject", subject, "message", message)
	}
	p.known[subject] = Problem{Subject: subject, Message: message, Count: known.Count + count, Last: time.Now()}
}

// clear drops what a new deployment has made history.
func (p *problems) clear(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, subject)
}

func (p *problems) list() []Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Problem, 0, len(p.known))
	for _, problem := range p.known {
		all = append(all, problem)
	}
	slices.SortFunc(all, func(a, b Problem) int { return strings.Compare(a.Subject, b.Subject) })
	return all
}
