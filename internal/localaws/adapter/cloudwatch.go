package adapter

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/alarms"
	"github.com/portcullis-chat/portcullis/internal/localaws/metricmath"
)

// MiniStack loses parts of alarms: all of metric math, and in the query protocol
// half of what is plain. It also describes a statistic and a period that were
// never given. So a definition is described as it was sent, and MiniStack adds
// the state.
var cloudWatchEntries = map[string]entry{
	"PutMetricAlarm":    (*Adapter).putAlarm,
	"PutCompositeAlarm": (*Adapter).putAlarm,
	"DescribeAlarms":    (*Adapter).describeAlarms,
	"DeleteAlarms":      (*Adapter).deleteAlarms,
	"PutMetricData":     (*Adapter).putMetricData,
}

// alarmDefinition is the kind in the store: what an alarm was defined with, by
// Region and name.
const alarmDefinition = "cloudwatch alarm"

const cloudWatchNamespace = "http://monitoring.amazonaws.com/doc/2010-08-01/"

var alarmTypes = memberTypes{
	integers: []string{
		"Period", "EvaluationPeriods", "DatapointsToAlarm", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod",
		"EvaluationInterval", "MaxRecords",
	},
	floats:     []string{"Threshold"},
	booleans:   []string{"ActionsEnabled", "ReturnData"},
	timestamps: []string{"AlarmConfigurationUpdatedTimestamp", "StateTransitionedTimestamp", "StateUpdatedTimestamp"},
}

// alarmState are the members of an alarm that are no part of its definition, or
// that other operations change.
var alarmState = []string{
	"ActionsEnabled", "ActionsSuppressedBy", "ActionsSuppressedReason", "AlarmArn", "AlarmConfigurationUpdatedTimestamp", "AlarmName",
	"EvaluationState", "StateReason", "StateReasonData", "StateTransitionedTimestamp", "StateUpdatedTimestamp", "StateValue",
}

// notDescribed are parameters of a definition that are no members of an alarm.
var notDescribed = []string{"Tags", "Action", "Version"}

func alarmKey(region, name string) string { return region + "/" + name }

// evaluatedStatistic are the extended statistics that package alarms can have
// from MiniStack, which takes others for the average.
var evaluatedStatistic = regexp.MustCompile(`\Ap(100|\d{1,2}(\.\d{1,10})?)\z`)

// unservedAlarm says what of an alarm would be kept without effect.
func unservedAlarm(definition map[string]any) string {
	for _, state := range []string{"AlarmActions", "OKActions", "InsufficientDataActions"} {
		actions, _ := definition[state].([]any)
		for _, action := range actions {
			if arn, _ := action.(string); !strings.HasPrefix(arn, "arn:aws:sns:") {
				return "actions of an alarm other than to notify an SNS topic"
			}
		}
	}
	if statistic, _ := definition["ExtendedStatistic"].(string); statistic != "" && !evaluatedStatistic.MatchString(statistic) {
		return "an alarm on the statistic " + statistic
	}
	if definition["EvaluateLowSampleCountPercentile"] == "ignore" {
		return "an alarm that ignores percentiles of few samples"
	}
	return ""
}

func (a *Adapter) putAlarm(c *call) (*answer, error) {
	definition, err := c.parameters(alarmTypes)
	if err != nil {
		return nil, err
	}
	if what := unservedAlarm(definition); what != "" {
		return refusal(c.request, c.Call, 501, notServed, "not served by the local stack: "+what), nil
	}
	if refused := a.checkMath(c, definition); refused != nil {
		return refused, nil
	}
	if why := invalidAlarm(definition); why != "" {
		return c.refuse("ValidationError", why), nil
	}
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	name, _ := definition["AlarmName"].(string)
	for _, member := range notDescribed {
		delete(definition, member)
	}
	return given, a.kept.put(alarmDefinition, alarmKey(c.Region, name), definition)
}

// invalidAlarm says why AWS refuses an alarm that MiniStack takes
// (PutMetricAlarm).
func invalidAlarm(definition map[string]any) string {
	number := func(member string) float64 {
		n, _ := definition[member].(float64)
		return n
	}
	period, evaluated := number("Period"), number("EvaluationPeriods")
	for _, metric := range queriesOf(definition) {
		if metric.MetricStat != nil && metric.MetricStat.Period != nil {
			period = float64(*metric.MetricStat.Period)
		}
	}
	longest := 86_400.0 // of all periods together, in seconds
	if period >= 3600 {
		longest = 7 * 86_400
	}
	switch treat, _ := definition["TreatMissingData"].(string); {
	case period != 0 && period != 10 && period != 20 && period != 30 && math.Mod(period, 60) != 0:
		return "Period must be 10, 20, 30 or a multiple of 60"
	case number("DatapointsToAlarm") > evaluated:
		return "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
	case period*evaluated > longest:
		return "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or than a week for periods of an hour and more"
	case !slices.Contains([]string{"", "breaching", "notBreaching", "ignore", "missing"}, treat):
		return "Value " + treat + " for parameter TreatMissingData is invalid: breaching, notBreaching, ignore and missing are valid"
	}
	return ""
}

// queriesOf are the metrics and expressions of a definition.
func queriesOf(definition map[string]any) []types.MetricDataQuery {
	var queries []types.MetricDataQuery
	if json.Unmarshal(mustJSON(definition["Metrics"]), &queries) != nil {
		return nil
	}
	return queries
}

// putMetricData refuses metrics of AWS's own namespaces.
func (a *Adapter) putMetricData(c *call) (*answer, error) {
	in, err := c.parameters(memberTypes{})
	if err != nil {
		return c.forward(), nil // which refuses it
	}
	if namespace, _ := in["Namespace"].(string); strings.HasPrefix(namespace, "AWS/") {
		return c.refuse("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."), nil
	}
	return c.forward(), nil
}

// checkMath refuses an alarm on metric math that cannot be evaluated, and one that
// AWS refuses.
func (a *Adapter) checkMath(c *call, definition map[string]any) *answer {
	switch definition["ComparisonOperator"] {
	case "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold":
		return refusal(c.request, c.Call, http.StatusNotImplemented, notServed, "not served by the local stack: an alarm on anomaly detection")
	}
	metrics, ok := definition["Metrics"].([]any)
	if !ok || len(metrics) == 0 {
		return nil
	}
	if definition["MetricName"] != nil {
		return c.refuse("ValidationError", "MetricName and Metrics list cannot be supplied together in the same request") // of either protocol
	}
	for _, metric := range metrics {
		if metric, _ := metric.(map[string]any); metric["AccountId"] != nil {
			return refusal(c.request, c.Call, http.StatusNotImplemented, notServed, "not served by the local stack: an alarm on metrics of another account")
		}
	}
	_, err := alarms.Compile(queriesOf(definition))
	switch {
	case errors.Is(err, metricmath.ErrNotServed):
		return refusal(c.request, c.Call, http.StatusNotImplemented, notServed, "not served by the local stack: "+err.Error())
	case err != nil:
		return c.refuse("ValidationError", "Invalid metrics list: "+err.Error())
	}
	return nil
}

// AlarmMetrics are the metrics and expressions of an alarm on metric math; none
// of another alarm.
func (a *Adapter) AlarmMetrics(region, name string) ([]types.MetricDataQuery, error) {
	var definition struct{ Metrics []types.MetricDataQuery }
	_, err := a.kept.get(alarmDefinition, alarmKey(region, name), &definition)
	return definition.Metrics, err
}

func (a *Adapter) deleteAlarms(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	in, err := c.parameters(alarmTypes)
	if err != nil {
		return nil, err
	}
	names, _ := in["AlarmNames"].([]any)
	for _, name := range names {
		name, _ := name.(string)
		if err := a.kept.drop(alarmDefinition, alarmKey(c.Region, name)); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// describeAlarms answers from MiniStack's JSON, the only complete of its
// protocols, once MiniStack has answered the caller in the caller's own.
func (a *Adapter) describeAlarms(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	in, err := c.parameters(alarmTypes)
	if err != nil {
		return nil, err
	}
	for _, filter := range []string{"ActionPrefix", "ChildrenOfAlarmName", "ParentsOfAlarmName"} {
		if in[filter] != nil {
			return refusal(c.request, c.Call, 501, notServed, "not served by the local stack: monitoring:DescribeAlarms with "+filter), nil
		}
	}
	delete(in, "Action")
	delete(in, "Version")
	var out map[string]any
	if err := a.emulator.ask(c.request.Context(), "monitoring", c.Region, "GraniteServiceVersion20100801.DescribeAlarms", in, &out); err != nil {
		return nil, err
	}
	for _, kind := range []string{"MetricAlarms", "CompositeAlarms"} {
		alarms, _ := out[kind].([]any)
		for i := range alarms {
			alarm, _ := alarms[i].(map[string]any)
			if alarms[i], err = a.wholeAlarm(c.Region, alarm); err != nil {
				return nil, err
			}
		}
	}
	return c.reply(out, alarmTypes, cloudWatchNamespace)
}

// wholeAlarm is an alarm's definition as it was sent with the state that
// MiniStack knows.
func (a *Adapter) wholeAlarm(region string, alarm map[string]any) (map[string]any, error) {
	name, _ := alarm["AlarmName"].(string)
	whole := map[string]any{"AlarmActions": []any{}, "OKActions": []any{}, "InsufficientDataActions": []any{}}
	if _, composite := alarm["AlarmRule"]; !composite {
		whole["Dimensions"] = []any{}
	}
	var definition map[string]any
	found, err := a.kept.get(alarmDefinition, alarmKey(region, name), &definition)
	if err != nil || !found {
		return alarm, err
	}
	maps.Copy(whole, definition)
	for _, member := range alarmState {
		if value := alarm[member]; value != nil {
			whole[member] = value
		}
	}
	return whole, nil
}
