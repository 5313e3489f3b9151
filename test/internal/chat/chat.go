// Package chat deploys the chat for tests and makes users of it.
package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/portcullis-chat/portcullis/internal/signin"
	"github.com/portcullis-chat/portcullis/internal/terraform"
)

// Root is a Terraform root in a copy of its own: roots refer to modules by
// relative paths, and Terraform writes beside them.
type Root struct {
	dir  string
	vars []string
	env  []string
}

// Copy copies the root dir of the module at source, with all that roots refer
// to, below work. vars are its inputs.
func Copy(source, work, dir string, vars map[string]any) (*Root, error) {
	for _, part := range []string{"modules", dir} {
		if err := os.CopyFS(filepath.Join(work, part), os.DirFS(filepath.Join(source, part))); err != nil {
			return nil, err
		}
	}
	r := &Root{dir: filepath.Join(work, dir)}
	for _, leftover := range []string{".terraform", ".terraform.lock.hcl", "terraform.tfstate"} {
		if err := os.RemoveAll(filepath.Join(r.dir, leftover)); err != nil {
			return nil, err
		}
	}
	mirror, err := terraform.Environment(filepath.Join(work, "terraform.rc"))
	if err != nil {
		return nil, err
	}
	r.env = append(os.Environ(), mirror...)
	data, err := json.Marshal(vars)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(work, "inputs.tfvars.json")
	r.vars = []string{"-var-file=" + file}
	return r, os.WriteFile(file, data, 0o600)
}

// Init runs terraform init.
func (r *Root) Init(ctx context.Context) error {
	_, err := r.terraform(ctx, "init", "-input=false", "-no-color")
	return err
}

// Apply runs terraform apply and reads the outputs into out. It returns what
// Terraform said, one JSON object a line.
func (r *Root) Apply(ctx context.Context, out any) (log []byte, err error) {
	log, err = r.terraform(ctx, append([]string{"apply", "-auto-approve", "-input=false", "-json"}, r.vars...)...)
	if err != nil {
		return log, err
	}
	data, err := r.terraform(ctx, "output", "-json")
	if err != nil {
		return log, err
	}
	var outputs map[string]struct{ Value json.RawMessage }
	if err := json.Unmarshal(data, &outputs); err != nil {
		return log, fmt.Errorf("terraform output: %w", err)
	}
	values := make(map[string]json.RawMessage, len(outputs))
	for name, output := range outputs {
		values[name] = output.Value
	}
	if data, err = json.Marshal(values); err != nil {
		return log, err
	}
	return log, json.Unmarshal(data, out)
}

// terraform runs a Terraform command. The error has what it said.
func (r *Root) terraform(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, terraform.Binary(), append([]string{"-chdir=" + r.dir}, args...)...)
	cmd.Env = r.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("terraform %s: %w\n%s%s", args[0], err, out, stderr.String())
	}
	return out, nil
}

// User is somebody with an account in a user pool.
type User struct {
	Name, Password string
	// Access is the access token.
	Access string
}

// NewUser makes a user whose name begins with name and signs them in as a
// client does, by SRP.
func NewUser(ctx context.Context, config aws.Config, poolID, clientID, name string) (User, error) {
	u := User{Name: name + "-" + randomHex(2), Password: "Aa1!" + randomHex(16)}
	pool := cognito.NewFromConfig(config)
	if _, err := pool.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: &poolID, Username: &u.Name, MessageAction: types.MessageActionTypeSuppress,
	}); err != nil {
		return User{}, err
	}
	if _, err := pool.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
		UserPoolId: &poolID, Username: &u.Name, Password: &u.Password, Permanent: true,
	}); err != nil {
		return User{}, err
	}
	var err error
	u.Access, err = u.SignIn(ctx, poolID, clientID)
	return u, err
}

// SignIn returns an access token of an app client.
func (u User) SignIn(ctx context.Context, poolID, clientID string) (string, error) {
	session, err := signin.In(ctx, signin.Options{UserPoolID: poolID, ClientID: clientID}, u.Name, u.Password)
	if err != nil {
		return "", err
	}
	return session.Token(ctx, "")
}

// randomHex returns n random bytes as hex digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
