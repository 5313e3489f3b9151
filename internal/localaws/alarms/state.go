package alarms

// datapoint is what one period says of a metric.
type datapoint int

const (
	missing datapoint = iota
	within            // the threshold
	breaching
)

// The states of an alarm; retain leaves it in the one it is in.
const (
	stateOK           = "OK"
	stateAlarm        = "ALARM"
	stateInsufficient = "INSUFFICIENT_DATA"
	retain            = ""
)

// verdict is the state that an alarm is in by its data points, the oldest first:
// those of all periods of its evaluation range. need of the last evaluated ones
// have to be breaching; treat says what a missing one is (CloudWatch user guide,
// "How alarm state is evaluated when data is missing" and "Avoiding premature
// transitions to alarm state").
func verdict(points []datapoint, need, evaluated int, treat string) string {
	var present []datapoint
	oldest := 0 // how many periods ago the oldest breaching one was, counting from 1
	for i, point := range points {
		if point == missing {
			continue
		}
		present = append(present, point)
		if point == breaching && oldest == 0 {
			oldest = len(points) - i
		}
	}
	// What is missing only matters when there is too little else.
	if len(present) >= evaluated {
		if count(present[len(present)-evaluated:], breaching) >= need {
			return stateAlarm
		}
		return stateOK
	}
	bad := count(present, breaching)
	if treat == "breaching" {
		bad += evaluated - len(present)
	}
	switch {
	case bad >= need:
		return stateAlarm
	case treat == "breaching", treat == "notBreaching", count(present, within) > 0:
		return stateOK
	case treat == "ignore":
		return retain
	case oldest >= need:
		return stateAlarm
	default:
		return stateInsufficient
	}
}

func count(points []datapoint, what datapoint) int {
	n := 0
	for _, point := range points {
		if point == what {
			n++
		}
	}
	return n
}
