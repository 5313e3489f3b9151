package adapter

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmFields are what the test looks at, in the query protocol's XML.
type alarmFields struct {
	AlarmName, AlarmArn, AlarmDescription, AlarmRule, Namespace, MetricName, Statistic, ExtendedStatistic, Period, EvaluationPeriods  string
	DatapointsToAlarm, Threshold, ThresholdMetricID, TreatMissingData, StateValue, StateReason, StateUpdatedTimestamp, ActionsEnabled string
	ActionsSuppressor, ActionsSuppressorWaitPeriod                                                                                    string
	EvaluateLowSampleCountPercentile                                                                                                  string

	AlarmActions            []string                       `xml:"AlarmActions>member"`
	InsufficientDataActions []string                       `xml:"InsufficientDataActions>member"`
	Dimensions              []struct{ Name, Value string } `xml:"Dimensions>member"`
	Metrics                 []struct {
		ID         string `xml:"Id"`
		Expression string
		ReturnData string
		MetricStat struct {
			Period string
			Stat   string
			Metric struct {
				Namespace  string
				MetricName string
				Dimensions []struct{ Name, Value string } `xml:"Dimensions>member"`
			}
		}
	} `xml:"Metrics>member"`
}

// query calls an operation by a form, as the provider does.
func (w *world) query(form string) (int, string) {
	w.Helper()
	r := must(http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+"/", strings.NewReader(form)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return w.send(r, "monitoring", form)
}

// describe describes one alarm by a form.
func (w *world) describe(name string) alarmFields {
	w.Helper()
	status, text := w.query("Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=" + name + "&AlarmTypes.member.1=MetricAlarm&AlarmTypes.member.2=CompositeAlarm")
	var out struct {
		XMLName   xml.Name      `xml:"http://monitoring.amazonaws.com/doc/2010-08-01/ DescribeAlarmsResponse"`
		Metric    []alarmFields `xml:"DescribeAlarmsResult>MetricAlarms>member"`
		Composite []alarmFields `xml:"DescribeAlarmsResult>CompositeAlarms>member"`
	}
	if err := xml.Unmarshal([]byte(text), &out); status != http.StatusOK || err != nil {
		w.Fatalf("%d %v: %s", status, err, text)
	}
	found := slices.Concat(out.Metric, out.Composite)
	if len(found) != 1 {
		w.Fatalf("%d alarms in %s", len(found), text)
	}
	return found[0]
}

func TestAlarmsOfFormsAreDescribedAsTheyWereDefined(t *testing.T) {
	w := newWorld(t)
	suffix := newRequestID()[:8]
	put := func(form string) {
		t.Helper()
		if status, text := w.query(form + "&Version=2010-08-01"); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	plain := "plain-" + suffix
	put("Action=PutMetricAlarm&AlarmName=" + plain + "&AlarmDescription=a+%3Cb%3E+%26c&Namespace=AWS%2FApiGateway&MetricName=ClientError&Statistic=Sum&Period=300" +
		"&EvaluationPeriods=3&DatapointsToAlarm=2&Threshold=0.5&ComparisonOperator=GreaterThanThreshold&TreatMissingData=notBreaching&ActionsEnabled=true" +
		"&AlarmActions.member.1=arn%3Aaws%3Asns%3Aeu-west-1%3A000000000000%3At&InsufficientDataActions.member.1=arn%3Aaws%3Asns%3Aeu-west-1%3A000000000000%3Au" +
		"&Dimensions.member.1.Name=ApiId&Dimensions.member.1.Value=a&Dimensions.member.2.Name=Stage&Dimensions.member.2.Value=live")
	w.open()
	got := w.describe(plain)
	if got.AlarmDescription != "a <b> &c" || got.Statistic != "Sum" || got.Period != "300" || got.DatapointsToAlarm != "2" || got.Threshold != "0.5" ||
		got.TreatMissingData != "notBreaching" || len(got.InsufficientDataActions) != 1 || len(got.Dimensions) != 2 || got.Dimensions[1].Value != "live" ||
		got.ActionsEnabled != "true" || got.StateValue != "INSUFFICIENT_DATA" || !strings.HasSuffix(got.StateUpdatedTimestamp, "Z") ||
		got.AlarmArn != "arn:aws:cloudwatch:"+testRegion+":"+testAccount+":alarm:"+plain {
		t.Errorf("plain: %+v", got)
	}

	extended := "extended-" + suffix
	put("Action=PutMetricAlarm&AlarmName=" + extended + "&Namespace=N&MetricName=M&ExtendedStatistic=p99&Period=60&EvaluationPeriods=1&Threshold=2000" +
		"&ComparisonOperator=GreaterThanThreshold&EvaluateLowSampleCountPercentile=evaluate")
	if got := w.describe(extended); got.ExtendedStatistic != "p99" || got.Statistic != "" || got.Threshold != "2000" || got.EvaluateLowSampleCountPercentile != "evaluate" {
		t.Errorf("extended statistic: %+v", got)
	}

	mathematical := "math-" + suffix
	put("Action=PutMetricAlarm&AlarmName=" + mathematical + "&EvaluationPeriods=2&Threshold=5&ComparisonOperator=GreaterThanThreshold" +
		"&Metrics.member.1.Id=rate&Metrics.member.1.Expression=100*e%2Fe&Metrics.member.1.ReturnData=true" +
		"&Metrics.member.2.Id=e&Metrics.member.2.ReturnData=false&Metrics.member.2.MetricStat.Period=60&Metrics.member.2.MetricStat.Stat=Sum" +
		"&Metrics.member.2.MetricStat.Metric.Namespace=AWS%2FApiGateway&Metrics.member.2.MetricStat.Metric.MetricName=IntegrationError" +
		"&Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Name=ApiId&Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Value=a")
	got = w.describe(mathematical)
	if got.Statistic != "" || got.Period != "" || got.MetricName != "" || len(got.Metrics) != 2 || got.Metrics[0].Expression != "100*e/e" || got.Metrics[0].ReturnData != "true" ||
		got.Metrics[1].MetricStat.Period != "60" || got.Metrics[1].MetricStat.Metric.Dimensions[0].Value != "a" {
		t.Errorf("metric math: %+v", got)
	}

	composite := "composite-" + suffix
	put("Action=PutCompositeAlarm&AlarmName=" + composite + "&AlarmRule=ALARM%28%22" + plain + "%22%29+AND+NOT+ALARM%28%22" + extended + "%22%29&AlarmDescription=both" +
		"&ActionsSuppressor=" + extended + "&ActionsSuppressorWaitPeriod=60&ActionsSuppressorExtensionPeriod=90&ActionsEnabled=false&AlarmActions.member.1=arn%3Aaws%3Asns%3Aeu-west-1%3A000000000000%3At")
	got = w.describe(composite)
	if got.AlarmRule != `ALARM("`+plain+`") AND NOT ALARM("`+extended+`")` || got.AlarmDescription != "both" || got.ActionsSuppressorWaitPeriod != "60" ||
		got.ActionsEnabled != "false" || len(got.AlarmActions) != 1 {
		t.Errorf("composite: %+v", got)
	}

	put("Action=PutMetricAlarm&AlarmName=" + plain + "&Namespace=N&MetricName=M&Statistic=Average&Period=60&EvaluationPeriods=1&Threshold=1&ComparisonOperator=LessThanThreshold")
	if got := w.describe(plain); got.DatapointsToAlarm != "" || len(got.Dimensions) != 0 || len(got.AlarmActions) != 0 {
		t.Errorf("after an update: %+v", got)
	}
	put("Action=DeleteAlarms&AlarmNames.member.1=" + composite)
	put("Action=DeleteAlarms&AlarmNames.member.1=" + plain + "&AlarmNames.member.2=" + extended + "&AlarmNames.member.3=" + mathematical)
	if left := w.adapter.kept.list(alarmDefinition); len(left) != 0 {
		t.Errorf("left: %s", left)
	}
}

// TestAlarmsOfSDKsAreDescribedAsTheyWereDefined in CBOR, which SDKs speak.
func TestAlarmsOfSDKsAreDescribedAsTheyWereDefined(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	name := aws.String("sdk-" + newRequestID()[:8])
	wanted := &cloudwatch.PutMetricAlarmInput{
		AlarmName: name, EvaluationPeriods: aws.Int32(2), Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
		Metrics: []types.MetricDataQuery{{
			Id: aws.String("m"), ReturnData: aws.Bool(true), Expression: aws.String("e+e"),
		}, {
			Id: aws.String("e"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
				Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &types.Metric{Namespace: aws.String("N"), MetricName: aws.String("M")},
			},
		}},
	}
	must(client.PutMetricAlarm(t.Context(), wanted))
	found := must(client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*name}})).MetricAlarms
	if len(found) != 1 || found[0].Statistic != "" || found[0].Period != nil || *found[0].Threshold != 5 || *found[0].EvaluationPeriods != 2 || found[0].StateUpdatedTimestamp == nil {
		t.Fatalf("got %+v", found)
	}
	wantSame(t, "metrics", found[0].Metrics, wanted.Metrics)

	status, text := w.post("monitoring", "GraniteServiceVersion20100801.DescribeAlarms", `{"AlarmNames":["`+*name+`"]}`)
	var out struct{ MetricAlarms []struct{ Metrics []any } }
	if err := json.Unmarshal([]byte(text), &out); status != http.StatusOK || err != nil || len(out.MetricAlarms) != 1 || len(out.MetricAlarms[0].Metrics) != 2 {
		t.Errorf("in JSON: %d %s", status, text)
	}

	_, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("arn:aws:sns")})
	wantRefusal(t, err, notServed, "ActionPrefix")
}

func TestAnAlarmIsRefusedWhen(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	for what, change := range map[string]func(*cloudwatch.PutMetricAlarmInput){
		"actions of an alarm": func(in *cloudwatch.PutMetricAlarmInput) {
			in.OKActions = []string{"arn:aws:sns:eu-west-1:000000000000:t", "arn:aws:lambda:eu-west-1:000000000000:function:f"}
		},
		"an alarm that ignores":          func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluateLowSampleCountPercentile = aws.String("ignore") },
		"an alarm on the statistic tm90": func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("tm90") },
	} {
		in := &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("refused"), Namespace: aws.String("n"), MetricName: aws.String("m"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		}
		change(in)
		_, err := client.PutMetricAlarm(t.Context(), in)
		wantRefusal(t, err, notServed, what)
		status, text := w.query("Action=PutMetricAlarm&Version=2010-08-01&AlarmName=refused&AlarmActions.member.1=arn%3Aaws%3Aautomate%3Aeu-west-1%3Aec2%3Areboot")
		if status != http.StatusNotImplemented || !strings.Contains(text, "actions of an alarm") {
			t.Errorf("%d %s", status, text)
		}
	}
	if found := must(client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"refused"}})).MetricAlarms; len(found) != 0 {
		t.Errorf("kept %v", found)
	}
}

func TestAnAlarmThatAWSRefusesIsRefused(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	type in = cloudwatch.PutMetricAlarmInput
	for message, change := range map[string]func(*in){
		"Period must be":                 func(i *in) { i.Period = aws.Int32(7) },
		"DatapointsToAlarm must be":      func(i *in) { i.DatapointsToAlarm = aws.Int32(2) },
		"across more than a day":         func(i *in) { i.EvaluationPeriods = aws.Int32(1441) },
		"or than a week":                 func(i *in) { i.Period, i.EvaluationPeriods = aws.Int32(86400), aws.Int32(8) },
		"for parameter TreatMissingData": func(i *in) { i.TreatMissingData = aws.String("nonsense") },
	} {
		input := &in{
			AlarmName: aws.String("invalid"), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: types.StatisticSum, Period: aws.Int32(60),
			EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		}
		change(input)
		_, err := client.PutMetricAlarm(t.Context(), input)
		wantRefusal(t, err, "ValidationError", message)
	}
	for _, period := range []int32{10, 20, 30, 60, 86400} {
		must(client.PutMetricAlarm(t.Context(), &in{
			AlarmName: aws.String("valid"), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: types.StatisticSum, Period: &period,
			EvaluationPeriods: aws.Int32(7), Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		}))
	}
	must(client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"valid"}}))
}

func TestNobodyPutsMetricsOfAWS(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	put := func(namespace string) error {
		return second(client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: &namespace, MetricData: []types.MetricDatum{{MetricName: aws.String("Errors"), Value: aws.Float64(1)}},
		}))
	}
	wantRefusal(t, put("AWS/Lambda"), "InvalidParameterValue", "Namespace")
	if err := put("AWSome"); err != nil {
		t.Error(err)
	}
	if status, text := w.query("Action=PutMetricData&Version=2010-08-01&Namespace=AWS%2FLambda&MetricData.member.1.MetricName=Errors&MetricData.member.1.Value=1"); status != http.StatusBadRequest {
		t.Errorf("by a form: %d %s", status, text)
	}
}

func TestAnAlarmOnMetricMathIsRefusedWhen(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	type in = cloudwatch.PutMetricAlarmInput
	math := func(expression string) func(*in) { return func(i *in) { i.Metrics[0].Expression = &expression } }
	for name, c := range map[string]struct {
		change        func(*in)
		code, message string
	}{
		"it detects anomalies":           {func(i *in) { i.ComparisonOperator = types.ComparisonOperatorGreaterThanUpperThreshold }, notServed, "anomaly detection"},
		"its expression detects them":    {math("ANOMALY_DETECTION_BAND(e, 2)"), notServed, "ANOMALY_DETECTION_BAND"},
		"its function is not served":     {math("RATE(e)"), notServed, "the function RATE"},
		"its metric's statistic is not":  {func(i *in) { i.Metrics[1].MetricStat.Stat = aws.String("tm90") }, notServed, "the statistic tm90"},
		"it is on another account":       {func(i *in) { i.Metrics[1].AccountId = aws.String("123456789012") }, notServed, "another account"},
		"its expression names nothing":   {math("other / e"), "ValidationError", "no metric or expression other"},
		"it has a metric besides":        {func(i *in) { i.MetricName = aws.String("m") }, "ValidationError", "cannot be supplied together"},
		"nothing of it returns data":     {func(i *in) { i.Metrics[0].ReturnData = aws.Bool(false) }, "ValidationError", "exactly one"},
		"it results in more than a line": {math("METRICS()"), "ValidationError", "not a single time series"},
	} {
		t.Run(name, func(t *testing.T) {
			input := &in{
				AlarmName: aws.String("math refused"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
				Metrics: []types.MetricDataQuery{
					{Id: aws.String("x"), Expression: aws.String("2 * e")},
					{Id: aws.String("e"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
						Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &types.Metric{Namespace: aws.String("N"), MetricName: aws.String("M")},
					}},
				},
			}
			c.change(input)
			_, err := client.PutMetricAlarm(t.Context(), input)
			wantRefusal(t, err, c.code, c.message)
		})
	}
	if found := must(client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"math refused"}})).MetricAlarms; len(found) != 0 {
		t.Errorf("kept %v", found)
	}
}

func TestIAMJudgesAlarms(t *testing.T) {
	w := newWorld(t)
	id, secret := w.user(allow("cloudwatch:GetMetricData", "*"))
	client := cloudwatch.NewFromConfig(w.as(testRegion, id, secret))
	_, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	wantRefusal(t, err, "AccessDeniedException", "cloudwatch:DescribeAlarms")
	_, err = client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("x"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold})
	wantRefusal(t, err, "AccessDeniedException", "cloudwatch:PutMetricAlarm")
	_, err = client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []types.MetricDatum{{MetricName: aws.String("M"), Value: aws.Float64(1)}}})
	wantRefusal(t, err, "AccessDeniedException", "cloudwatch:PutMetricData")
	must(client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now()), MetricDataQueries: []types.MetricDataQuery{}}))
	if kept := w.adapter.kept.list(alarmDefinition); len(kept) != 0 {
		t.Errorf("kept %s", kept)
	}
}

func TestPagesOfAlarms(t *testing.T) {
	w := newWorld(t)
	client := cloudwatch.NewFromConfig(w.config(testRegion))
	prefix := "page-" + newRequestID()[:8]
	for _, n := range []string{"-a", "-b", "-c"} {
		must(client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(prefix + n), Namespace: aws.String("N"), MetricName: aws.String("M"), Statistic: types.StatisticSum, Period: aws.Int32(60),
			EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		}))
	}
	names := []string{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix, MaxRecords: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, alarm := range must(pages.NextPage(t.Context())).MetricAlarms {
			names = append(names, strings.TrimPrefix(*alarm.AlarmName, prefix))
		}
	}
	if strings.Join(names, "") != "-a-b-c" {
		t.Errorf("got %v", names)
	}
}
