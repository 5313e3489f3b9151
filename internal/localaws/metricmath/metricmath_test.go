package metricmath

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// times are those of three periods.
var times = []int64{60, 120, 180}

// data are errors in one period, requests in two, and a metric without data.
func data() map[string]Series {
	return map[string]Series{"errors": {60: 2, 120: 0}, "requests": {60: 8, 120: 0, 180: 4}, "none": {}}
}

// alarm is an alarm on an expression over the metrics of data.
func alarm(expression string) []Query {
	queries := []Query{{ID: "result", Expression: expression, Returned: true}, {ID: "half", Expression: "requests/2"}}
	for _, id := range []string{"errors", "requests", "none"} {
		queries = append(queries, Query{ID: id, Period: 60})
	}
	return queries
}

func TestExpressions(t *testing.T) {
	for expression, want := range map[string]Series{
		"errors":                               {60: 2, 120: 0},
		"100*errors/requests":                  {60: 25}, // a division by zero gives nothing
		"requests - 2*errors + 1":              {60: 5, 120: 1},
		"-requests^2":                          {60: -64, 120: 0, 180: -16},
		"2^3^2 + 0*errors":                     {60: 512, 120: 512},
		"(1+2)*3 - errors":                     {60: 7, 120: 9},
		"half + .5e1":                          {60: 9, 120: 5, 180: 7},
		"requests > 4":                         {60: 1, 120: 0, 180: 0},
		"requests >= 4 AND errors < 1":         {60: 0, 120: 0},
		"requests == 4 || requests==8":         {60: 1, 120: 0, 180: 1},
		"requests != 0 OR none":                {},
		"FILL(errors, 1)":                      {60: 2, 120: 0, 180: 1},
		"FILL(none, 0)":                        {60: 0, 120: 0, 180: 0},
		"FILL(errors, REPEAT)":                 {60: 2, 120: 0, 180: 0},
		"FILL(none, REPEAT)":                   {},
		"FILL(errors, requests)":               {60: 2, 120: 0, 180: 4},
		"IF(requests > 0, errors/requests, 0)": {60: 0.25, 120: 0}, // at 180 there are no errors to choose
		"IF(requests > 5, requests)":           {60: 8},
		"IF(errors, 1, none)":                  {60: 1},
		"IF(1 > 2, 1, requests)":               {60: 8, 120: 0, 180: 4},
		"SUM(METRICS())":                       {60: 10, 120: 0, 180: 4},
		`SUM(METRICS("err"))`:                  {60: 2, 120: 0},
		`MAX([errors, requests])`:              {60: 8, 120: 0, 180: 4},
		"MIN(METRICS())":                       {60: 2, 120: 0, 180: 4},
		"AVG([errors, requests])":              {60: 5, 120: 0, 180: 4},
		"requests - MIN(requests)":             {60: 8, 120: 0, 180: 4},
		"requests / SUM(errors)":               {60: 4, 120: 0, 180: 2},
		"requests - AVG(requests)":             {60: 4, 120: -4, 180: 0},
		"requests + SUM(none)":                 {},
		"SUM(FILL(METRICS(), 1))":              {60: 11, 120: 1, 180: 6},
		"SUM(10 * METRICS())":                  {60: 100, 120: 0, 180: 40},
		"ABS(errors - requests)":               {60: 6, 120: 0},
		"CEIL(requests/3)":                     {60: 3, 120: 0, 180: 2},
		"FLOOR(requests/3)":                    {60: 2, 120: 0, 180: 1},
		"requests / PERIOD(requests) * 60":     {60: 8, 120: 0, 180: 4},
	} {
		program, err := Compile(alarm(expression))
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		for range 2 { // the data stay as they were
			if got := program.Evaluate(data(), times); !maps.Equal(got, want) {
				t.Errorf("%s gives %v, want %v", expression, got, want)
			}
		}
	}
}

func TestAMetricAloneIsAnAlarmsToo(t *testing.T) {
	program, err := Compile([]Query{{ID: "m", Period: 300, Returned: true}})
	if err != nil || program.Period() != 300 {
		t.Fatal(program, err)
	}
	if got := program.Evaluate(map[string]Series{"m": {60: 1, 600: 2}}, times); fmt.Sprint(got) != "map[60:1]" {
		t.Errorf("got %v", got)
	}
}

func TestAnAlarmIsRefusedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		queries []Query
		message string
		served  bool // AWS refuses it as well
	}{
		"nothing returns data":        {[]Query{{ID: "m", Period: 60}}, "exactly one", true},
		"two return data":             {append(alarm("errors"), Query{ID: "x", Expression: "errors", Returned: true}), "exactly one", true},
		"there is no metric":          {[]Query{{ID: "x", Expression: "1", Returned: true}}, "no metric", true},
		"there are 11":                {make([]Query, 11), "at most 10", true},
		"an id is taken":              {append(alarm("errors"), Query{ID: "half", Expression: "1"}), "not unique", true},
		"an id begins with a capital": {append(alarm("errors"), Query{ID: "Half", Expression: "1"}), "lower case", true},
		"an id is unknown":            {alarm("errors + other"), "no metric or expression other", true},
		"it refers to itself":         {alarm("result + errors"), "refers to itself", true},
		"they refer to each other":    {append(alarm("x + errors"), Query{ID: "x", Expression: "result"}), "refers to itself", true},
		"it results in a number":      {alarm("SUM(errors)"), "not a single time series", true},
		"it results in a list":        {alarm("METRICS()"), "not a single time series", true},
		"lists are added":             {alarm("SUM(METRICS() + METRICS())"), "two lists", true},
		"a list has a number":         {alarm("SUM([errors, 1])"), "no time series", true},
		"a number is summed":          {alarm("errors + SUM(1)"), "arguments of SUM", true},
		"an argument is missing":      {alarm("FILL(errors)"), "arguments of FILL", true},
		"a text is added":             {alarm(`errors + "x"`), "texts", true},
		"a bracket is missing":        {alarm("(errors + 1"), `")" is missing`, true},
		"an operand is missing":       {alarm("errors +"), "ends too early", true},
		"something follows":           {alarm("errors requests"), `"requests" is not expected`, true},
		"it has another character":    {alarm("errors ; 1"), "not understood", true},
		"it is nested too deep":       {alarm(strings.Repeat("(", 99) + "errors" + strings.Repeat(")", 99)), "nested deeper", true},
		"periods differ":              {append(alarm("errors"), Query{ID: "x", Period: 300}), "different periods", false},
		"a function is not served":    {alarm("RATE(errors)"), "the function RATE", false},
		"FILL is linear":              {alarm("FILL(errors, LINEAR)"), "LINEAR", false},
		"it detects anomalies":        {alarm("ANOMALY_DETECTION_BAND(errors, 2)"), "ANOMALY_DETECTION_BAND", false},
		"it searches":                 {alarm(`SUM(SEARCH('{n,d} m', 'Sum'))`), "SEARCH", false},
		"it is a query":               {alarm(`SELECT AVG(m) FROM "n"`), "SELECT", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(c.queries)
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Fatalf("got %v, want %q", err, c.message)
			}
			if errors.Is(err, ErrNotServed) == c.served {
				t.Errorf("that AWS refuses it too: want %v: %v", c.served, err)
			}
		})
	}
}

func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{"100*errors/requests", `SUM(METRICS("err")) > 1`, "IF(errors, FILL(requests, REPEAT), -half^2)", "[errors,none]", "((", "1e999*errors"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, expression string) {
		if program, err := Compile(alarm(expression)); err == nil {
			program.Evaluate(data(), times)
		}
	})
}
