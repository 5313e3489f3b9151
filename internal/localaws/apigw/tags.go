package apigw

import (
	"regexp"
	"strings"
)

// maxTags is AWS's limit of tags on a resource.
const maxTags = 50

// taggable is the form of the ARNs that tags can be put on.
var taggable = regexp.MustCompile(`^arn:aws[a-z-]*:apigateway:([a-z0-9-]+)::/apis/([a-z0-9]+)(?:/stages/([a-zA-Z0-9_-]+))?$`)

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

// tagTarget reads the ARN in the path: an API's id, and a stage's name if the
// ARN is of a stage.
func (c *call) tagTarget() (apiID, stageName string, err error) {
	arn := c.param("arn")
	match := taggable.FindStringSubmatch(arn)
	if match == nil || match[1] != c.region {
		return "", "", notFound("Invalid resource ARN specified: %s", arn)
	}
	return match[2], match[3], nil
}

func getTags(c *call) (any, error) {
	apiID, stageName, err := c.tagTarget()
	if err != nil {
		return nil, err
	}
	record, err := c.ControlPlane.view(c.region, apiID)
	if err != nil {
		return nil, err
	}
	if stageName == "" {
		return tagged{record.API.Tags}, nil
	}
	s, err := find(record.Stages, stageName, "stage")
	if err != nil {
		return nil, err
	}
	return tagged{s.Tags}, nil
}

func (c *call) changeTags(edit func(tags map[string]string)) error {
	apiID, stageName, err := c.tagTarget()
	if err != nil {
		return err
	}
	return c.ControlPlane.change(c.region, apiID, func(record *apiRecord) error {
		if stageName == "" {
			updated := *record.API
			updated.Tags = cloneMap(updated.Tags)
			edit(updated.Tags)
			record.API = &updated
			return checkTags(updated.Tags)
		}
		current, err := find(record.Stages, stageName, "stage")
		if err != nil {
			return err
		}
		updated := *current
		updated.Tags = cloneMap(updated.Tags)
		edit(updated.Tags)
		record.Stages[stageName] = &updated
		return checkTags(updated.Tags)
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
