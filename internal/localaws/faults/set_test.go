package faults

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// parts plays the parts of a stack that faults act upon.
type parts struct {
	connections map[string]string // API by id
	sandboxes   map[string]int    // by function
	held        func()
	reads       bool
}

func (p *parts) Cut(api, id string) int {
	n := 0
	for connection, of := range p.connections {
		if connection == id || of == api {
			delete(p.connections, connection)
			n++
		}
	}
	return n
}

func (p *parts) Stall(id string, held func()) (func(), bool) {
	if _, ok := p.connections[id]; !ok {
		return nil, false
	}
	p.held, p.reads = held, false
	return func() { p.reads = true }, true
}

func (p *parts) ConnectionIDs() []string {
	var ids []string
	for id := range p.connections {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (p *parts) KillSandboxes(function string) int {
	n := 0
	for name, running := range p.sandboxes {
		if function == "" || name == function {
			n += running
			delete(p.sandboxes, name)
		}
	}
	return n
}

func newSet(p *parts) *Set {
	s := New(slog.New(slog.DiscardHandler))
	s.Attach(p, p)
	return s
}

func chat() *parts {
	return &parts{connections: map[string]string{"a=": "api1", "b=": "api1", "c=": "api2"}, sandboxes: map[string]int{"message": 2, "connect": 1}}
}

func TestAFaultIsRefusedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		want  string
	}{
		"its type is unknown":                     {Fault{Type: "flood"}, `unknown type of fault "flood": the types are aws, cut, lose-disconnect, sandbox-kill, slow-reader`},
		"it has no type":                          {Fault{}, `unknown type of fault ""`},
		"its service is unknown":                  {Fault{Type: AWS, Service: "cloudwatch", Kind: Fail}, `unknown service "cloudwatch": services have the names that requests are signed for`},
		"it has no service":                       {Fault{Type: AWS, Kind: Fail}, `known are acm, apigateway, cloudfront`},
		"its operation is unknown":                {Fault{Type: AWS, Service: "lambda", Operation: "InvokeFunction", Kind: Fail}, `lambda has no operation "InvokeFunction"`},
		"its operation has another wildcard":      {Fault{Type: AWS, Service: "dynamodb", Operation: "Put?tem", Kind: Fail}, "* is the only wildcard"},
		"its kind is unknown":                     {Fault{Type: AWS, Service: "sts", Kind: "slow"}, "unknown kind \"slow\": the kinds are throttle, fail, delay and hang"},
		"it has no kind":                          {Fault{Type: AWS, Service: "sts"}, "unknown kind"},
		"its delay is missing":                    {Fault{Type: AWS, Service: "sts", Kind: Delay}, "needs a delay"},
		"its delay is negative":                   {Fault{Type: AWS, Service: "sts", Kind: Delay, Delay: -1}, "needs a delay"},
		"its delay is endless":                    {Fault{Type: AWS, Service: "sts", Kind: Delay, Delay: Duration(2 * time.Hour)}, "at most 1h0m0s"},
		"it fails with a delay":                   {Fault{Type: AWS, Service: "sts", Kind: Fail, Delay: 1}, "has no delay"},
		"its service has no resources":            {Fault{Type: AWS, Service: "dynamodb", Kind: Fail, Resource: "table"}, "calls of dynamodb have no resource in their path"},
		"its count is negative":                   {Fault{Type: LoseDisconnect, Count: -1}, "count is -1"},
		"its probability is negative":             {Fault{Type: LoseDisconnect, Probability: -0.1}, "above 0 and at most 1"},
		"its probability is above 1":              {Fault{Type: LoseDisconnect, Probability: 1.1}, "above 0 and at most 1"},
		"its probability is no number":            {Fault{Type: LoseDisconnect, Probability: math.NaN()}, "above 0 and at most 1"},
		"it has a seed without a probability":     {Fault{Type: LoseDisconnect, Seed: 1}, "a seed means nothing without a probability"},
		"a cut is of nothing":                     {Fault{Type: Cut}, "needs the id of a connection, or that of an API"},
		"a cut is of two things":                  {Fault{Type: Cut, Connection: "a=", API: "api1"}, "needs the id of a connection, or that of an API"},
		"a cut has a count":                       {Fault{Type: Cut, Connection: "a=", Count: 1}, "a fault of the type cut has no count: it can have connection, api"},
		"a cut's connection is unknown":           {Fault{Type: Cut, Connection: "z="}, "no connection z= is open: open are a=, b=, c="},
		"a cut's API is unknown":                  {Fault{Type: Cut, API: "api3"}, "the API api3 has no open connection"},
		"a slow reader has no connection":         {Fault{Type: SlowReader}, "needs the id of its connection"},
		"a slow reader's connection is unknown":   {Fault{Type: SlowReader, Connection: "z="}, "no connection z= is open"},
		"a sandbox has a service":                 {Fault{Type: SandboxKill, Service: "lambda"}, "has no service"},
		"no sandbox of a function runs":           {Fault{Type: SandboxKill, Function: "none"}, "no sandbox of none runs: `portcullis local status` lists those that do"},
		"a lost $disconnect has a function":       {Fault{Type: LoseDisconnect, Function: "f"}, "has no function"},
		"an AWS call has a connection and a kind": {Fault{Type: AWS, Service: "execute-api", Kind: Fail, Connection: "a="}, "has no connection"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(chat())
			if _, err := s.Add(c.fault); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if left := s.List(); len(left) != 0 {
				t.Errorf("it is listed: %+v", left)
			}
		})
	}
}

func TestWhatHappensAtOnce(t *testing.T) {
	p := chat()
	s := newSet(p)
	for _, c := range []struct {
		fault Fault
		want  int
	}{
		{Fault{Type: SandboxKill, Function: "message"}, 2},
		{Fault{Type: SandboxKill}, 1},
		{Fault{Type: Cut, Connection: "a="}, 1},
		{Fault{Type: Cut, API: "api2"}, 1},
	} {
		listed, err := s.Add(c.fault)
		if err != nil || listed.Happened != c.want || !listed.Over {
			t.Errorf("%+v: %+v, %v", c.fault, listed, err)
		}
	}
	if left := p.ConnectionIDs(); !slices.Equal(left, []string{"b="}) {
		t.Errorf("left: %v", left)
	}
	if s.KillSandbox("message") {
		t.Error("a kill that is over happens again")
	}
	if _, err := s.Add(Fault{Type: SandboxKill}); err == nil || !strings.Contains(err.Error(), "no sandbox runs") {
		t.Errorf("nothing is left to kill: %v", err)
	}
}

func TestAFaultHappensAsOftenAsItsCountSays(t *testing.T) {
	s := newSet(chat())
	kill, err := s.Add(Fault{Type: SandboxKill, Function: "message", Count: 2})
	if err != nil || kill.Happened != 0 || kill.Over {
		t.Fatalf("%+v, %v", kill, err)
	}
	for i, c := range []struct {
		function string
		want     bool
	}{{"connect", false}, {"message", true}, {"message", true}, {"message", false}} {
		if got := s.KillSandbox(c.function); got != c.want {
			t.Errorf("%d: %s %v", i, c.function, got)
		}
	}
	if listed, err := s.Get(kill.ID); err != nil || listed.Happened != 2 || !listed.Over {
		t.Errorf("%+v, %v", listed, err)
	}
}

func TestADisconnectIsLostOfWhatTheFaultNames(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		want  bool
	}{
		"all":                {Fault{}, true},
		"the API":            {Fault{API: "api1"}, true},
		"another API":        {Fault{API: "api2"}, false},
		"the connection":     {Fault{Connection: "a="}, true},
		"another connection": {Fault{Connection: "b="}, false},
	} {
		s := newSet(chat())
		c.fault.Type = LoseDisconnect
		if _, err := s.Add(c.fault); err != nil {
			t.Fatal(err)
		}
		if got := s.LoseDisconnect("api1", "a="); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheSameSeedGivesTheSameSequence(t *testing.T) {
	draw := func(seed uint64) string {
		s := newSet(chat())
		if _, err := s.Add(Fault{Type: LoseDisconnect, Probability: 0.3, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for range 200 {
			if s.LoseDisconnect("api1", "a=") {
				b.WriteByte('x')
			} else {
				b.WriteByte('.')
			}
		}
		if got := s.List()[0].Happened; got != strings.Count(b.String(), "x") {
			t.Errorf("counted %d of %s", got, b.String())
		}
		return b.String()
	}
	first := draw(7)
	if again := draw(7); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := draw(8); other == first {
		t.Errorf("seeds 7 and 8 both give %s", first)
	}
	if n := strings.Count(first, "x"); n < 30 || n > 90 {
		t.Errorf("%d of 200 at a probability of 0.3", n)
	}
	const firstDrawsOfSeed7 = "..xx.xx...x...x..x.x"
	// Written down, so that a test that was made with a seed stays the same.
	if !strings.HasPrefix(first, firstDrawsOfSeed7) {
		t.Errorf("seed 7 gives %s", first[:len(firstDrawsOfSeed7)])
	}
}

func TestACountLimitsAProbability(t *testing.T) {
	s := newSet(chat())
	if _, err := s.Add(Fault{Type: LoseDisconnect, Probability: 0.5, Count: 3}); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for range 1000 {
		if s.LoseDisconnect("api1", "a=") {
			lost++
		}
	}
	if lost != 3 || !s.List()[0].Over {
		t.Errorf("lost %d times, %+v", lost, s.List())
	}
}

func TestTheFirstFaultThatHappensIsTheOnlyOne(t *testing.T) {
	s := newSet(chat())
	first, _ := s.Add(Fault{Type: LoseDisconnect, Count: 1})
	second, _ := s.Add(Fault{Type: LoseDisconnect})
	for range 3 {
		s.LoseDisconnect("api1", "a=")
	}
	for id, want := range map[string]int{first.ID: 1, second.ID: 2} {
		if listed, err := s.Get(id); err != nil || listed.Happened != want {
			t.Errorf("%s: %+v, %v", id, listed, err)
		}
	}
}

func TestASlowReaderReadsAgainWhenItsFaultIsRemoved(t *testing.T) {
	for name, remove := range map[string]func(*Set, string){
		"removed": func(s *Set, id string) { _ = s.Remove(id) },
		"cleared": func(s *Set, _ string) { s.Clear() },
	} {
		p := chat()
		s := newSet(p)
		slow, err := s.Add(Fault{Type: SlowReader, Connection: "a="})
		if err != nil || slow.Happened != 0 || slow.Over || p.reads {
			t.Fatalf("%+v, %v, %+v", slow, err, p)
		}
		if _, err := s.Add(Fault{Type: SlowReader, Connection: "a="}); err == nil || !strings.Contains(err.Error(), "by "+slow.ID) {
			t.Errorf("a second one: %v", err)
		}
		p.held()
		p.held()
		if listed, _ := s.Get(slow.ID); listed.Happened != 2 || listed.Over {
			t.Errorf("%+v", listed)
		}
		remove(s, slow.ID)
		if !p.reads || len(s.List()) != 0 {
			t.Errorf("%s: %+v, %v", name, p, s.List())
		}
	}
}

func TestFaultsAreRemovedByIdAndIdsAreNotUsedAgain(t *testing.T) {
	s := newSet(chat())
	first, _ := s.Add(Fault{Type: LoseDisconnect})
	second, _ := s.Add(Fault{Type: LoseDisconnect})
	if err := s.Remove(first.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := s.Get(first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("got although removed: %v", err)
	}
	if list := s.List(); len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("left: %+v", list)
	}
	s.Clear()
	if third, _ := s.Add(Fault{Type: LoseDisconnect}); third.ID == first.ID || third.ID == second.ID {
		t.Errorf("the id %s again", third.ID)
	}
}

func TestTheListIsBounded(t *testing.T) {
	s := newSet(chat())
	for range maxFaults {
		if _, err := s.Add(Fault{Type: LoseDisconnect}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(Fault{Type: LoseDisconnect}); err == nil || !strings.Contains(err.Error(), "local fault clear") {
		t.Errorf("one more: %v", err)
	}
}

func TestAClockMovesForwardOnly(t *testing.T) {
	var c Clock
	if ahead := c.Ahead(); ahead != 0 {
		t.Errorf("%v ahead", ahead)
	}
	for _, by := range []time.Duration{11 * time.Minute, 2 * time.Hour} {
		if err := c.Forward(by); err != nil {
			t.Error(err)
		}
	}
	want := 2*time.Hour + 11*time.Minute
	if ahead := c.Ahead(); ahead != want {
		t.Errorf("%v ahead, want %v", ahead, want)
	}
	if now := c.Now(); now.Before(time.Now().Add(want-time.Minute)) || now.After(time.Now().Add(want)) {
		t.Errorf("it is %v", now)
	}
	for by, reason := range map[time.Duration]string{
		0: "forward only", -time.Second: "forward only", maxAhead: "at most", math.MaxInt64: "at most",
	} {
		if err := c.Forward(by); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("by %v: %v", by, err)
		}
	}
	if ahead := c.Ahead(); ahead != want {
		t.Errorf("%v ahead after refusals", ahead)
	}
}

func TestTheDocumentationNamesWhatThereIs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/local-stack.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range services {
		names = append(names, name)
	}
	for name := range members {
		names = append(names, string(name))
	}
	for _, kind := range []Kind{Throttle, Fail, Delay, Hang} {
		names = append(names, string(kind))
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is not in it", name)
		}
	}
}
