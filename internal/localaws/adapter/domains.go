package adapter

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// CertificateNames returns the names that an issued certificate of a Region is
// for; none when there is no such certificate.
func (a *Adapter) CertificateNames(ctx context.Context, region, arn string) ([]string, error) {
	var found struct {
		Certificate struct {
			Status                  string
			DomainName              string
			SubjectAlternativeNames []string
		}
	}
	err := a.emulator.ask(ctx, "acm", region, "CertificateManager.DescribeCertificate", map[string]string{"CertificateArn": arn}, &found)
	var refused *apiError
	if errors.As(err, &refused) && refused.code == "ResourceNotFoundException" {
		return nil, nil
	}
	if err != nil || found.Certificate.Status != "ISSUED" {
		return nil, err
	}
	return append(found.Certificate.SubjectAlternativeNames, found.Certificate.DomainName), nil
}

// taught are the custom domain names that MiniStack knows, with the revision of
// what it knows.
type taught struct {
	mu        sync.Mutex
	revisions map[string]uint64
}

// TeachDomain makes MiniStack know which APIs and stages the paths of a custom
// domain name lead to. MiniStack then judges @connections requests that are
// signed for the name as it judges those for an API's own endpoint. It has taken
// part in making the name, since it judged those requests too, but knows none of
// the stack's APIs and so no mapping to them.
func (a *Adapter) TeachDomain(ctx context.Context, name string, d apigw.Domain) error {
	a.taught.mu.Lock()
	defer a.taught.mu.Unlock()
	if revision, ok := a.taught.revisions[name]; ok && revision == d.Revision {
		return nil
	}
	delete(a.taught.revisions, name)
	// REST APIs' domain names, which are the same, take any API's id. A domain
	// name that is made again begins without mappings.
	err := a.emulator.rest(ctx, http.MethodPost, d.Region, "/domainnames", map[string]any{
		"domainName": name, "endpointConfiguration": map[string]any{"types": []string{"REGIONAL"}},
	}, nil)
	for _, m := range d.Mappings {
		if err == nil {
			err = a.emulator.rest(ctx, http.MethodPost, d.Region, "/domainnames/"+name+"/basepathmappings",
				map[string]string{"basePath": m.Key, "restApiId": m.APIID, "stage": m.Stage}, nil)
		}
	}
	if err == nil {
		a.taught.revisions[name] = d.Revision
	}
	return err
}
