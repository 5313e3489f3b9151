package apigw

import (
	"cmp"
	"maps"
	"slices"
)

// Summary is what `portcullis local status` shows of an API.
type Summary struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Region   string   `json:"region"`
	Endpoint string   `json:"endpoint"`
	Stages   []string `json:"stages"`
}

// APIs lists the APIs of all regions by name, each with its stages that serve a
// deployment.
func (c *ControlPlane) APIs() []Summary {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := []Summary{}
	for region, apis := range c.state.Regions {
		for id, record := range apis {
			stages := []string{}
			for _, name := range slices.Sorted(maps.Keys(record.Stages)) {
				if _, ok := record.Snapshots[record.Stages[name].DeploymentID]; ok {
					stages = append(stages, name)
				}
			}
			list = append(list, Summary{id, record.API.Name, region, record.API.APIEndpoint, stages})
		}
	}
	slices.SortFunc(list, func(a, b Summary) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}
