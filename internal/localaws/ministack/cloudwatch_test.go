package ministack

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// What main.py replaces, and that CBOR, which the SDK speaks, arrives.
func TestCloudWatchKeepsMetricsApartAndLeavesAlarmsAlone(t *testing.T) {
	s, err := Start(t.Context(), config(t, installed(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	client := cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: aws.String(s.URL()), Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	alarm := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("a"), Namespace: aws.String("AWS/Test"), MetricName: aws.String("m"), Statistic: types.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
	if _, err := client.PutMetricAlarm(t.Context(), alarm); err != nil {
		t.Fatal(err)
	}
	data := func(value float64, dimensions ...types.Dimension) types.MetricDatum {
		return types.MetricDatum{MetricName: aws.String("m"), Dimensions: dimensions, Values: []float64{value, 10 * value}, Counts: []float64{2, 1}}
	}
	one := types.Dimension{Name: aws.String("d"), Value: aws.String("one")}
	if _, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/Test"), MetricData: []types.MetricDatum{data(1), data(100, one)},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutMetricAlarm(t.Context(), alarm); err != nil {
		t.Fatal(err)
	}
	alarms, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if state := alarms.MetricAlarms[0].StateValue; state != types.StateValueInsufficientData {
		t.Errorf("MiniStack moved the alarm to %s", state)
	}
	from, to := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	for want, dimensions := range map[float64][]types.Dimension{12: nil, 1200: {one}} {
		statistics, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Test"), MetricName: aws.String("m"), Dimensions: dimensions, Period: aws.Int32(7200),
			StartTime: from, EndTime: to, Statistics: []types.Statistic{types.StatisticSum},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(statistics.Datapoints) == 0 || *statistics.Datapoints[0].Sum != want {
			t.Errorf("statistics of %v: %v, want %g", dimensions, statistics.Datapoints, want)
		}
		values, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: from, EndTime: to, MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("q"), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("AWS/Test"), MetricName: aws.String("m"), Dimensions: dimensions},
				Period: aws.Int32(7200), Stat: aws.String("Sum"),
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := values.MetricDataResults[0].Values; len(got) == 0 || got[0] != want {
			t.Errorf("data of %v: %v, want %g", dimensions, got, want)
		}
	}
}
