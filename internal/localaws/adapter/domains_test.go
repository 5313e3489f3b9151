package adapter

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

func TestTheNamesOfACertificate(t *testing.T) {
	w := newWorld(t)
	var arn string
	made := w.acm("RequestCertificate", `{"DomainName":"example.com","SubjectAlternativeNames":["*.example.com"]}`)["CertificateArn"]
	if err := json.Unmarshal(made, &arn); err != nil {
		t.Fatal(err)
	}
	for region, want := range map[string]string{testRegion: "example.com *.example.com", "us-east-1": ""} {
		names, err := w.adapter.CertificateNames(t.Context(), region, arn)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Fields(want) {
			if !strings.Contains(strings.Join(names, " "), name) {
				t.Errorf("%s: %v, want %s", region, names, want)
			}
		}
		if want == "" && len(names) > 0 {
			t.Errorf("%s: %v", region, names)
		}
	}
	a := must(New(Config{MiniStackURL: "http://127.0.0.1:1"}))
	if _, err := a.CertificateNames(t.Context(), testRegion, arn); err == nil {
		t.Error("no error although MiniStack is gone")
	}
}

// TestMiniStackJudgesConnectionsOfACustomDomainName by the API and stage that a
// mapping names: 410 for who may, 403 for who may not.
func TestMiniStackJudgesConnectionsOfACustomDomainName(t *testing.T) {
	w := newWorld(t)
	name := "ws-" + newRequestID()[:8] + ".example.com"
	id, secret := w.user(allow("execute-api:ManageConnections", "arn:aws:execute-api:"+testRegion+":"+testAccount+":abcd1234/live/POST/@connections/*"))
	user := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	post := func(path string) int {
		t.Helper()
		r := must(http.NewRequestWithContext(t.Context(), http.MethodPost, miniStack+path+"/@connections/AAAAAAAAAAAAAAA=", strings.NewReader("x")))
		r.Host = name
		r.Header.Set("X-Forwarded-Proto", "https")
		if err := signer.NewSigner().SignHTTP(t.Context(), user, r, sum([]byte("x")), "execute-api", testRegion, time.Now()); err != nil {
			t.Fatal(err)
		}
		res := must(http.DefaultClient.Do(r))
		_ = res.Body.Close()
		return res.StatusCode
	}
	teach := func(revision uint64, mappings ...apigw.Mapping) {
		t.Helper()
		if err := w.adapter.TeachDomain(t.Context(), name, apigw.Domain{Region: testRegion, Revision: revision, Mappings: mappings}); err != nil {
			t.Fatal(err)
		}
	}
	may, mayNot, other := apigw.Mapping{Key: "chat", APIID: "abcd1234", Stage: "live"}, apigw.Mapping{Key: "next/v1", APIID: "abcd1234", Stage: "next"},
		apigw.Mapping{Key: "", APIID: "zzzz9999", Stage: "live"}
	teach(1, may, mayNot, other)
	for path, want := range map[string]int{"/chat": http.StatusGone, "/next/v1": http.StatusForbidden, "": http.StatusForbidden} {
		if got := post(path); got != want {
			t.Errorf("%q: status %d, want %d", path, got, want)
		}
	}
	teach(1, apigw.Mapping{Key: "", APIID: "abcd1234", Stage: "live"})
	if got := post(""); got != http.StatusForbidden {
		t.Errorf("status %d: it was taught again although nothing had changed", got)
	}
	teach(2, apigw.Mapping{Key: "", APIID: "abcd1234", Stage: "live"})
	if got := post(""); got != http.StatusGone {
		t.Errorf("status %d after the mapping has changed", got)
	}
	if got := post("/chat"); got == http.StatusGone {
		t.Error("a mapping that is gone still leads to the stage")
	}
}
