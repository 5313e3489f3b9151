package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// admin is `portcullis admin` in the hands of a role that has nothing but the
// policy of operators.
type admin struct {
	binary, outputs string
	role            string
	iam             *iam.Client
	credentials     aws.Credentials
}

const operatorPolicy = "operator"

func (d *deployment) newAdmin(t *testing.T) *admin {
	t.Helper()
	a := &admin{binary: filepath.Join(t.TempDir(), "portcullis"), outputs: filepath.Join(t.TempDir(), "outputs.json"), role: d.name + "-operator", iam: iam.NewFromConfig(d.aws)}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", a.binary, root+"/cmd/portcullis").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// As terraform output -json writes them.
	data := fmt.Sprintf(`{"connections_table":{"sensitive":false,"type":"string","value":%q},"management_endpoint":{"sensitive":false,"type":"string","value":%q},"region":{"sensitive":false,"type":"string","value":%q}}`,
		d.ConnectionsTable, d.ManagementEndpoint, region)
	if err := os.WriteFile(a.outputs, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	caller, err := sts.NewFromConfig(d.aws).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, *caller.Account)
	made, err := a.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &a.role, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	a.allow(t, d.OperatorPolicy)
	eventually(t, "the operator's role can be assumed", func() bool {
		assumed, err := sts.NewFromConfig(d.aws).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: ptr("e2e")})
		if err == nil {
			a.credentials = aws.Credentials{AccessKeyID: *assumed.Credentials.AccessKeyId, SecretAccessKey: *assumed.Credentials.SecretAccessKey, SessionToken: *assumed.Credentials.SessionToken}
		}
		return err == nil
	})
	return a
}

// remove removes the role.
func (a *admin) remove(t *testing.T) {
	t.Helper()
	_, err := a.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &a.role, PolicyName: ptr(operatorPolicy)})
	if err == nil {
		_, err = a.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &a.role})
	}
	if err != nil {
		t.Error(err)
	}
}

// allow makes a document the role's one policy.
func (a *admin) allow(t *testing.T, document string) {
	t.Helper()
	if _, err := a.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &a.role, PolicyName: ptr(operatorPolicy), PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
}

// run runs the command as the role and returns what it prints.
func (a *admin) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), a.binary, append([]string{"admin", "--json", "--outputs", a.outputs}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(setting string) bool { return strings.HasPrefix(setting, "AWS_PROFILE=") })
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+a.credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+a.credentials.SecretAccessKey, "AWS_SESSION_TOKEN="+a.credentials.SessionToken)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("admin %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// must runs the command, which must succeed, and decodes what it prints.
func (a *admin) must(t *testing.T, result any, args ...string) {
	t.Helper()
	out, err := a.run(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal([]byte(out), result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// operating is what an operator does, with the documented policy and without
// each of its actions.
func (d *deployment) operating(t *testing.T, token string) {
	a := d.newAdmin(t)
	defer a.remove(t)
	sub := claim(t, token, "sub")
	type outcome struct {
		Closed      int
		BannedUntil time.Time
	}
	closes := func(t *testing.T, m *member) {
		t.Helper()
		select {
		case <-m.closed:
		case <-time.After(wait):
			t.Fatal("the connection stays open")
		}
	}

	t.Run("sees who is there", func(t *testing.T) {
		name := room(t)
		join(t, d, browser(name, token))
		type line struct {
			Room               string
			Users, Connections int
		}
		var rooms []line
		a.must(t, &rooms, "rooms")
		i := slices.IndexFunc(rooms, func(l line) bool { return l.Room == name })
		if i < 0 || rooms[i].Users != 1 || rooms[i].Connections != 1 {
			t.Fatalf("rooms %v", rooms)
		}
		var there []struct {
			ConnectionID, User string
			TokenEnds          time.Time
		}
		a.must(t, &there, "connections", "--room", name)
		if len(there) != 1 || there[0].User != sub || !there[0].TokenEnds.After(time.Now()) {
			t.Fatalf("connections %v", there)
		}
	})

	t.Run("disconnects at once", func(t *testing.T) {
		m := join(t, d, browser(room(t), token))
		var done outcome
		a.must(t, &done, "disconnect", sub)
		if done.Closed < 1 {
			t.Fatalf("got %+v", done)
		}
		closes(t, m)
		join(t, d, browser(room(t), token)).say(t, "back again")
	})

	t.Run("bans and unbans", func(t *testing.T) {
		m := join(t, d, browser(room(t), token))
		var done outcome
		a.must(t, &done, "ban", sub, "--for", "1h", "--why", "spam")
		if done.Closed < 1 || !done.BannedUntil.After(time.Now()) {
			t.Fatalf("got %+v", done)
		}
		closes(t, m)
		refused(t, d, browser(room(t), token), http.StatusForbidden)
		var user struct {
			BannedUntil time.Time
			Why         string
			Connections []any
		}
		a.must(t, &user, "connections", "--user", sub)
		if user.Why != "spam" || !user.BannedUntil.Equal(done.BannedUntil) || len(user.Connections) != 0 {
			t.Fatalf("got %+v", user)
		}
		a.must(t, nil, "unban", sub)
		join(t, d, browser(room(t), token)).say(t, "forgiven")
		if _, err := a.run(t, "unban", sub); err == nil {
			t.Fatal("lifted a ban that there is not")
		}
	})

	t.Run("reads no messages", func(t *testing.T) {
		cfg := d.aws.Copy()
		cfg.Credentials = credentials.StaticCredentialsProvider{Value: a.credentials}
		_, err := dynamodb.NewFromConfig(cfg).Query(t.Context(), &dynamodb.QueryInput{
			TableName: &d.MessagesTable, KeyConditionExpression: ptr("pk = :pk"),
			ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":pk": &dynamodbtypes.AttributeValueMemberS{Value: "lobby"}},
		})
		var denied smithy.APIError
		if !errors.As(err, &denied) || denied.ErrorCode() != "AccessDeniedException" {
			t.Fatalf("got %v", err)
		}
	})

	for name, without := range eachActionRemoved(t, d.OperatorPolicy) {
		t.Run("cannot do without "+name, func(t *testing.T) {
			a.allow(t, without)
			defer a.allow(t, d.OperatorPolicy)
			join(t, d, browser(room(t), token))
			eventually(t, "a command fails", func() bool {
				for _, args := range [][]string{{"rooms"}, {"connections", "--user", sub}, {"disconnect", sub}, {"ban", sub, "--for", "1s", "--why", "a trial"}} {
					if _, err := a.run(t, args...); err != nil {
						return strings.Contains(err.Error(), "AccessDenied") || strings.Contains(err.Error(), "Forbidden") || strings.Contains(err.Error(), "not authorized")
					}
				}
				return false
			})
		})
	}
}
