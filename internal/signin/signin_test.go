package signin

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

const (
	poolID   = "eu-west-1_TestPool1"
	clientID = "client-of-the-test"
	user     = "alice"
	password = "Correct-Horse-7"
)

// cognitoServer plays the user pool: the server's side of SRP, then the
// challenges it is told to make, then tokens.
type cognitoServer struct {
	t       *testing.T
	refused map[string]string // operation -> type and message of the error it answers
	chain   []challenge
	rotates bool // refresh tokens are replaced when they are used

	mu        sync.Mutex
	bodies    []string
	verifier  *big.Int
	secret    *big.Int
	srpA      *big.Int
	refreshes int
}

type challenge struct {
	name       string
	parameters map[string]string
	accepts    map[string]string
	wrong      int // answers refused with CodeMismatchException before one is looked at
}

func startCognito(t *testing.T, server *cognitoServer) *cognitoServer {
	t.Helper()
	server.t = t
	identity := sha256.Sum256([]byte("TestPool1" + "id-of-alice" + ":" + password))
	server.verifier = new(big.Int).Exp(srpGenerator, hashInt([]byte{0x12, 0x34}, identity[:]), srpPrime)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	t.Setenv("AWS_ENDPOINT_URL", listener.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	return server
}

func (s *cognitoServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.bodies = append(s.bodies, string(body))
	if r.Header.Get("Authorization") != "" {
		s.t.Error("a call of a sign-in was signed")
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if refusal, ok := s.refused[operation]; ok {
		name, message, _ := strings.Cut(refusal, ": ")
		s.refuse(w, name, message)
		return
	}
	var input struct {
		AuthFlow, ChallengeName, Session   string
		RefreshToken                       string
		ClientID                           string `json:"ClientId"`
		AuthParameters, ChallengeResponses map[string]string
	}
	if err := json.Unmarshal(body, &input); err != nil {
		s.t.Error(err)
	}
	if input.ClientID != clientID {
		s.refuse(w, "ResourceNotFoundException", "User pool client "+input.ClientID+" does not exist.")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case operation == "InitiateAuth" && input.AuthFlow == "USER_SRP_AUTH":
		s.begin(w, input.AuthParameters)
	case operation == "GetTokensFromRefreshToken":
		s.renew(w, input.RefreshToken)
	case operation == "RespondToAuthChallenge" && input.ChallengeName == "PASSWORD_VERIFIER":
		if !s.proven(input.ChallengeResponses) {
			s.refuse(w, "NotAuthorizedException", "Incorrect username or password.")
			return
		}
		s.next(w)
	case operation == "RespondToAuthChallenge":
		s.respond(w, input.ChallengeName, input.Session, input.ChallengeResponses)
	default:
		s.refuse(w, "InvalidParameterException", "flow "+input.AuthFlow+" is not enabled for the client.")
	}
}

// renew gives the second pair of tokens for the first, and so on. Where refresh
// tokens rotate each is good for once.
func (s *cognitoServer) renew(w http.ResponseWriter, token string) {
	current := "refresh-1"
	if s.rotates {
		current = fmt.Sprintf("refresh-%d", s.refreshes+1)
	}
	switch {
	case !strings.HasPrefix(token, "refresh-"):
		s.refuse(w, "NotAuthorizedException", "Invalid Refresh Token")
		return
	case token != current:
		s.refuse(w, "RefreshTokenReuseException", "Refresh token has been used before")
		return
	}
	s.refreshes++
	given := map[string]any{"AccessToken": fmt.Sprintf("access-%d", s.refreshes+1), "ExpiresIn": 300}
	if s.rotates {
		given["RefreshToken"] = fmt.Sprintf("refresh-%d", s.refreshes+1)
	}
	s.answer(w, map[string]any{"AuthenticationResult": given})
}

func (s *cognitoServer) begin(w http.ResponseWriter, parameters map[string]string) {
	s.srpA, _ = new(big.Int).SetString(parameters["SRP_A"], 16)
	s.secret, _ = rand.Int(rand.Reader, srpPrime)
	public := new(big.Int).Mul(srpK, s.verifier)
	public.Add(public, new(big.Int).Exp(srpGenerator, s.secret, srpPrime)).Mod(public, srpPrime)
	s.answer(w, map[string]any{"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": map[string]string{
		"USERNAME": "internal-alice", "USER_ID_FOR_SRP": "id-of-alice",
		"SALT": "1234", "SRP_B": public.Text(16), "SECRET_BLOCK": base64.StdEncoding.EncodeToString([]byte("block")),
	}})
}

func (s *cognitoServer) proven(responses map[string]string) bool {
	public := new(big.Int).Mul(srpK, s.verifier)
	public.Add(public, new(big.Int).Exp(srpGenerator, s.secret, srpPrime)).Mod(public, srpPrime)
	u := hashInt(padded(s.srpA), padded(public))
	shared := new(big.Int).Exp(s.verifier, u, srpPrime)
	shared.Mul(shared, s.srpA).Exp(shared, s.secret, srpPrime)
	key, err := hkdf.Key(sha256.New, padded(shared), padded(u), "Caldera Derived Key", 16)
	if err != nil {
		s.t.Error(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("TestPool1" + "id-of-alice" + "block" + responses["TIMESTAMP"]))
	return responses["PASSWORD_CLAIM_SIGNATURE"] == base64.StdEncoding.EncodeToString(mac.Sum(nil)) &&
		responses["USERNAME"] == "internal-alice"
}

func (s *cognitoServer) next(w http.ResponseWriter) {
	if len(s.chain) == 0 {
		s.answer(w, map[string]any{"AuthenticationResult": map[string]any{
			"AccessToken": "access-1", "RefreshToken": "refresh-1", "ExpiresIn": 300,
		}})
		return
	}
	s.answer(w, map[string]any{
		"ChallengeName": s.chain[0].name, "Session": "session-of-20-characters-" + s.chain[0].name,
		"ChallengeParameters": s.chain[0].parameters,
	})
}

func (s *cognitoServer) respond(w http.ResponseWriter, name, session string, responses map[string]string) {
	if len(s.chain) == 0 || s.chain[0].name != name || session != "session-of-20-characters-"+name {
		s.t.Errorf("answer to %s in session %s was not asked for", name, session)
		s.refuse(w, "NotAuthorizedException", "Invalid session for the user.")
		return
	}
	if s.chain[0].wrong > 0 {
		s.chain[0].wrong--
		s.refuse(w, "CodeMismatchException", "Invalid code received for user")
		return
	}
	for key, value := range s.chain[0].accepts {
		if responses[key] != value {
			s.t.Errorf("%s: %s is %q, want %q", name, key, responses[key], value)
		}
	}
	s.chain = s.chain[1:]
	s.next(w)
}

func (s *cognitoServer) answer(w http.ResponseWriter, body map[string]any) {
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

func (s *cognitoServer) refuse(w http.ResponseWriter, name, message string) {
	w.Header().Set("X-Amzn-Errortype", name)
	w.WriteHeader(http.StatusBadRequest)
	s.answer(w, map[string]any{"__type": name, "message": message})
}

func options() Options { return Options{UserPoolID: poolID, ClientID: clientID} }

func TestTheRightPasswordGivesTheTokensAndStaysHere(t *testing.T) {
	server := startCognito(t, &cognitoServer{})
	session, err := In(t.Context(), options(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := session.Token(t.Context(), ""); err != nil || token != "access-1" {
		t.Errorf("token is %q, %v", token, err)
	}
	for _, body := range server.bodies {
		if strings.Contains(body, password) {
			t.Errorf("the password was sent: %s", body)
		}
	}
}

func TestAStaleTokenIsReplacedOnce(t *testing.T) {
	server := startCognito(t, &cognitoServer{})
	session, err := In(t.Context(), options(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if token, err := session.Token(t.Context(), "access-1"); err != nil || token != "access-2" {
			t.Errorf("token is %q, %v", token, err)
		}
	}
	if server.refreshes != 1 {
		t.Errorf("refreshed %d times, want once", server.refreshes)
	}
}

func TestAReplacedRefreshTokenIsUsedNext(t *testing.T) {
	startCognito(t, &cognitoServer{rotates: true})
	session, err := In(t.Context(), options(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, renewal := range [][2]string{{"access-1", "access-2"}, {"access-2", "access-3"}, {"access-3", "access-4"}} {
		if token, err := session.Token(t.Context(), renewal[0]); err != nil || token != renewal[1] {
			t.Errorf("%s was renewed by %q, %v; want %s", renewal[0], token, err, renewal[1])
		}
	}
}

func TestAnEndedSessionSaysToSignInAgain(t *testing.T) {
	startCognito(t, &cognitoServer{rotates: true})
	session, err := In(t.Context(), options(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"revoked", "refresh-0"} {
		session.refresh = token
		if _, err := session.Token(t.Context(), "access-1"); err == nil || !strings.Contains(err.Error(), "sign in again") {
			t.Errorf("the refresh token %s gave %v", token, err)
		}
	}
}

func TestChallengesAfterThePasswordAreAnswered(t *testing.T) {
	server := startCognito(t, &cognitoServer{chain: []challenge{
		{
			name:       "NEW_PASSWORD_REQUIRED",
			parameters: map[string]string{"USER_ID_FOR_SRP": "id-of-alice", "requiredAttributes": "[]", "userAttributes": "{}"},
			accepts:    map[string]string{"NEW_PASSWORD": "Another-Horse-8", "USERNAME": "id-of-alice"},
		},
		{
			name:       "SELECT_MFA_TYPE",
			parameters: map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","SOFTWARE_TOKEN_MFA"]`},
			accepts:    map[string]string{"ANSWER": "SOFTWARE_TOKEN_MFA", "USERNAME": user},
		},
		{name: "SOFTWARE_TOKEN_MFA", accepts: map[string]string{"SOFTWARE_TOKEN_MFA_CODE": "123456"}, wrong: 2},
		{name: "SMS_MFA", parameters: map[string]string{"CODE_DELIVERY_DESTINATION": "+*******99"}, accepts: map[string]string{"SMS_MFA_CODE": "123456"}},
		{name: "EMAIL_OTP", accepts: map[string]string{"EMAIL_OTP_CODE": "123456"}},
	}})
	var questions []string
	with := options()
	with.Prompts = Prompts{
		NewPassword: func(context.Context) (string, error) { return "Another-Horse-8", nil },
		Code: func(_ context.Context, question string) (string, error) {
			questions = append(questions, question)
			return " 123456\n", nil
		},
	}
	if _, err := In(t.Context(), with, user, password); err != nil {
		t.Fatal(err)
	}
	if len(server.chain) != 0 {
		t.Errorf("not answered: %v", server.chain)
	}
	if len(questions) != 5 || !strings.Contains(questions[1], "wrong") || !strings.Contains(questions[3], "+*******99") {
		t.Errorf("asked %q", questions)
	}
}

func TestAChallengeNobodyCanAnswerSaysWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		challenge challenge
		want      string
	}{
		"new password without a prompt": {challenge{name: "NEW_PASSWORD_REQUIRED"}, "temporary password"},
		"required attributes":           {challenge{name: "NEW_PASSWORD_REQUIRED", parameters: map[string]string{"requiredAttributes": `["userAttributes.email"]`}}, "userAttributes.email"},
		"code without a prompt":         {challenge{name: "SMS_MFA"}, "second factor"},
		"no second factor yet":          {challenge{name: "MFA_SETUP"}, "set it up"},
		"no app among the factors":      {challenge{name: "SELECT_MFA_TYPE", parameters: map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA"]`}}, "preferred"},
		"a challenge of the pool's own": {challenge{name: "CUSTOM_CHALLENGE"}, "--token-file"},
	} {
		t.Run(name, func(t *testing.T) {
			startCognito(t, &cognitoServer{chain: []challenge{test.challenge}})
			if _, err := In(t.Context(), options(), user, password); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want words with %q", err, test.want)
			}
		})
	}
}

func TestThreeWrongCodesEndTheSignIn(t *testing.T) {
	startCognito(t, &cognitoServer{chain: []challenge{{name: "SOFTWARE_TOKEN_MFA", wrong: 9}}})
	asked := 0
	with := options()
	with.Prompts.Code = func(context.Context, string) (string, error) { asked++; return "000000", nil }
	if _, err := In(t.Context(), with, user, password); err == nil || err.Error() != "the code is wrong" || asked != 3 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	for name, test := range map[string]struct{ refusal, want string }{
		"wrong password":           {"NotAuthorizedException: Incorrect username or password.", "the user name or the password is wrong"},
		"unknown user":             {"UserNotFoundException: User does not exist.", "the user name or the password is wrong"},
		"disabled":                 {"NotAuthorizedException: User is disabled.", "User is disabled"},
		"not confirmed":            {"UserNotConfirmedException: User is not confirmed.", "not confirmed yet"},
		"reset":                    {"PasswordResetRequiredException: Password reset required for the user", "must be reset"},
		"too many":                 {"TooManyRequestsException: Too many requests", "wait some minutes"},
		"limit":                    {"LimitExceededException: Attempt limit exceeded", "wait some minutes"},
		"flow not allowed":         {"InvalidParameterException: USER_SRP_AUTH is not enabled for the client.", "ALLOW_USER_SRP_AUTH"},
		"client of other pool":     {"ResourceNotFoundException: User pool client x does not exist.", "ids of the pool"},
		"web application firewall": {"ForbiddenException: Request not allowed due to WAF block.", "firewall"},
		"something new":            {"SurpriseException: what now", "what now"},
	} {
		t.Run(name, func(t *testing.T) {
			startCognito(t, &cognitoServer{refused: map[string]string{"InitiateAuth": test.refusal}})
			_, err := In(t.Context(), options(), user, password)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want words with %q", err, test.want)
			}
		})
	}
	t.Run("and the answer of Cognito is kept", func(t *testing.T) {
		startCognito(t, &cognitoServer{})
		_, err := In(t.Context(), options(), user, "Wrong-Horse-7")
		var refused *types.NotAuthorizedException
		if !errors.As(err, &refused) || err.Error() != "the user name or the password is wrong" {
			t.Errorf("got %v", err)
		}
	})
}

func TestOnlyWhatMayPassIsWorthAnotherTry(t *testing.T) {
	for refusal, want := range map[string]bool{
		"NotAuthorizedException: Refresh Token has been revoked": true,
		"TooManyRequestsException: Too many requests":            false,
	} {
		startCognito(t, &cognitoServer{refused: map[string]string{"InitiateAuth": refusal}})
		_, err := In(t.Context(), options(), user, password)
		var failed *Error
		if !errors.As(err, &failed) || failed.Permanent() != want {
			t.Errorf("%s: %v, permanent is not %v", refusal, err, want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	_, err := In(t.Context(), options(), user, password)
	var failed *Error
	if !errors.As(err, &failed) || failed.Permanent() || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("an unreachable endpoint gave %v", err)
	}
}

func TestAPoolIDThatIsNoneIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, id := range []string{"", "TestPool1", "eu-west-1_", "eu.example.com/_x", "eu-west-1_a/b"} {
		server := startCognito(t, &cognitoServer{})
		if _, err := In(t.Context(), Options{UserPoolID: id, ClientID: clientID}, user, password); err == nil || len(server.bodies) > 0 {
			t.Errorf("%q: %v after %d calls", id, err, len(server.bodies))
		}
	}
}

func TestClearTextLeavesThisMachineForNobody(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:4566")
	if _, err := In(t.Context(), options(), user, password); err == nil || !strings.Contains(err.Error(), "not https") {
		t.Errorf("got %v", err)
	}
}
