package lambda

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// CodePath begins the addresses at the stack's door by which the code of
// functions is downloaded.
const CodePath = "/_portcullis/code/"

// codeLifetime is how long such an address works (Lambda API,
// FunctionCodeLocation: ten minutes).
const codeLifetime = 10 * time.Minute

var codeSum = regexp.MustCompile(`\A[0-9a-f]{64}\z`)

// answerGetFunction lets MiniStack answer GetFunction, and puts the address of
// the version's own code in place of MiniStack's, which is that of the newest.
func (r *Runner) answerGetFunction(w http.ResponseWriter, req *http.Request, next http.Handler) {
	answer := newRecorder()
	next.ServeHTTP(answer, req)
	if answer.status == http.StatusOK {
		if err := r.locateCode(answer); err != nil {
			apierr.Internal("the local stack cannot read the emulator's answer: " + err.Error()).Send(w)
			return
		}
	}
	answer.send(w)
}

func (r *Runner) locateCode(answer *recorder) error {
	var whole, code map[string]json.RawMessage
	var configuration struct{ CodeSha256 string }
	if err := json.Unmarshal(answer.body.Bytes(), &whole); err != nil {
		return err
	}
	if err := json.Unmarshal(whole["Configuration"], &configuration); err != nil {
		return err
	}
	if err := json.Unmarshal(whole["Code"], &code); err != nil {
		return err
	}
	sum, err := base64.StdEncoding.DecodeString(configuration.CodeSha256)
	if err != nil {
		return err
	}
	if _, ok := code["Location"]; ok {
		code["Location"] = mustJSON(r.codeURL(hex.EncodeToString(sum), time.Now().Add(codeLifetime)))
		whole["Code"] = mustJSON(code)
	}
	answer.body.Reset()
	answer.body.Write(mustJSON(whole))
	answer.header.Del("Content-Length")
	return nil
}

// codeURL is the address of a zip, which works until then for whoever has it.
func (r *Runner) codeURL(sum string, until time.Time) string {
	expires := strconv.FormatInt(until.Unix(), 10)
	return r.config.GatewayURL + CodePath + sum + "?" + url.Values{"Expires": {expires}, "Signature": {r.codeSignature(sum, expires)}}.Encode()
}

func (r *Runner) codeSignature(sum, expires string) string {
	mac := hmac.New(sha256.New, r.codeKey)
	mac.Write([]byte(sum + " " + expires))
	return hex.EncodeToString(mac.Sum(nil))
}

// ServeCode answers requests below CodePath.
func (r *Runner) ServeCode(w http.ResponseWriter, req *http.Request) {
	sum := strings.TrimPrefix(req.URL.Path, CodePath)
	query := req.URL.Query()
	expires, err := strconv.ParseInt(query.Get("Expires"), 10, 64)
	right := err == nil && codeSum.MatchString(sum) && hmac.Equal([]byte(query.Get("Signature")), []byte(r.codeSignature(sum, query.Get("Expires"))))
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case !right || time.Now().Unix() > expires:
		apierr.Forbidden("AccessDenied", "the address is wrong or no longer valid; GetFunction gives a new one").Send(w)
	default:
		w.Header().Set("Content-Type", "application/zip")
		http.ServeFile(w, req, r.code.zipPath(sum))
	}
}
