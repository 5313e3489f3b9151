package apigw

import "time"

type deployment struct {
	DeploymentID     string    `json:"deploymentId"`
	AutoDeployed     bool      `json:"autoDeployed"`
	CreatedDate      time.Time `json:"createdDate"`
	DeploymentStatus string    `json:"deploymentStatus"`
	Description      string    `json:"description,omitempty"`
}

type deploymentInput struct {
	Description *string `json:"description"`
	StageName   *string `json:"stageName"`
}

func (in *deploymentInput) apply(d *deployment) error {
	assign(&d.Description, in.Description)
	return checkLength("Description", d.Description, 0, 1024)
}

func createDeployment(c *call) (any, error) {
	var in deploymentInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := &deployment{CreatedDate: c.now(), DeploymentStatus: "DEPLOYED"}
	err := c.change(func(record *apiRecord) error {
		if len(record.Routes) == 0 {
			return badRequest("At least one route is required before deploying the Api.")
		}
		d.DeploymentID = newID(shortIDLength, record.Deployments)
		record.Deployments[d.DeploymentID] = d
		record.Snapshots[d.DeploymentID] = record.snapshot(d.DeploymentID)
		if filled(in.StageName) {
			current, err := find(record.Stages, *in.StageName, "stage")
			if err != nil {
				return err
			}
			moved := *current
			moved.DeploymentID = d.DeploymentID
			moved.LastUpdatedDate = c.now()
			record.Stages[moved.StageName] = &moved
		}
		return in.apply(d)
	})
	return d, err
}

func listDeployments(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Deployments)
}

func (a *apiRecord) deployment(c *call) (*deployment, error) {
	return find(a.Deployments, c.param("deployment"), "Deployment")
}

func getDeployment(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.deployment(c)
}

func updateDeployment(c *call) (any, error) {
	var in deploymentInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var updated deployment
	err := c.change(func(record *apiRecord) error {
		current, err := record.deployment(c)
		if err != nil {
			return err
		}
		updated = *current
		record.Deployments[updated.DeploymentID] = &updated
		return in.apply(&updated)
	})
	return &updated, err
}

func deleteDeployment(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.deployment(c)
		if err != nil {
			return err
		}
		for _, s := range record.Stages {
			if s.DeploymentID == current.DeploymentID {
				return badRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		delete(record.Deployments, current.DeploymentID)
		delete(record.Snapshots, current.DeploymentID)
		return nil
	})
}
