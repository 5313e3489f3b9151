package edge

import (
	"strings"
	"testing"
)

// whole is a configuration of which all is served, as Terraform sends it.
const whole = `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>r</CallerReference>
<Aliases><Quantity>1</Quantity><Items><CNAME>chat.example.com</CNAME></Items></Aliases><AnycastIpListId></AnycastIpListId>
<CacheBehaviors><Quantity>1</Quantity><Items><CacheBehavior><PathPattern>/ws*</PathPattern><TargetOriginId>api</TargetOriginId>
<AllowedMethods><Quantity>3</Quantity><Items><Method>GET</Method><Method>HEAD</Method><Method>POST</Method></Items></AllowedMethods>
<CachePolicyId>c</CachePolicyId><OriginRequestPolicyId>o</OriginRequestPolicyId><Compress>false</Compress><SmoothStreaming>false</SmoothStreaming>
<FieldLevelEncryptionId></FieldLevelEncryptionId><FunctionAssociations><Quantity>0</Quantity></FunctionAssociations>
<LambdaFunctionAssociations><Quantity>0</Quantity></LambdaFunctionAssociations><GrpcConfig><Enabled>false</Enabled></GrpcConfig>
<TrustedKeyGroups><Enabled>false</Enabled><Quantity>0</Quantity></TrustedKeyGroups><TrustedSigners><Enabled>false</Enabled><Quantity>0</Quantity></TrustedSigners>
<ViewerProtocolPolicy>https-only</ViewerProtocolPolicy></CacheBehavior></Items></CacheBehaviors><Comment></Comment><ConnectionMode>direct</ConnectionMode>
<DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><CachePolicyId>c</CachePolicyId><Compress>true</Compress><ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy>
<AllowedMethods><Quantity>2</Quantity><Items><Method>GET</Method><Method>HEAD</Method></Items></AllowedMethods></DefaultCacheBehavior><Enabled>true</Enabled>
<OriginGroups><Quantity>0</Quantity></OriginGroups>
<Origins><Quantity>2</Quantity><Items><Origin><Id>api</Id><DomainName>127.0.0.1</DomainName><CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort>
<OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin>
<Origin><Id>site</Id><DomainName>b.s3.us-east-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin></Items></Origins>
<Logging><Enabled>false</Enabled></Logging><Staging>false</Staging><WebACLId>w</WebACLId></DistributionConfig>`

func TestWhatOfADistributionIsNotServedIsNamed(t *testing.T) {
	associated := func(kind, item string) [2]string {
		return [2]string{"<" + kind + "><Quantity>0</Quantity>", "<" + kind + "><Quantity>1</Quantity><Items>" + item + "</Items>"}
	}
	for want, replace := range map[string][2]string{
		"": {"", ""},
		"FunctionAssociations of a cache behaviour":       associated("FunctionAssociations", "<FunctionAssociation><FunctionARN>f</FunctionARN></FunctionAssociation>"),
		"LambdaFunctionAssociations of a cache behaviour": associated("LambdaFunctionAssociations", "<LambdaFunctionAssociation><LambdaFunctionARN>f</LambdaFunctionARN></LambdaFunctionAssociation>"),
		"OriginGroups of a distribution":                  associated("OriginGroups", "<OriginGroup/>"),
		"TrustedKeyGroups of a cache behaviour":           {"<TrustedKeyGroups><Enabled>false", "<TrustedKeyGroups><Enabled>true"},
		"TrustedSigners of a cache behaviour":             {"<TrustedSigners><Enabled>false", "<TrustedSigners><Enabled>true"},
		"GrpcConfig of a cache behaviour":                 {"<GrpcConfig><Enabled>false", "<GrpcConfig><Enabled>true"},
		"FieldLevelEncryptionId of a cache behaviour":     {"<FieldLevelEncryptionId>", "<FieldLevelEncryptionId>f"},
		"SmoothStreaming of a cache behaviour":            {"<SmoothStreaming>false", "<SmoothStreaming>true"},
		"RealtimeLogConfigArn of a cache behaviour":       {"<GrpcConfig>", "<RealtimeLogConfigArn>arn</RealtimeLogConfigArn><GrpcConfig>"},
		"ForwardedValues":                                 {"<CachePolicyId>c</CachePolicyId><OriginRequestPolicyId>", "<OriginRequestPolicyId>"},
		"OriginAccessIdentity of S3OriginConfig":          {"<OriginAccessIdentity>", "<OriginAccessIdentity>origin-access-identity/cloudfront/E1"},
		"Staging of a distribution":                       {"<Staging>false", "<Staging>true"},
		"AnycastIpListId of a distribution":               {"<AnycastIpListId>", "<AnycastIpListId>a"},
		"ConnectionMode of a distribution":                {"direct", "tenant-only"},
		"VpcOriginConfig of an origin":                    {"<DomainName>127", "<VpcOriginConfig><VpcOriginId>v</VpcOriginId></VpcOriginConfig><DomainName>127"},
		"the method POST to a bucket":                     {"<TargetOriginId>api", "<TargetOriginId>site"},
	} {
		for _, document := range []string{whole, "<DistributionConfigWithTags>" + whole + "<Tags/></DistributionConfigWithTags>"} {
			changed := strings.Replace(document, replace[0], replace[1], 1)
			if want != "" && changed == document {
				t.Fatalf("%s: nothing changed", want)
			}
			got, err := Unserved([]byte(changed))
			if err != nil || !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
	}
	for enabled, want := range map[string]string{"true": "ServerTimingHeadersConfig of a response headers policy", "false": ""} {
		got, err := Unserved([]byte(`<ResponseHeadersPolicyConfig><ServerTimingHeadersConfig><Enabled>` + enabled + `</Enabled></ServerTimingHeadersConfig></ResponseHeadersPolicyConfig>`))
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
