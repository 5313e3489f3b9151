package adapter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// root are the credentials of the stack's account root, which opens nothing but
// the stack.
var root = aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}

// maxAnswer bounds what is read of an answer of MiniStack, in bytes.
const maxAnswer = 32 << 20

// emulator asks MiniStack in the adapter's own name, and lets it judge callers.
type emulator struct {
	url    string
	client *http.Client
	signer *signer.Signer
}

func newEmulator(url string) *emulator {
	return &emulator{url: url, client: &http.Client{Timeout: 30 * time.Second}, signer: signer.NewSigner()}
}

// apiError is a refusal by MiniStack of what the adapter asked.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("MiniStack answered %d %s: %s", e.status, e.code, e.message)
}

// ask calls an operation of a JSON protocol as root. Target is the value of
// X-Amz-Target.
func (m *emulator) ask(ctx context.Context, service, region, target string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	given, err := m.asRoot(r, body, service, region)
	if err != nil {
		return err
	}
	return json.Unmarshal(given.body.Bytes(), output)
}

// rest calls an operation of API Gateway as root. Input and output may
// be nil.
func (m *emulator) rest(ctx context.Context, method, region, path string, input, output any) error {
	var body []byte
	if input != nil {
		var err error
		if body, err = json.Marshal(input); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	given, err := m.asRoot(r, body, "apigateway", region)
	if err != nil || output == nil {
		return err
	}
	return json.Unmarshal(given.body.Bytes(), output)
}

// query calls an operation of IAM as root. Output may be nil.
func (m *emulator) query(ctx context.Context, form url.Values, output any) error {
	form.Set("Version", "2010-05-08")
	body := []byte(form.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	given, err := m.asRoot(r, body, "iam", "us-east-1")
	if err != nil || output == nil {
		return err
	}
	return xml.Unmarshal(given.body.Bytes(), output)
}

// refused tells whether MiniStack has answered, and refused.
func refused(err error) bool {
	var refusal *apiError
	return errors.As(err, &refusal)
}

// asRoot signs a request and makes it. What MiniStack refuses is an apiError.
func (m *emulator) asRoot(r *http.Request, body []byte, service, region string) (*answer, error) {
	if err := m.signer.SignHTTP(r.Context(), root, r, sum(body), service, region, time.Now()); err != nil {
		return nil, err
	}
	given, err := m.send(r)
	if err != nil {
		return nil, err
	}
	if !given.ok() {
		code, message := errorOf(given)
		return nil, &apiError{given.status, code, message}
	}
	return given, nil
}

func (m *emulator) send(r *http.Request) (*answer, error) {
	r.Header.Set("X-Forwarded-Proto", "https") // as the door does
	res, err := m.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("MiniStack does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	given := &answer{status: res.StatusCode, header: res.Header}
	given.header.Del("Content-Length")
	if _, err := io.Copy(&given.body, io.LimitReader(res.Body, maxAnswer)); err != nil {
		return nil, fmt.Errorf("MiniStack's answer: %w", err)
	}
	return given, nil
}

// judge puts a call to MiniStack with another body, which names the same
// resource to IAM but which MiniStack then refuses as it refuses what makes no
// sense. So it tells whether the caller may make the call without making it:
// the answer is the one that expected recognises when the caller may, otherwise
// MiniStack's refusal of the caller.
//
// The length of the body is signed, so the other body must not be longer. Its
// content is not looked at when the hash that was signed stands in a header.
func (m *emulator) judge(c *call, instead any, expected func(code string) bool) (denied *answer, err error) {
	body, err := json.Marshal(instead)
	if err != nil {
		return nil, err
	}
	if len(body) > len(c.body) {
		return nil, errors.New("the request is too short to have MiniStack judge it")
	}
	body = append(body, bytes.Repeat([]byte{' '}, len(c.body)-len(body))...)
	r := c.request.Clone(c.request.Context())
	target, err := url.Parse(m.url)
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host, r.RequestURI = target.Scheme, target.Host, ""
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if r.Header.Get("X-Amz-Content-Sha256") == "" {
		r.Header.Set("X-Amz-Content-Sha256", sum(c.body))
	}
	given, err := m.send(r)
	if err != nil {
		return nil, err
	}
	if code, _ := errorOf(given); !given.ok() && expected(code) {
		return nil, nil
	}
	if given.ok() {
		return nil, fmt.Errorf("MiniStack accepted what it should have refused: %s", c.Operation)
	}
	return given, nil
}

func sum(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}
