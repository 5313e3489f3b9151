package apigw

import (
	"maps"
	"regexp"
	"slices"
	"time"
)

// maxStages is AWS's default quota for stages of an API.
const maxStages = 10

type stage struct {
	StageName            string                   `json:"stageName"`
	AccessLogSettings    *accessLogSettings       `json:"accessLogSettings,omitempty"`
	AutoDeploy           bool                     `json:"autoDeploy"`
	CreatedDate          time.Time                `json:"createdDate"`
	DefaultRouteSettings routeSettings            `json:"defaultRouteSettings"`
	DeploymentID         string                   `json:"deploymentId,omitempty"`
	Description          string                   `json:"description,omitempty"`
	LastUpdatedDate      time.Time                `json:"lastUpdatedDate"`
	RouteSettings        map[string]routeSettings `json:"routeSettings"`
	StageVariables       map[string]string        `json:"stageVariables"`
	Tags                 map[string]string        `json:"tags"`
}

// routeSettings holds what was set; a throttle that was not set is not shown
// and leaves the account's in force, whereas one that was set to 0 lets
// nothing pass.
type routeSettings struct {
	DataTraceEnabled       *bool    `json:"dataTraceEnabled,omitempty"`
	DetailedMetricsEnabled *bool    `json:"detailedMetricsEnabled,omitempty"`
	LoggingLevel           *string  `json:"loggingLevel,omitempty"`
	ThrottlingBurstLimit   *int     `json:"throttlingBurstLimit,omitempty"`
	ThrottlingRateLimit    *float64 `json:"throttlingRateLimit,omitempty"`
}

// merge returns the settings with those that were sent in their place.
func (s routeSettings) merge(sent routeSettings) (routeSettings, error) {
	overlay(&s.DataTraceEnabled, sent.DataTraceEnabled)
	overlay(&s.DetailedMetricsEnabled, sent.DetailedMetricsEnabled)
	overlay(&s.LoggingLevel, sent.LoggingLevel)
	overlay(&s.ThrottlingBurstLimit, sent.ThrottlingBurstLimit)
	overlay(&s.ThrottlingRateLimit, sent.ThrottlingRateLimit)
	if s.LoggingLevel != nil {
		if err := checkOneOf("LoggingLevel", *s.LoggingLevel, "OFF", "ERROR", "INFO"); err != nil {
			return s, err
		}
	}
	if s.ThrottlingBurstLimit != nil && *s.ThrottlingBurstLimit < 0 {
		return s, badRequest("Invalid ThrottlingBurstLimit %d: it must not be negative", *s.ThrottlingBurstLimit)
	}
	if s.ThrottlingRateLimit != nil && *s.ThrottlingRateLimit < 0 {
		return s, badRequest("Invalid ThrottlingRateLimit %g: it must not be negative", *s.ThrottlingRateLimit)
	}
	return s, nil
}

func overlay[T any](member **T, sent *T) {
	if sent != nil {
		*member = sent
	}
}

type stageInput struct {
	StageName            *string                  `json:"stageName"`
	AccessLogSettings    *accessLogSettings       `json:"accessLogSettings"`
	AutoDeploy           *bool                    `json:"autoDeploy"`
	ClientCertificateID  *string                  `json:"clientCertificateId"`
	DefaultRouteSettings *routeSettings           `json:"defaultRouteSettings"`
	DeploymentID         *string                  `json:"deploymentId"`
	Description          *string                  `json:"description"`
	RouteSettings        map[string]routeSettings `json:"routeSettings"`
	StageVariables       map[string]string        `json:"stageVariables"`
	Tags                 *map[string]string       `json:"tags"`
}

var (
	stageName          = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	stageVariableName  = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]+$`)
)

func (in *stageInput) apply(record *apiRecord, s *stage) error {
	if in.AutoDeploy != nil && *in.AutoDeploy {
		return notServed("auto_deploy; create a deployment and name it in the stage")
	}
	if filled(in.ClientCertificateID) {
		return notServed("client certificates")
	}
	assign(&s.Description, in.Description)
	assign(&s.DeploymentID, in.DeploymentID)
	if err := checkLength("Description", s.Description, 0, 1024); err != nil {
		return err
	}
	if _, ok := record.Deployments[s.DeploymentID]; !ok && s.DeploymentID != "" {
		return badRequest("Deployment id does not exist")
	}
	if in.AccessLogSettings != nil {
		// The provider sends empty settings to take the access log away.
		s.AccessLogSettings = in.AccessLogSettings
		if *s.AccessLogSettings == (accessLogSettings{}) {
			s.AccessLogSettings = nil
		} else if err := s.AccessLogSettings.check(); err != nil {
			return err
		}
	}
	if err := in.applyRouteSettings(record, s); err != nil {
		return err
	}
	return in.applyVariables(s)
}

func (in *stageInput) applyRouteSettings(record *apiRecord, s *stage) error {
	var err error
	if in.DefaultRouteSettings != nil {
		if s.DefaultRouteSettings, err = s.DefaultRouteSettings.merge(*in.DefaultRouteSettings); err != nil {
			return err
		}
	}
	s.RouteSettings = cloneMap(s.RouteSettings)
	for _, key := range slices.Sorted(maps.Keys(in.RouteSettings)) {
		if len(record.routesWith(func(r *route) bool { return r.RouteKey == key })) == 0 {
			return notFound("Unable to find Route by key %s within the provided RouteSettings", key)
		}
		if s.RouteSettings[key], err = s.RouteSettings[key].merge(in.RouteSettings[key]); err != nil {
			return err
		}
	}
	return nil
}

// applyVariables sets the variables that were sent; an empty value removes one.
func (in *stageInput) applyVariables(s *stage) error {
	s.StageVariables = cloneMap(s.StageVariables)
	for _, name := range slices.Sorted(maps.Keys(in.StageVariables)) {
		value := in.StageVariables[name]
		if value == "" {
			delete(s.StageVariables, name)
			continue
		}
		if !stageVariableName.MatchString(name) || !stageVariableValue.MatchString(value) {
			return badRequest("Stage variable %s is invalid: names can have alphanumeric and underscore characters, "+
				"and values must match [A-Za-z0-9-._~:/?#&=,]+", name)
		}
		s.StageVariables[name] = value
	}
	return nil
}

// logs tells whether a request asks for a log of either kind.
func (in *stageInput) logs() bool {
	logging := func(s routeSettings) bool { return s.LoggingLevel != nil && *s.LoggingLevel != "OFF" }
	if in.AccessLogSettings != nil && *in.AccessLogSettings != (accessLogSettings{}) || in.DefaultRouteSettings != nil && logging(*in.DefaultRouteSettings) {
		return true
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(in.RouteSettings)), logging)
}

// decodeStage reads a request about a stage. AWS refuses logs, also access logs,
// for which HTTP APIs need no role, while the account has no role for them.
func (c *call) decodeStage(in *stageInput) error {
	if err := c.decode(in); err != nil || !in.logs() {
		return err
	}
	role, err := c.cfg.LoggingRole(c.request.Context(), c.region)
	if err == nil && role == "" {
		err = badRequest("CloudWatch Logs role ARN must be set in account settings to enable logging")
	}
	return err
}

func createStage(c *call) (any, error) {
	var in stageInput
	if err := c.decodeStage(&in); err != nil {
		return nil, err
	}
	off, no := "OFF", false
	s := &stage{
		CreatedDate:          c.now(),
		LastUpdatedDate:      c.now(),
		DefaultRouteSettings: routeSettings{DataTraceEnabled: &no, DetailedMetricsEnabled: &no, LoggingLevel: &off},
		Tags:                 map[string]string{},
	}
	assign(&s.StageName, in.StageName)
	assign(&s.Tags, in.Tags)
	if !stageName.MatchString(s.StageName) || len(s.StageName) > 128 {
		return nil, badRequest("Invalid stage name %q: 1 to 128 alphanumeric characters, hyphens and underscores are allowed", s.StageName)
	}
	if err := checkTags(s.Tags); err != nil {
		return nil, err
	}
	err := c.change(func(record *apiRecord) error {
		if _, ok := record.Stages[s.StageName]; ok {
			return conflict("Stage already exists")
		}
		if len(record.Stages) >= maxStages {
			return limitReached("Stages")
		}
		record.Stages[s.StageName] = s
		return in.apply(record, s)
	})
	return s, err
}

func listStages(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return page(c, record.Stages)
}

func (a *apiRecord) stage(c *call) (*stage, error) {
	return find(a.Stages, c.param("stage"), "stage")
}

func getStage(c *call) (any, error) {
	record, err := c.view()
	if err != nil {
		return nil, err
	}
	return record.stage(c)
}

// changeStage lets edit work on a copy of the stage that the path names.
func (c *call) changeStage(edit func(*apiRecord, *stage) error) (*stage, error) {
	var updated stage
	err := c.change(func(record *apiRecord) error {
		current, err := record.stage(c)
		if err != nil {
			return err
		}
		updated = *current
		updated.LastUpdatedDate = c.now()
		record.Stages[updated.StageName] = &updated
		return edit(record, &updated)
	})
	return &updated, err
}

func updateStage(c *call) (any, error) {
	var in stageInput
	if err := c.decodeStage(&in); err != nil {
		return nil, err
	}
	return c.changeStage(in.apply)
}

func deleteStage(c *call) (any, error) {
	return nil, c.change(func(record *apiRecord) error {
		current, err := record.stage(c)
		if err != nil {
			return err
		}
		if c.mapped(c.region, record.API.APIID, current.StageName) {
			return badRequest("Deleting stage %s failed. Please remove all API mappings for the stage from your custom domain names.", current.StageName)
		}
		delete(record.Stages, current.StageName)
		return nil
	})
}

func deleteRouteSettings(c *call) (any, error) {
	_, err := c.changeStage(func(_ *apiRecord, s *stage) error {
		key := c.param("key")
		if _, ok := s.RouteSettings[key]; !ok {
			return notFound("Unable to find Route by key %s within the provided RouteSettings", key)
		}
		s.RouteSettings = cloneMap(s.RouteSettings)
		delete(s.RouteSettings, key)
		return nil
	})
	return nil, err
}

func deleteAccessLogSettings(c *call) (any, error) {
	_, err := c.changeStage(func(_ *apiRecord, s *stage) error {
		s.AccessLogSettings = nil
		return nil
	})
	return nil, err
}
