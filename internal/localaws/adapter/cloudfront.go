package adapter

import (
	"regexp"
)

// MiniStack describes empty what AWS leaves out, which Terraform takes for
// drift.
var cloudFrontEntries = map[string]entry{
	"CreateResponseHeadersPolicy":    withoutEmpty(noHeaders),
	"GetResponseHeadersPolicy":       withoutEmpty(noHeaders),
	"GetResponseHeadersPolicyConfig": withoutEmpty(noHeaders),
	"UpdateResponseHeadersPolicy":    withoutEmpty(noHeaders),
	"ListResponseHeadersPolicies":    withoutEmpty(noHeaders),

	"CreateKeyValueStore":   withoutEmpty(noComment),
	"DescribeKeyValueStore": withoutEmpty(noComment),
	"UpdateKeyValueStore":   withoutEmpty(noComment),
	"ListKeyValueStores":    withoutEmpty(noComment),
}

var (
	// noHeaders are the parts of a response headers policy that set or remove no
	// header.
	noHeaders = regexp.MustCompile(`<(?:CustomHeadersConfig><Quantity>0</Quantity></CustomHeadersConfig|RemoveHeadersConfig><Quantity>0</Quantity></RemoveHeadersConfig)>`)
	// noComment is that of a key value store.
	noComment = regexp.MustCompile(`<Comment\s*/>|<Comment></Comment>`)
)

// withoutEmpty takes an empty element out of MiniStack's answer.
func withoutEmpty(element *regexp.Regexp) entry {
	return func(_ *Adapter, c *call) (*answer, error) {
		given := c.forward()
		if given.ok() {
			given.replace(element.ReplaceAll(given.body.Bytes(), nil))
		}
		return given, nil
	}
}
