//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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

// outputs are those of examples/minimal that a client needs.
type outputs struct {
	url, userPoolID, clientID, region string
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
	out, err := d.terraform(ctx, "apply", "-auto-approve", "-input=false", "-no-color", "-var", "package_dir="+d.packages)
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
	d.chat = outputs{url: text("url"), userPoolID: text("user_pool_id"), clientID: text("user_pool_client_id"), region: text("region")}
	return fmt.Sprintf("terraform apply: %s resources in %s", resources[1], d.chat.region), nil
}

func (d *demo) makeUsers(ctx context.Context) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.chat.region))
	if err != nil {
		return "", err
	}
	pool := cognito.NewFromConfig(cfg)
	for _, name := range []string{"alice", "bob"} {
		var random [12]byte
		_, _ = rand.Read(random[:]) // never fails (crypto/rand)
		p := &person{name: name, password: "Gate-" + hex.EncodeToString(random[:])}
		if _, err := pool.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
			UserPoolId: &d.chat.userPoolID, Username: &p.name, MessageAction: types.MessageActionTypeSuppress,
		}); err != nil {
			return "", err
		}
		if _, err := pool.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
			UserPoolId: &d.chat.userPoolID, Username: &p.name, Password: &p.password, Permanent: true,
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
	client, err := chatclient.Dial(ctx, chatclient.Options{URL: d.chat.url, Room: roomName, Tokens: p.session, Backlog: backlog})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.client = client
	return nil
}

// talk lets the two exchange messages and prints what each of them read. It
// fails when anything does not arrive.
func (d *demo) talk(ctx context.Context) error {
	alice, bob := d.people[0], d.people[1]
	fmt.Printf("  #%s\n", roomName)
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

// invite says how to join by hand, which takes a demo that stays up.
func (d *demo) invite(stays bool) {
	if stays {
		fmt.Println("\nIt stays up until Ctrl-C. To join by hand, in another terminal:")
	} else {
		fmt.Println("\nIt ends now, as this is no terminal. On one it stays up, and one joins by hand with:")
	}
	fmt.Printf("\n  eval \"$(bin/portcullis local env --dir %s)\"\n", folderPath)
	for _, p := range d.people {
		fmt.Printf("\n  PORTCULLIS_PASSWORD=%s \\\n    bin/portcullis chat --url %s --room %s \\\n    --user %s --user-pool-id %s --client-id %s\n",
			p.password, d.chat.url, roomName, p.name, d.chat.userPoolID, d.chat.clientID)
	}
}
