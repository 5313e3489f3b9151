//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/internal/signin"
)

// roomName is where the two talk.
const roomName = "lobby"

// answerTimeout bounds the wait for a message that must come.
const answerTimeout = 20 * time.Second

// outputs are those of the example that clients need, and the URL of the API
// itself, which none needs.
type outputs struct {
	site, url, api, userPoolID, clientID, region string
}

// person is a user of the pool.
type person struct {
	name, password string
	session        *signin.Session
	client         *chatclient.Client
}

// created finds in Terraform's output how much there is now.
var created = regexp.MustCompile(`Resources: (\d+) added`)

func (d *demo) apply(ctx context.Context) (string, error) {
	inputs := filepath.Join(d.folder.Path(), "terraform", "demo.tfvars.json")
	given, err := json.Marshal(map[string]any{
		"package_dir":    d.packages,
		"edge":           map[string]any{"site_url": d.stack.Description().Edge, "wait_for_deployment": false},
		"origin_secrets": []string{random()},
		"sign_in":        map[string]any{"prefix": "portcullis-demo"},
	})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(inputs, given, 0o600); err != nil {
		return "", err
	}
	out, err := d.terraform(ctx, "apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=30", "-var-file="+inputs)
	if err != nil {
		return "", err
	}
	resources := created.FindSubmatch(out)
	if resources == nil {
		return "", errors.New("terraform apply does not say what it created")
	}
	out, err = d.terraform(ctx, "output", "-json")
	if err != nil {
		return "", err
	}
	var values map[string]struct{ Value any }
	if err := json.Unmarshal(out, &values); err != nil {
		return "", fmt.Errorf("terraform output: %w", err)
	}
	text := func(name string) string { s, _ := values[name].Value.(string); return s }
	d.chat = outputs{
		site: text("site_url"), url: text("url"), api: strings.Replace(text("management_endpoint"), "http", "ws", 1),
		userPoolID: text("user_pool_id"), clientID: text("user_pool_client_id"), region: text("region"),
	}
	return fmt.Sprintf("terraform apply: %s resources in %s", resources[1], d.chat.region), nil
}

func (d *demo) makeUsers(ctx context.Context) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.chat.region))
	if err != nil {
		return "", err
	}
	pool := cognito.NewFromConfig(cfg)
	everyRoom := "room:*"
	if _, err := pool.CreateGroup(ctx, &cognito.CreateGroupInput{UserPoolId: &d.chat.userPoolID, GroupName: &everyRoom}); err != nil {
		return "", err
	}
	for _, name := range []string{"alice", "bob"} {
		p := &person{name: name, password: "Gate-" + random()}
		if _, err := pool.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
			UserPoolId: &d.chat.userPoolID, Username: &p.name, TemporaryPassword: &p.password, MessageAction: types.MessageActionTypeSuppress,
		}); err != nil {
			return "", err
		}
		if _, err := pool.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
			UserPoolId: &d.chat.userPoolID, Username: &p.name, Password: &p.password, Permanent: true,
		}); err != nil {
			return "", err
		}
		if _, err := pool.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{
			UserPoolId: &d.chat.userPoolID, Username: &p.name, GroupName: &everyRoom,
		}); err != nil {
			return "", err
		}
		p.session, err = signin.In(ctx, signin.Options{UserPoolID: d.chat.userPoolID, ClientID: d.chat.clientID}, p.name, p.password)
		if err != nil {
			return "", err
		}
		d.people = append(d.people, p)
	}
	return "alice and bob are users of the pool, signed in by SRP", nil
}

// connect opens a person's connection; backlog is how much of the history they
// want to read.
func (d *demo) connect(ctx context.Context, p *person, backlog int) error {
	client, err := chatclient.Dial(ctx, chatclient.Options{URL: d.chat.url, Room: roomName, Tokens: p.session, Origin: d.chat.site, Backlog: backlog})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.client = client
	return nil
}

// look asks the edge for the web client, and the API for a connection past the
// edge, which it must refuse.
func (d *demo) look(ctx context.Context) error {
	for _, file := range []string{"", "config.json"} {
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, d.chat.site+"/"+file, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(ask)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", ask.URL, answer.Status)
		}
	}
	note("the edge has the web client at " + d.chat.site)
	alice := d.people[0]
	past, err := chatclient.Dial(ctx, chatclient.Options{URL: d.chat.api, Room: roomName, Tokens: alice.session, Origin: d.chat.site})
	var refused *chatclient.HandshakeError
	switch {
	case err == nil:
		return errors.Join(errors.New("alice came past the edge"), past.Close())
	case !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized:
		return fmt.Errorf("past the edge: %w", err)
	}
	note("past the edge nobody gets in: 401, with alice's own token")
	return nil
}

// talk lets the two exchange messages and prints what each of them read. It
// fails when anything does not arrive.
func (d *demo) talk(ctx context.Context) error {
	alice, bob := d.people[0], d.people[1]
	if err := d.look(ctx); err != nil {
		return err
	}
	fmt.Printf("\n  #%s\n", roomName)
	if err := d.connect(ctx, alice, 0); err != nil {
		return err
	}
	defer func() { _ = alice.client.Close() }()
	note("alice connects")
	early := []string{"Is anybody at the gate?", `I bring <b>bold</b> words & <script>alert("none")</script>.`}
	for _, text := range early {
		if err := alice.say(ctx, text); err != nil {
			return err
		}
	}

	if err := d.connect(ctx, bob, protocol.MaxHistoryLimit); err != nil {
		return err
	}
	defer func() { _ = bob.client.Close() }()
	note("bob connects late and reads the history:")
	for _, text := range early {
		m, err := bob.read(ctx)
		if err != nil {
			return err
		}
		if !m.Past || chatclient.Text(m.HTML) != text {
			return fmt.Errorf("bob read %q, want %q from the history", m.HTML, text)
		}
		line("  bob reads", m.User.Name, m.HTML)
	}

	start := time.Now()
	for i, text := range []string{"The gate is open for you.", "Then the portcullis may fall behind me.", "It falls for everybody else."} {
		from, to := bob, alice
		if i%2 == 1 {
			from, to = alice, bob
		}
		sent := time.Now()
		if err := from.say(ctx, text); err != nil {
			return err
		}
		m, err := to.read(ctx)
		if err != nil {
			return err
		}
		if chatclient.Text(m.HTML) != text {
			return fmt.Errorf("%s read %q, want %q", to.name, m.HTML, text)
		}
		line(fmt.Sprintf("  %s reads after %d ms", to.name, time.Since(sent).Milliseconds()), m.User.Name, m.HTML)
	}
	note(fmt.Sprintf("three messages stored, acknowledged and read in %d ms", time.Since(start).Milliseconds()))
	return nil
}

// say sends a text and waits until the server has it.
func (p *person) say(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if _, err := p.client.Send(ctx, text); err != nil {
		return fmt.Errorf("%s says %q: %w", p.name, text, err)
	}
	line(p.name+" says", "", text)
	return nil
}

// read waits for the next message of somebody else.
func (p *person) read(ctx context.Context) (chatclient.Message, error) {
	timeout := time.After(answerTimeout)
	for {
		select {
		case event, open := <-p.client.Events():
			if !open {
				return chatclient.Message{}, fmt.Errorf("%s: %w", p.name, p.client.Err())
			}
			if m, ok := event.(chatclient.Message); ok && !m.Own {
				return m, nil
			}
		case <-timeout:
			return chatclient.Message{}, fmt.Errorf("%s: no message within %v", p.name, answerTimeout)
		case <-ctx.Done():
			return chatclient.Message{}, ctx.Err()
		}
	}
}

func note(what string) { fmt.Printf("  %s  %s\n", time.Now().Format(time.TimeOnly), what) }

// line prints who said or read what; what was read came as HTML.
func line(who, from, text string) {
	if from != "" {
		text = from + ": " + chatclient.Text(text)
	}
	fmt.Printf("  %s  %-26s %s\n", time.Now().Format(time.TimeOnly), who, text)
}

// random is what nobody guesses.
func random() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:]) // never fails (crypto/rand)
	return hex.EncodeToString(bytes[:])
}

// invite says how to join by hand, which takes a demo that stays up.
func (d *demo) invite(stays bool) {
	if stays {
		fmt.Println("\nIt stays up until Ctrl-C. Join in two windows of a browser, the second of them a private one:")
	} else {
		fmt.Println("\nIt ends now, as this is no terminal. On one it stays up, and one joins in two windows of a browser:")
	}
	fmt.Printf("\n  %s/#%s\n\n", d.chat.site, roomName)
	for _, p := range d.people {
		fmt.Printf("  %-6s %s\n", p.name, p.password)
	}
	alice := d.people[0]
	fmt.Printf("\nor in another terminal:\n\n  eval \"$(bin/portcullis local env --dir %s)\"\n", folderPath)
	fmt.Printf("  PORTCULLIS_PASSWORD=%s \\\n    bin/portcullis chat --url %s --room %s --origin %s \\\n    --user %s --user-pool-id %s --client-id %s\n",
		alice.password, d.chat.url, roomName, d.chat.site, alice.name, d.chat.userPoolID, d.chat.clientID)
}
