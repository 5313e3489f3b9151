// Package signin gets a user's tokens from an Amazon Cognito user pool with a
// name and a password. It uses the Secure Remote Password protocol, so that the
// password itself stays on this machine; the app client needs nothing but
// ALLOW_USER_SRP_AUTH, refresh tokens that rotate or ALLOW_REFRESH_TOKEN_AUTH, and
// no secret.
package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
)

const (
	// callTimeout bounds one call of Cognito with its retries.
	callTimeout = 30 * time.Second
	// maxChallenges is more than the longest chain Cognito makes: the
	// password, a new password, the choice of a second factor, its code.
	maxChallenges = 10
	// maxWrongCodes is how often a wrong code may be corrected.
	maxWrongCodes = 2
)

// Options name the user pool.
type Options struct {
	UserPoolID string // <region>_<id>; the region is taken from it
	ClientID   string
	Prompts    Prompts
}

// Prompts ask the user for what a sign-in turns out to need. One that is nil
// makes such a sign-in fail with words that say so.
type Prompts struct {
	// NewPassword asks for the password that replaces a temporary one. Unlike
	// the old one it is sent to Cognito, under TLS: the protocol has no other
	// way.
	NewPassword func(ctx context.Context) (string, error)
	// Code asks for the code of a second factor; question says which.
	Code func(ctx context.Context, question string) (string, error)
}

// Error says in words why a sign-in failed. It wraps what Cognito answered.
type Error struct {
	words string
	cause error
}

// Error never contains a password, a token or a code.
func (e *Error) Error() string { return e.words }

func (e *Error) Unwrap() error { return e.cause }

// Permanent tells whether trying again without the user is useless. It is not
// when Cognito could not be reached, or was asked too often.
func (e *Error) Permanent() bool {
	var answer interface{ ErrorCode() string }
	if !errors.As(e.cause, &answer) {
		return false
	}
	switch answer.ErrorCode() {
	case "TooManyRequestsException", "LimitExceededException", "InternalErrorException":
		return false
	}
	return true
}

// Session is a signed-in user. It may be used by several goroutines.
type Session struct {
	client   *cognito.Client
	clientID string

	mu              sync.Mutex
	access, refresh string
}

var poolPattern = regexp.MustCompile(`\A([a-z0-9-]{1,32})_([0-9A-Za-z]{1,64})\z`)

// In signs a user in.
func In(ctx context.Context, options Options, user, password string) (*Session, error) {
	parts := poolPattern.FindStringSubmatch(options.UserPoolID)
	if parts == nil {
		return nil, fmt.Errorf("user pool id %q is not of the form <region>_<id>, such as eu-west-1_AbCdEfGhI", options.UserPoolID)
	}
	client, err := newClient(ctx, parts[1])
	if err != nil {
		return nil, err
	}
	exchange, err := newExchange()
	if err != nil {
		return nil, err
	}

	attempt := attempt{
		client: client, options: options, exchange: exchange,
		pool: parts[2], user: user, password: password,
	}
	result, err := attempt.run(ctx)
	if err != nil {
		return nil, err
	}
	session := &Session{client: client, clientID: options.ClientID}
	if err := session.keep(result); err != nil {
		return nil, err
	}
	return session, nil
}

// newClient makes a client that signs nothing: the calls of a sign-in carry
// their own proof.
func newClient(ctx context.Context, region string) (*cognito.Client, error) {
	settings, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(region),
		config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	if err != nil {
		return nil, fmt.Errorf("AWS settings of this machine: %w", err)
	}
	client := cognito.NewFromConfig(settings)
	endpoint := aws.ToString(client.Options().BaseEndpoint)
	if endpoint == "" {
		return client, nil
	}
	// The answer holds the tokens, so a detour in clear text must not leave
	// this machine.
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
	}
	if parsed.Scheme != "https" && !isLoopback(parsed.Hostname()) {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL %s is not https: only an address of this machine may be spoken to in clear text", endpoint)
	}
	return client, nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// Token returns the access token. Given the one that is to be replaced, it
// gets another with the refresh token first.
func (s *Session) Token(ctx context.Context, stale string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access != stale {
		return s.access, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	// InitiateAuth does not renew where refresh tokens rotate.
	// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
	answer, err := s.client.GetTokensFromRefreshToken(ctx, &cognito.GetTokensFromRefreshTokenInput{
		ClientId:     &s.clientID,
		RefreshToken: &s.refresh,
	})
	if err != nil {
		var refusal smithy.APIError
		if errors.As(err, &refusal) && slices.Contains([]string{"NotAuthorizedException", "RefreshTokenReuseException"}, refusal.ErrorCode()) {
			return "", &Error{"the sign-in has ended (" + refusal.ErrorMessage() + "): sign in again", err}
		}
		return "", inWords(err)
	}
	if err := s.keep(answer.AuthenticationResult); err != nil {
		return "", err
	}
	return s.access, nil
}

func (s *Session) keep(result *types.AuthenticationResultType) error {
	if result == nil || aws.ToString(result.AccessToken) == "" {
		return errors.New("cognito answered without an access token")
	}
	s.access = *result.AccessToken
	// The answer to a refresh has a new refresh token only where they rotate.
	s.refresh = cmp.Or(aws.ToString(result.RefreshToken), s.refresh)
	return nil
}

// attempt is one run through Cognito's challenges.
type attempt struct {
	client               *cognito.Client
	options              Options
	exchange             *srpExchange
	pool, user, password string
	wrongCodes           int
}

// step is what Cognito wants next, or the tokens.
type step struct {
	name       types.ChallengeNameType
	parameters map[string]string
	session    *string
	result     *types.AuthenticationResultType
}

func (a *attempt) run(ctx context.Context) (*types.AuthenticationResultType, error) {
	next, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	for range maxChallenges {
		if next.result != nil {
			return next.result, nil
		}
		responses, err := a.answer(ctx, next)
		if err != nil {
			return nil, err
		}
		// Where users sign in with an alias, Cognito tells the name it wants.
		responses["USERNAME"] = cmp.Or(next.parameters["USERNAME"], next.parameters["USER_ID_FOR_SRP"], a.user)
		after, err := a.respond(ctx, next, responses)
		var wrong *types.CodeMismatchException
		if errors.As(err, &wrong) && a.wrongCodes < maxWrongCodes {
			a.wrongCodes++
			continue
		}
		if err != nil {
			return nil, inWords(err)
		}
		next = after
	}
	return nil, errors.New("cognito wants more steps than a sign-in has")
}

func (a *attempt) begin(ctx context.Context) (step, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := a.client.InitiateAuth(ctx, &cognito.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth,
		ClientId: &a.options.ClientID,
		AuthParameters: map[string]string{
			"USERNAME": a.user,
			"SRP_A":    a.exchange.public.Text(16),
		},
	})
	if err != nil {
		return step{}, inWords(err)
	}
	return step{answer.ChallengeName, answer.ChallengeParameters, answer.Session, answer.AuthenticationResult}, nil
}

func (a *attempt) respond(ctx context.Context, to step, responses map[string]string) (step, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := a.client.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{
		ChallengeName:      to.name,
		ClientId:           &a.options.ClientID,
		Session:            to.session,
		ChallengeResponses: responses,
	})
	if err != nil {
		return step{}, err
	}
	return step{answer.ChallengeName, answer.ChallengeParameters, answer.Session, answer.AuthenticationResult}, nil
}

func (a *attempt) answer(ctx context.Context, to step) (map[string]string, error) {
	switch to.name {
	case types.ChallengeNameTypePasswordVerifier:
		proof, err := a.exchange.prove(a.pool, a.password, to.parameters, time.Now())
		if err != nil {
			return nil, fmt.Errorf("cognito's challenge: %w", err)
		}
		return map[string]string{
			"TIMESTAMP":                   proof.timestamp,
			"PASSWORD_CLAIM_SECRET_BLOCK": to.parameters["SECRET_BLOCK"],
			"PASSWORD_CLAIM_SIGNATURE":    proof.signature,
		}, nil
	case types.ChallengeNameTypeNewPasswordRequired:
		return a.newPassword(ctx, to)
	case types.ChallengeNameTypeSelectMfaType:
		if !strings.Contains(to.parameters["MFAS_CAN_CHOOSE"], "SOFTWARE_TOKEN_MFA") {
			return nil, errors.New("this account must choose a second factor, and none of its choices is an authenticator app: choose a preferred one in the account's settings")
		}
		return map[string]string{"ANSWER": "SOFTWARE_TOKEN_MFA"}, nil
	case types.ChallengeNameTypeSoftwareTokenMfa:
		return a.code(ctx, "SOFTWARE_TOKEN_MFA_CODE", "code of the authenticator app")
	case types.ChallengeNameTypeSmsMfa:
		return a.code(ctx, "SMS_MFA_CODE", "code sent by SMS"+destination(to))
	case types.ChallengeNameTypeEmailOtp:
		return a.code(ctx, "EMAIL_OTP_CODE", "code sent by e-mail"+destination(to))
	case types.ChallengeNameTypeMfaSetup:
		return nil, errors.New("this account has no second factor yet, and the user pool demands one: set it up in the browser first")
	}
	return nil, fmt.Errorf("cognito wants %s, which cannot be answered in a terminal: sign in with the browser and use --token-file", string(to.name))
}

func destination(to step) string {
	if to.parameters["CODE_DELIVERY_DESTINATION"] == "" {
		return ""
	}
	return " to " + to.parameters["CODE_DELIVERY_DESTINATION"]
}

func (a *attempt) newPassword(ctx context.Context, to step) (map[string]string, error) {
	var required []string
	if text := to.parameters["requiredAttributes"]; text != "" {
		if err := json.Unmarshal([]byte(text), &required); err != nil {
			return nil, fmt.Errorf("cognito's list of required attributes: %w", err)
		}
	}
	if len(required) > 0 {
		return nil, fmt.Errorf("this account must fill in %s at its first sign-in: do that in the browser", strings.Join(required, ", "))
	}
	if a.options.Prompts.NewPassword == nil {
		return nil, errors.New("this account has a temporary password that must be replaced: sign in once on a terminal")
	}
	password, err := a.options.Prompts.NewPassword(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"NEW_PASSWORD": password}, nil
}

func (a *attempt) code(ctx context.Context, key, question string) (map[string]string, error) {
	if a.options.Prompts.Code == nil {
		return nil, fmt.Errorf("this account has a second factor (%s): sign in on a terminal", question)
	}
	if a.wrongCodes > 0 {
		question = "that was wrong; " + question
	}
	code, err := a.options.Prompts.Code(ctx, question)
	if err != nil {
		return nil, err
	}
	return map[string]string{key: strings.TrimSpace(code)}, nil
}

// inWords says what an answer of Cognito means to a user.
func inWords(err error) error {
	var answer interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if !errors.As(err, &answer) {
		return &Error{"cognito cannot be reached: " + err.Error(), err}
	}
	return &Error{wordsFor(answer.ErrorCode(), answer.ErrorMessage()), err}
}

func wordsFor(code, message string) string {
	switch code {
	case "NotAuthorizedException":
		if !strings.HasPrefix(message, "Incorrect username or password") {
			return "cognito refuses the sign-in: " + message
		}
		fallthrough
	case "UserNotFoundException":
		return "the user name or the password is wrong"
	case "UserNotConfirmedException":
		return "this account is not confirmed yet: enter the code that was sent on registration, in the browser"
	case "PasswordResetRequiredException":
		return "the password of this account must be reset: use \"forgot password\" in the browser"
	case "TooManyRequestsException", "LimitExceededException", "TooManyFailedAttemptsException":
		return "cognito takes no more attempts at the moment: wait some minutes"
	case "ResourceNotFoundException":
		return "the user pool has no such app client (" + message + "): check the ids of the pool and the client"
	case "InvalidParameterException":
		return "cognito does not take the request (" + message + "): check the client's id, and that the app client allows ALLOW_USER_SRP_AUTH"
	case "InvalidPasswordException", "PasswordHistoryPolicyViolationException":
		return "the new password is not accepted: " + message
	case "CodeMismatchException":
		return "the code is wrong"
	case "ExpiredCodeException":
		return "the code has expired: sign in again"
	case "ForbiddenException":
		return "a firewall in front of the user pool refuses the request"
	}
	return "cognito: " + code + ": " + message
}
