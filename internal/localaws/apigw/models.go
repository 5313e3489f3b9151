package apigw

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
)

// maxSchema is the length of a model's schema in characters.
const maxSchema = 32768

type model struct {
	ModelID     string `json:"modelId"`
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Description string `json:"description,omitempty"`
	Schema      string `json:"schema"`
}

type modelInput struct {
	Name        *string `json:"name"`
	ContentType *string `json:"contentType"`
	Description *string `json:"description"`
	Schema      *string `json:"schema"`
}

var modelName = regexp.MustCompile(`^[a-zA-Z0-9]{1,128}$`)

func (in *modelInput) apply(record *apiRecord, m *model) error {
	before := m.Name
	assign(&m.Name, in.Name)
	assign(&m.ContentType, in.ContentType)
	assign(&m.Description, in.Description)
	assign(&m.Schema, in.Schema)
	if !modelName.MatchString(m.Name) {
		return badRequest("Model name must be alphanumeric: %s", m.Name)
	}
	for _, other := range record.Models {
		if other.Name == m.Name && other.ModelID != m.ModelID {
			return conflict("Model name already exists for this API")
		}
	}
	if before != "" && before != m.Name {
		if err := record.checkModelUnused(before); err != nil {
			return err
		}
	}
	if err := checkLength("ContentType", m.ContentType, 1, 256); err != nil {
		return err
	}
	if err := checkLength("Description", m.Description, 0, 1024); err != nil {
		return err
	}
	if err := checkLength("Schema", m.Schema, 1, maxSchema); err != nil {
		return err
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(m.Schema), &schema); err != nil {
		return badRequest("Invalid model schema specified: %v", err)
	}
	return nil
}

// checkModels refuses names of models that the API does not have.
func (a *apiRecord) checkModels(models map[string]string) error {
	for _, name := range slices.Sorted(maps.Values(models)) {
		if !a.hasModel(name) {
			return badRequest("Invalid model specified: %s", name)
		}
	}
	return nil
}

func (a *apiRecord) hasModel(name string) bool {
	for _, m := range a.Models {
		if m.Name == name {
			return true
		}
	}
	return false
}

func (a *apiRecord) checkModelUnused(name string) error {
	for _, r := range a.routesWith(func(*route) bool { return true }) {
		used := false
		for _, response := range a.RouteResponses[r.RouteID] {
			used = used || slices.Contains(slices.Collect(maps.Values(response.ResponseModels)), name)
		}
		if used {
			return conflict("Cannot delete model '%s', is referenced in route: %s", name, r.RouteKey)
		}
	}
	return nil
}

func createModel(c *call) (any, error) {
	var in modelInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m := &model{ContentType: "application/json"}
	err := c.change(func(record *apiRecord) error {
		m.ModelID = newID(otherIDLength, record.Models)
		record.Models[m.ModelID] = m
		return in.apply(record, m)
	})
	return m, err
}

func listModels(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Models)
}

func (a *apiRecord) model(c *call) (*model, error) {
	return find(a.Models, c.param("model"), "Model")
}

func getModel(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.model(c)
}

func updateModel(c *call) (any, error) {
	var in modelInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated model
	err := c.change(func(record *apiRecord) error {
		current, err := record.model(c)
		if err != nil {
			return err
		}
		updated = *current
		record.Models[updated.ModelID] = &updated
		return in.apply(record, &updated)
	})
	return &updated, err
}

func deleteModel(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.model(c)
		if err != nil {
			return err
		}
		if err := record.checkModelUnused(current.Name); err != nil {
			return err
		}
		delete(record.Models, current.ModelID)
		return nil
	})
}
