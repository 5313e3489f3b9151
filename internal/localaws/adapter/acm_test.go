package adapter

import (
	"encoding/json"
	"net/http"
	"testing"
)

// acm calls an operation of ACM as root.
func (w *world) acm(operation, body string) map[string]json.RawMessage {
	w.Helper()
	status, text := w.post("acm", "CertificateManager."+operation, body)
	if status != http.StatusOK {
		w.Fatalf("%s: %d %s", operation, status, text)
	}
	var out map[string]json.RawMessage
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			w.Fatal(err)
		}
	}
	return out
}

func TestACertificateKeepsItsKeyAlgorithmAndOptions(t *testing.T) {
	w := newWorld(t)
	describe := func(arn json.RawMessage) (algorithm, options string) {
		t.Helper()
		var found struct{ KeyAlgorithm, Options json.RawMessage }
		if err := json.Unmarshal(w.acm("DescribeCertificate", `{"CertificateArn":`+string(arn)+`}`)["Certificate"], &found); err != nil {
			t.Fatal(err)
		}
		return string(found.KeyAlgorithm), string(found.Options)
	}
	plain := w.acm("RequestCertificate", `{"DomainName":"a.example.com"}`)["CertificateArn"]
	if algorithm, _ := describe(plain); algorithm != `"RSA_2048"` {
		t.Errorf("a certificate of which nothing was said has key algorithm %s", algorithm)
	}
	rich := w.acm("RequestCertificate", `{"DomainName":"b.example.com","KeyAlgorithm":"EC_prime256v1","Options":{"CertificateTransparencyLoggingPreference":"DISABLED"}}`)["CertificateArn"]
	w.open()
	if algorithm, options := describe(rich); algorithm != `"EC_prime256v1"` || options != `{"CertificateTransparencyLoggingPreference":"DISABLED"}` {
		t.Errorf("got %s, %s", algorithm, options)
	}
	w.acm("UpdateCertificateOptions", `{"CertificateArn":`+string(rich)+`,"Options":{"CertificateTransparencyLoggingPreference":"ENABLED"}}`)
	if algorithm, options := describe(rich); algorithm != `"EC_prime256v1"` || options != `{"CertificateTransparencyLoggingPreference":"ENABLED"}` {
		t.Errorf("after the update: %s, %s", algorithm, options)
	}
	for _, arn := range []json.RawMessage{plain, rich} {
		w.acm("DeleteCertificate", `{"CertificateArn":`+string(arn)+`}`)
	}
	if left := w.adapter.kept.list(certificateFields); len(left) != 0 {
		t.Errorf("left: %s", left)
	}
	if status, _ := w.post("acm", "CertificateManager.DescribeCertificate", `{"CertificateArn":`+string(rich)+`}`); status != http.StatusBadRequest {
		t.Errorf("status %d of a certificate that is gone", status)
	}
}
