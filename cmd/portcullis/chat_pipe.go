package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

const (
	// maxLine is the longest line that is read from a pipe, in bytes. The
	// server takes less, but says so.
	maxLine = 1 << 20
	// briefly is how long a rate limit without a time is waited for.
	briefly = 2 * time.Second
)

// pipe sends each line of in as a message, prints what the room says to out
// and what goes wrong to problems. Lines keep their order, so each waits for
// the one before it.
func (f *chatFlags) pipe(ctx context.Context, client *chatclient.Client, in io.Reader, out, problems io.Writer) error {
	caughtUp := make(chan struct{})
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		first := true
		for event := range client.Events() {
			switch event := event.(type) {
			case chatclient.Message:
				fmt.Fprintln(out, messageLines(event.Message, event.Own, time.Now()))
			case chatclient.CaughtUp:
				if first {
					first = false
					close(caughtUp)
				}
			case chatclient.Lost:
				fmt.Fprintln(problems, lostLine(event))
			case chatclient.Notice:
				fmt.Fprintln(problems, problem(event.Err))
			}
		}
	}()
	leave := func(err error) error {
		ended := client.Close()
		<-printed
		if ended != nil && !errors.Is(err, ended) {
			return errors.Join(err, ended)
		}
		return err
	}

	lines, readError := readLines(in)
	failed, count := 0, 0
reading:
	for {
		select {
		case line, more := <-lines:
			if !more {
				break reading
			}
			count++
			err := f.send(ctx, client, line)
			if err == nil {
				continue
			}
			if ctx.Err() != nil {
				return leave(fmt.Errorf("line %d was not acknowledged before you left", count))
			}
			if client.Err() != nil {
				return leave(fmt.Errorf("line %d was not sent: %w", count, err))
			}
			failed++
			fmt.Fprintf(problems, "-- line %d was not sent: %s\n", count, chatclient.OneLine(err.Error()))
		case <-ctx.Done():
			return leave(nil)
		case <-printed:
			return leave(nil)
		}
	}
	if f.history > 0 {
		select {
		case <-caughtUp:
		case <-ctx.Done():
		case <-printed:
		}
	}
	wait(ctx, printed, f.linger)
	err := leave(nil)
	if reading := <-readError; reading != nil {
		err = errors.Join(err, fmt.Errorf("standard input: %w", reading))
	}
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d lines were not sent", failed, count))
	}
	return err
}

// wait lets time pass unless the user leaves or the client ends.
func wait(ctx context.Context, ended <-chan struct{}, long time.Duration) {
	if long <= 0 {
		return
	}
	select {
	case <-time.After(long):
	case <-ctx.Done():
	case <-ended:
	}
}

// send sends a line, and again after a pause while a rate limit refuses it.
func (f *chatFlags) send(ctx context.Context, client *chatclient.Client, line string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("it was not acknowledged within %v", f.timeout))
	defer cancel()
	for {
		_, err := client.Send(ctx, line)
		var refused *chatclient.Refused
		if !errors.As(err, &refused) || refused.Code != protocol.CodeRateLimited {
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		pause := refused.RetryAfter
		if pause <= 0 {
			pause = briefly
		}
		if deadline, _ := ctx.Deadline(); time.Until(deadline) < pause {
			return err
		}
		wait(ctx, nil, pause)
	}
}

// readLines reads lines that are not empty. The error comes after the last.
func readLines(in io.Reader) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			if line := scanner.Text(); line != "" {
				lines <- line
			}
		}
		failed <- scanner.Err()
	}()
	return lines, failed
}
