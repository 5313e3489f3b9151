// Package chat makes users of a deployed chat for tests.
package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/portcullis-chat/portcullis/internal/signin"
)

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
		UserPoolId: &poolID, Username: &u.Name, TemporaryPassword: &u.Password, MessageAction: types.MessageActionTypeSuppress,
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
