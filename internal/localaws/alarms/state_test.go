package alarms

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// points reads the notation of AWS's documentation.
func points(notation string) []datapoint {
	var list []datapoint
	for point := range strings.FieldsSeq(notation) {
		list = append(list, map[string]datapoint{"-": missing, "0": within, "X": breaching}[point])
	}
	return list
}

// The tables of "How alarm state is evaluated when data is missing", in the
// editions of 2019 and of today.
func TestVerdictsAreThoseOfAWSsTables(t *testing.T) {
	const insufficient, kept = stateInsufficient, retain
	for _, c := range []struct {
		points                                   string
		need                                     int
		missing, ignore, breaching, notBreaching string
	}{
		{"0 - X - X", 3, "OK", "OK", "OK", "OK"},
		{"0 - - - -", 3, "OK", "OK", "OK", "OK"},
		{"- - - - -", 3, insufficient, kept, "ALARM", "OK"},
		{"0 X X - X", 3, "ALARM", "ALARM", "ALARM", "ALARM"},
		{"- - - - X", 3, insufficient, kept, "ALARM", "OK"},
		{"X - - - -", 3, "ALARM", kept, "ALARM", "OK"},
		{"- - X - -", 3, "ALARM", kept, "ALARM", "OK"},
		{"0 - X - X", 2, "ALARM", "ALARM", "ALARM", "ALARM"},
		{"0 0 X 0 X", 2, "ALARM", "ALARM", "ALARM", "ALARM"},
		{"0 - X - -", 2, "OK", "OK", "ALARM", "OK"},
		{"- - - - 0", 2, "OK", "OK", "ALARM", "OK"},
		{"- - - X -", 2, "ALARM", kept, "ALARM", "OK"},
		{"- - - - X", 2, insufficient, kept, "ALARM", "OK"},
	} {
		for treat, want := range map[string]string{"missing": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.notBreaching} {
			if got := verdict(points(c.points), c.need, 3, treat); got != want {
				t.Errorf("%d of 3, %s: %s gives %q, want %q", c.need, treat, c.points, got, want)
			}
		}
	}
}

func TestAVerdictOfOnePeriod(t *testing.T) {
	for notation, want := range map[string]string{"- - X": "ALARM", "- X -": "ALARM", "X - -": "ALARM", "X - 0": "OK", "- - -": "INSUFFICIENT_DATA", "0 - X": "ALARM"} {
		if got := verdict(points(notation), 1, 1, "missing"); got != want {
			t.Errorf("%s gives %s, want %s", notation, got, want)
		}
	}
}

// Whatever is missing, an alarm needs enough breaching points to be in ALARM, and
// another way of treating missing data cannot turn it round.
func TestVerdictsAgree(t *testing.T) {
	for range 20_000 {
		list := make([]datapoint, 3+rand.N(6))
		for i := range list {
			list[i] = datapoint(rand.N(3))
		}
		evaluated := 1 + rand.N(len(list)-2)
		need := 1 + rand.N(evaluated)
		strict, lax := verdict(list, need, evaluated, "breaching"), verdict(list, need, evaluated, "notBreaching")
		for _, treat := range []string{"missing", "ignore"} {
			got := verdict(list, need, evaluated, treat)
			if strict == "OK" && got == "ALARM" || lax == "ALARM" && got != "ALARM" {
				t.Fatalf("%v, %d of %d: %s says %q, between %s and %s", list, need, evaluated, treat, got, strict, lax)
			}
		}
		if lax == "ALARM" && count(list, breaching) < need {
			t.Fatalf("%v, %d of %d: ALARM with too few points", list, need, evaluated)
		}
	}
}
