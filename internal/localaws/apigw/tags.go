package apigw

import (
	"regexp"
	"strings"
)

// maxTags is AWS's limit of tags on a resource.
const maxTags = 50

// taggable is the form of the ARNs that tags can be put on: an API, a stage or a
// custom domain name.
var taggable = regexp.MustCompile(`^arn:aws[a-z-]*:apigateway:([a-z0-9-]+)::(?:/apis/([a-z0-9]+)(?:/stages/([a-zA-Z0-9_-]+))?|/domainnames/([a-z0-9.-]+))$`)

type tagged struct {
	Tags map[string]string `json:"tags"`
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return badRequest("A resource can have at most %d tags", maxTags)
	}
	for key, value := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return badRequest("Tag key %s is invalid: the prefix aws: is reserved", key)
		}
		if err := checkLength("Tag key", key, 1, 128); err != nil {
			return err
		}
		if err := checkLength("Tag value", value, 0, 256); err != nil {
			return err
		}
	}
	return nil
}

// tagTarget is what an ARN names: a domain name, or an API by its id and perhaps
// a stage of it.
type tagTarget struct{ api, stage, domain string }

// tagTarget reads the ARN in the path.
func (c *call) tagTarget() (tagTarget, error) {
	arn := c.param("arn")
	match := taggable.FindStringSubmatch(arn)
	if match == nil || match[1] != c.region {
		return tagTarget{}, notFound("Invalid resource ARN specified: %s", arn)
	}
	return tagTarget{match[2], match[3], match[4]}, nil
}

func getTags(c *call) (any, error) {
	target, err := c.tagTarget()
	if err != nil {
		return nil, err
	}
	if target.domain != "" {
		c.mu.RLock()
		defer c.mu.RUnlock()
		record, err := c.domain(target.domain)
		if err != nil {
			return nil, err
		}
		return tagged{record.Domain.Tags}, nil
	}
	record, err := c.ControlPlane.view(c.region, target.api)
	if err != nil {
		return nil, err
	}
	if target.stage == "" {
		return tagged{record.API.Tags}, nil
	}
	s, err := find(record.Stages, target.stage, "stage")
	if err != nil {
		return nil, err
	}
	return tagged{s.Tags}, nil
}

func (c *call) changeTags(edit func(tags map[string]string)) error {
	target, err := c.tagTarget()
	if err != nil {
		return err
	}
	// edited returns tags that are a copy with the change.
	edited := func(tags map[string]string) (map[string]string, error) {
		tags = cloneMap(tags)
		edit(tags)
		return tags, checkTags(tags)
	}
	if target.domain != "" {
		return c.changeDomain(target.domain, func(record *domainRecord) (err error) {
			updated := *record.Domain
			updated.Tags, err = edited(updated.Tags)
			record.Domain = &updated
			return err
		})
	}
	return c.ControlPlane.change(c.region, target.api, func(record *apiRecord) (err error) {
		if target.stage == "" {
			updated := *record.API
			updated.Tags, err = edited(updated.Tags)
			record.API = &updated
			return err
		}
		current, err := find(record.Stages, target.stage, "stage")
		if err != nil {
			return err
		}
		updated := *current
		updated.Tags, err = edited(updated.Tags)
		record.Stages[target.stage] = &updated
		return err
	})
}

func tagResource(c *call) (any, error) {
	var in tagged
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err := c.changeTags(func(tags map[string]string) {
		for key, value := range in.Tags {
			tags[key] = value
		}
	})
	return struct{}{}, err
}

func untagResource(c *call) (any, error) {
	return nil, c.changeTags(func(tags map[string]string) {
		for _, key := range c.request.URL.Query()["tagKeys"] {
			delete(tags, key)
		}
	})
}
