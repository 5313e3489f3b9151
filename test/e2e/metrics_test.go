package e2e_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// measured is what CloudWatch has made of the functions' embedded metrics, after
// people have talked.
func (d *deployment) measured(t *testing.T) {
	localOnly(t, "CloudWatch takes minutes")
	metrics := cloudwatch.NewFromConfig(d.aws)
	for _, m := range []struct{ function, name, reason string }{
		{"authorizer", "Handshakes", ""},
		{"authorizer", "Refusals", ""},
		{"authorizer", "Refusals", "room"},
		{"connect", "Connects", ""},
		{"connect", "Refusals", "connections_per_user"},
		{"disconnect", "Disconnects", ""},
		{"message", "Messages", ""},
		{"message", "Repeats", ""},
		{"message", "FanoutTime", ""},
		{"message", "FanoutDelivered", ""},
		{"message", "HistoryPages", ""},
		{"message", "Refusals", "text_size"},
		{"message", "Failures", "internal"},
	} {
		dimensions := []cloudwatchtypes.Dimension{{Name: ptr("Function"), Value: ptr(d.FunctionNames[m.function])}}
		if m.reason != "" {
			dimensions = append(dimensions, cloudwatchtypes.Dimension{Name: ptr("Reason"), Value: &m.reason})
		}
		eventually(t, m.function+" has counted "+m.name+" "+m.reason, func() bool {
			found, err := metrics.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: ptr("Portcullis"), MetricName: &m.name, Dimensions: dimensions,
				StartTime: ptr(time.Now().Add(-time.Hour)), EndTime: ptr(time.Now().Add(time.Minute)), Period: ptr(int32(3600)),
				Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, point := range found.Datapoints {
				if *point.Sum > 0 {
					return true
				}
			}
			return false
		})
	}
}
