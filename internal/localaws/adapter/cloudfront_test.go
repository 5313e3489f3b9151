package adapter

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

func TestAResponseHeadersPolicyHasNoEmptyParts(t *testing.T) {
	w := newWorld(t)
	client := cloudfront.NewFromConfig(w.config("us-east-1"))
	config := &types.ResponseHeadersPolicyConfig{
		Name: aws.String("p-" + newRequestID()[:8]),
		SecurityHeadersConfig: &types.ResponseHeadersPolicySecurityHeadersConfig{
			ContentTypeOptions: &types.ResponseHeadersPolicyContentTypeOptions{Override: aws.Bool(true)},
		},
	}
	check := func(what string, got *types.ResponseHeadersPolicyConfig, custom, removed bool) {
		t.Helper()
		if (got.CustomHeadersConfig != nil) != custom || (got.RemoveHeadersConfig != nil) != removed || got.SecurityHeadersConfig == nil {
			t.Errorf("%s: custom headers %+v, removed headers %+v", what, got.CustomHeadersConfig, got.RemoveHeadersConfig)
		}
	}
	created := must(client.CreateResponseHeadersPolicy(t.Context(), &cloudfront.CreateResponseHeadersPolicyInput{ResponseHeadersPolicyConfig: config}))
	id := created.ResponseHeadersPolicy.Id
	check("created", created.ResponseHeadersPolicy.ResponseHeadersPolicyConfig, false, false)
	check("got", must(client.GetResponseHeadersPolicy(t.Context(), &cloudfront.GetResponseHeadersPolicyInput{Id: id})).ResponseHeadersPolicy.ResponseHeadersPolicyConfig, false, false)
	check("got alone", must(client.GetResponseHeadersPolicyConfig(t.Context(), &cloudfront.GetResponseHeadersPolicyConfigInput{Id: id})).ResponseHeadersPolicyConfig, false, false)

	config.RemoveHeadersConfig = &types.ResponseHeadersPolicyRemoveHeadersConfig{
		Quantity: aws.Int32(1), Items: []types.ResponseHeadersPolicyRemoveHeader{{Header: aws.String("server")}},
	}
	updated := must(client.UpdateResponseHeadersPolicy(t.Context(), &cloudfront.UpdateResponseHeadersPolicyInput{Id: id, IfMatch: created.ETag, ResponseHeadersPolicyConfig: config}))
	check("updated", updated.ResponseHeadersPolicy.ResponseHeadersPolicyConfig, false, true)
	for _, item := range must(client.ListResponseHeadersPolicies(t.Context(), &cloudfront.ListResponseHeadersPoliciesInput{Type: types.ResponseHeadersPolicyTypeCustom})).ResponseHeadersPolicyList.Items {
		check("listed", item.ResponseHeadersPolicy.ResponseHeadersPolicyConfig, false, true)
	}
}

func TestAKeyValueStoreHasNoEmptyComment(t *testing.T) {
	w := newWorld(t)
	client := cloudfront.NewFromConfig(w.config("us-east-1"))
	bare, said := aws.String("s-"+newRequestID()[:8]), aws.String("s-"+newRequestID()[:8])
	if created := must(client.CreateKeyValueStore(t.Context(), &cloudfront.CreateKeyValueStoreInput{Name: bare})); created.KeyValueStore.Comment != nil {
		t.Errorf("created with comment %q", *created.KeyValueStore.Comment)
	}
	if found := must(client.DescribeKeyValueStore(t.Context(), &cloudfront.DescribeKeyValueStoreInput{Name: bare})); found.KeyValueStore.Comment != nil {
		t.Errorf("described with comment %q", *found.KeyValueStore.Comment)
	}
	must(client.CreateKeyValueStore(t.Context(), &cloudfront.CreateKeyValueStoreInput{Name: said, Comment: aws.String("rooms")}))
	if found := must(client.DescribeKeyValueStore(t.Context(), &cloudfront.DescribeKeyValueStoreInput{Name: said})); found.KeyValueStore.Comment == nil || *found.KeyValueStore.Comment != "rooms" {
		t.Errorf("described as %+v", found.KeyValueStore)
	}
}
