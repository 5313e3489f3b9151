package lambda

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

func TestTheCodeOfEachVersionCanBeDownloaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	first, second := bootstrapZip(t), scriptZip(t)
	w.deploy("f", "", nil)
	if _, err := w.lambda.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.lambda.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.lambda.UpdateFunctionCode(ctx, &awslambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: second}); err != nil {
		t.Fatal(err)
	}
	location := func(name string) string {
		t.Helper()
		out, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if *out.Configuration.FunctionName != "f" || *out.Code.RepositoryType != "S3" || !strings.HasPrefix(*out.Code.Location, *w.config.BaseEndpoint+CodePath) {
			t.Errorf("%s: %+v, %+v", name, out.Configuration, out.Code)
		}
		return *out.Code.Location
	}
	get := func(address string) (int, []byte) {
		t.Helper()
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	for name, want := range map[string][]byte{"f": second, "f:1": first, "f:live": first, "f:$LATEST": second} {
		if status, got := get(location(name)); status != http.StatusOK || !bytes.Equal(got, want) {
			t.Errorf("%s: status %d, %d bytes, want %d", name, status, len(got), len(want))
		}
	}

	address := location("f")
	unsigned, _, _ := strings.Cut(address, "?")
	for name, wrong := range map[string]string{
		"an address without a signature":   unsigned,
		"of other code":                    strings.Replace(address, hexSum(second), hexSum(first), 1),
		"that works for longer":            strings.Replace(address, "Expires=1", "Expires=9", 1),
		"that is no longer valid":          w.runner.codeURL(hexSum(second), time.Now().Add(-time.Second)),
		"that leads out of the folder":     strings.Replace(address, hexSum(second), "..%2F..%2Fmappings.json", 1),
		"of a version that was never seen": w.runner.codeURL(strings.Repeat("0", 64), time.Now().Add(time.Minute)),
	} {
		if status, _ := get(wrong); status != http.StatusForbidden && status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, status)
		}
	}
	res, err := http.Post(address, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", res.StatusCode)
	}
}
