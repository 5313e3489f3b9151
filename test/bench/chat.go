//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/gobwas/ws/wsutil"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
)

// speakers is how many members speak at once under load. Each waits for the
// acknowledgement of what it said before it says more.
const speakers = 4

// drained bounds the wait for messages that are still on their way.
const drained = 30 * time.Second

// room is a measurement of a room.
type room struct {
	Members int
	Lone    times   // from saying to each other member's hearing it, nobody else speaking
	Said    float64 // messages a second under load
	Heard   float64 // deliveries a second under load
	Under   times   // as Lone, under load
	CPU     cpu     // under load
	Profile string  // of the stack under load
	// With the function's way to DynamoDB through the door:
	Query      time.Duration // mean of the emulator's queries of the members
	LoneCached times         // as Lone, with these answered from memory
	SaidCached float64       // as Said, likewise
}

// deployed are the outputs of the fixture.
type deployed struct {
	URL           string            `json:"url"`
	FunctionNames map[string]string `json:"function_names"`
}

// measureChat deploys the chat and lets rooms of several sizes talk.
func (b *bench) measureChat(ctx context.Context, r *report) error {
	own, err := issuer.New()
	if err != nil {
		return err
	}
	defer own.Close()
	host, err := packaging.Host()
	if err != nil {
		return err
	}
	root, err := tfroot.Copy(".", filepath.Join(b.work, "chat"), "test/bench/fixture", map[string]any{
		"name": "portcullis-load", "region": region, "package_dir": b.packages, "architecture": string(host),
		"issuer": own.URL, "jwks_uri": own.KeysURL, "audiences": []string{issuer.Audience},
	})
	if err != nil {
		return err
	}
	if err := root.Init(ctx); err != nil {
		return err
	}
	var d deployed
	if _, err := root.Apply(ctx, &d); err != nil {
		return err
	}
	url, _, err := b.ministack()
	if err != nil {
		return err
	}
	through, err := newDoor(url)
	if err != nil {
		return err
	}
	defer through.Close()
	var rooms []*crowd
	defer func() {
		for _, c := range rooms {
			c.leave()
		}
	}()
	for _, members := range b.effort.Rooms {
		c, err := gather(ctx, own, d.URL, members)
		if err != nil {
			return fmt.Errorf("a room of %d: %w", members, err)
		}
		rooms = append(rooms, c)
		result, err := b.converse(ctx, c)
		if err != nil {
			return fmt.Errorf("a room of %d: %w", members, err)
		}
		r.Rooms = append(r.Rooms, result)
	}
	if err := b.redirect(ctx, d.FunctionNames["message"], through.URL); err != nil {
		return fmt.Errorf("the door before DynamoDB: %w", err)
	}
	for i, c := range rooms {
		if err := b.compare(ctx, c, through, &r.Rooms[i]); err != nil {
			return fmt.Errorf("a room of %d without the cost of queries: %w", r.Rooms[i].Members, err)
		}
	}
	return nil
}

// converse measures a room as it is deployed.
func (b *bench) converse(ctx context.Context, c *crowd) (result room, err error) {
	result.Members = len(c.members)
	if result.Lone, err = c.alone(ctx, b.effort.Lone); err != nil {
		return result, err
	}
	before, err := b.usage()
	if err != nil {
		return result, err
	}
	profile := make(chan profileResult, 1)
	go func() { profile <- b.profile(ctx) }()
	if result.Said, result.Heard, result.Under, err = c.together(ctx, b.effort.Load); err != nil {
		return result, err
	}
	after, err := b.usage()
	if err != nil {
		return result, err
	}
	result.CPU = after.since(before)
	made := <-profile
	result.Profile = made.text
	return result, made.err
}

// compare measures a room with and without the emulator's cost of a query.
func (b *bench) compare(ctx context.Context, c *crowd, through *door, result *room) (err error) {
	through.remember(false)
	if _, err := c.alone(ctx, b.effort.Lone/2); err != nil {
		return err
	}
	queries := through.queries()
	if len(queries) == 0 {
		return errors.New("no query went through the door")
	}
	result.Query = queries.mean()
	through.remember(true)
	if result.LoneCached, err = c.alone(ctx, b.effort.Lone); err != nil {
		return err
	}
	result.SaidCached, _, _, err = c.together(ctx, b.effort.Load)
	return err
}

// redirect lets a function reach DynamoDB through another address.
func (b *bench) redirect(ctx context.Context, name, address string) error {
	api := lambda.NewFromConfig(b.aws)
	now, err := api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	variables := now.Environment.Variables
	variables["AWS_ENDPOINT_URL_DYNAMODB"] = address
	if _, err := api.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Environment: &types.Environment{Variables: variables},
	}); err != nil {
		return err
	}
	version, err := api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil {
		return err
	}
	_, err = api.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: version.Version})
	return err
}

// crowd are the members of a room.
type crowd struct {
	members []*member
	said    atomic.Int64 // numbers what is said
}

// member is a connection whose frames are read as they come.
type member struct {
	socket
	acks  chan error
	ended chan struct{}

	mu    sync.Mutex
	heard times
}

// gather lets members connect, each a user of their own.
func gather(ctx context.Context, own *issuer.Issuer, url string, n int) (*crowd, error) {
	name := "room-" + strconv.Itoa(n)
	open, _, err := openAll(ctx, nil, n, func(ctx context.Context, i int) (socket, error) {
		token, err := own.Token(fmt.Sprintf("user-%d-%d", n, i), time.Hour, nil)
		if err != nil {
			return socket{}, err
		}
		return dial(ctx, url+"?"+protocol.RoomParameter+"="+name, token)
	})
	if err != nil {
		closeAll(open)
		return nil, err
	}
	c := &crowd{}
	for _, s := range open {
		m := &member{socket: s, acks: make(chan error, 1), ended: make(chan struct{})}
		c.members = append(c.members, m)
		go m.read()
	}
	return c, nil
}

func (c *crowd) leave() {
	for _, m := range c.members {
		_ = m.Close()
		<-m.ended
	}
}

// read takes the frames of a member. What is said is the time at which it was.
func (m *member) read() {
	defer close(m.ended)
	for {
		data, err := wsutil.ReadServerText(m)
		if err != nil {
			return
		}
		now := time.Now()
		var frame struct {
			Type, HTML, Code, Message string
			Messages                  []struct{ HTML string }
		}
		if err := json.Unmarshal(data, &frame); err != nil {
			m.acks <- err
			continue
		}
		switch frame.Type {
		case protocol.TypeAck:
			m.acks <- nil
		case protocol.TypeError:
			m.acks <- fmt.Errorf("%s: %s", frame.Code, frame.Message)
		case protocol.TypeMessage:
			m.hear(now, frame.HTML)
		default:
			m.acks <- fmt.Errorf("an unexpected frame: %s", data)
		}
	}
}

func (m *member) hear(now time.Time, html string) {
	said, err := strconv.ParseInt(html, 10, 64)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.heard = append(m.heard, now.Sub(time.Unix(0, said)))
	}
}

// say sends the time and waits until it is acknowledged.
func (c *crowd) say(ctx context.Context, m *member) error {
	frame := fmt.Sprintf(`{"action":"sendMessage","clientId":"m-%d","text":"%d"}`, c.said.Add(1), time.Now().UnixNano())
	if err := wsutil.WriteClientText(m, []byte(frame)); err != nil {
		return err
	}
	select {
	case err := <-m.acks:
		return err
	case <-m.ended:
		return errors.New("the connection has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heard returns what all have heard, once each of them has heard n messages in
// all or nothing more comes, and begins to count anew.
func (c *crowd) heard(ctx context.Context, n int) (all times, err error) {
	deadline := time.Now().Add(drained)
	for {
		count := 0
		for _, m := range c.members {
			m.mu.Lock()
			count += len(m.heard)
			m.mu.Unlock()
		}
		if count >= n {
			break
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return nil, fmt.Errorf("%d of %d messages were heard", count, n)
		}
		time.Sleep(time.Millisecond)
	}
	for _, m := range c.members {
		m.mu.Lock()
		all = append(all, m.heard...)
		m.heard = nil
		m.mu.Unlock()
	}
	return all, nil
}

// alone lets one member speak, each time after all others have heard it.
func (c *crowd) alone(ctx context.Context, messages int) (all times, err error) {
	for i := range messages + 2 {
		if err := c.say(ctx, c.members[0]); err != nil {
			return nil, err
		}
		heard, err := c.heard(ctx, len(c.members)-1)
		if err != nil {
			return nil, err
		}
		if i >= 2 { // after the functions have started
			all = append(all, heard...)
		}
	}
	return all, nil
}

// together lets several speak for a while, and returns how many messages a
// second were acknowledged and delivered.
func (c *crowd) together(ctx context.Context, load time.Duration) (said, delivered float64, heard times, err error) {
	over := time.Now().Add(load)
	var count atomic.Int64
	var all sync.WaitGroup
	errs := make(chan error, speakers)
	start := time.Now()
	for _, m := range c.members[:speakers] {
		all.Go(func() {
			for time.Now().Before(over) {
				if err := c.say(ctx, m); err != nil {
					errs <- err
					return
				}
				count.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(start).Seconds()
	select {
	case err := <-errs:
		return 0, 0, nil, err
	default:
	}
	messages := int(count.Load())
	heard, err = c.heard(ctx, messages*(len(c.members)-1))
	return float64(messages) / took, float64(len(heard)) / time.Since(start).Seconds(), heard, err
}

type profileResult struct {
	text string
	err  error
}

// profile is the stack's CPU profile under load: where the time goes, summed up
// with what is called.
func (b *bench) profile(ctx context.Context) profileResult {
	seconds := max(1, int(b.effort.Load.Seconds())-1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/_portcullis/profile?seconds=%d", endpoint(), seconds), nil)
	if err != nil {
		return profileResult{err: err}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return profileResult{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return profileResult{err: err}
	}
	file := filepath.Join(b.work, "profile")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return profileResult{err: err}
	}
	top := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=400", filepath.Join(b.work, "portcullis"), file)
	top.Stderr = io.Discard
	out, err := top.Output()
	if err != nil {
		return profileResult{err: fmt.Errorf("go tool pprof: %w", err)}
	}
	return profileResult{text: ours(string(out))}
}

// ours picks the lines of a profile that tell what the stack does: its own
// functions, and those of Go in which the work is. Functions that only call
// another of them are left out.
func ours(profile string) string {
	var kept bytes.Buffer
	count := 0
	before := ""
	for line := range strings.Lines(profile) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasSuffix(fields[4], "%") {
			continue
		}
		name := strings.Join(fields[5:], " ")
		own := strings.Contains(name, "portcullis-chat") && !strings.Contains(name, ".func") && !strings.Contains(name, "(inline)")
		if !own && !slices.Contains(plain, name) || own && fields[4] == before {
			continue
		}
		before = fields[4]
		fmt.Fprintf(&kept, "%7s %7s  %s\n", fields[4], fields[1], strings.TrimPrefix(name, "github.com/portcullis-chat/portcullis/internal/"))
		if count++; count == 14 {
			break
		}
	}
	return kept.String()
}

// plain are functions of Go that say what their callers cost.
var plain = []string{
	"net/http.(*conn).serve", "net/http.(*Transport).RoundTrip", "net/http/httputil.(*ReverseProxy).ServeHTTP",
	"internal/runtime/syscall/linux.Syscall6", "runtime.gcBgMarkWorker", "runtime.mallocgc",
}
