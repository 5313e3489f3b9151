package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// testCase is one behaviour.
type testCase struct {
	section string // a key of sections
	name    string // the behaviour in words
	source  source
	// notOnAWS says why the case cannot be run against an account; empty when
	// it can.
	notOnAWS string
	// alone is set when the case cannot be run together with others.
	alone bool
	run   func(t *T)
}

// source says how a behaviour is known, as a part of a table in Markdown.
type source string

const (
	guide = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
	api2  = "https://docs.aws.amazon.com/goto/WebAPI/apigatewayv2-2018-11-29/"
	mgmt  = "https://docs.aws.amazon.com/goto/WebAPI/apigatewaymanagementapi-2018-11-29/"

	// choice is for what AWS does not document and nobody was found to have
	// seen.
	choice source = "I"
)

// docs is a page of API Gateway's developer guide.
func docs(page string) source { return source("[D](" + guide + page + ".html)") }

// reference is an operation in the reference of the control plane's API.
func reference(operation string) source { return source("[D](" + api2 + operation + ")") }

// management is an operation of the @connections API.
func management(operation string) source { return source("[D](" + mgmt + operation + ")") }

// seen is an issue or pull request of GitHub, owner/name#number, in which
// somebody shows what AWS did.
func seen(thread string) source {
	return source("[O](https://github.com/" + strings.Replace(thread, "#", "/issues/", 1) + ")")
}

// fixture is an event that was recorded from AWS.
func fixture(file string) source {
	return source("[O](https://github.com/aws/aws-lambda-go/blob/main/events/testdata/" + file + ".json)")
}

// rfc is a section of RFC 6455.
func rfc(section string) source {
	return source("[RFC 6455 " + section + "](https://www.rfc-editor.org/rfc/rfc6455#section-" + section + ")")
}

// and joins sources.
func (s source) and(more source) source { return s + ", " + more }

// T is what a case runs with.
type T struct {
	*testing.T
	*world
}

// write makes the suite write its table instead of comparing it.
var write = flag.Bool("write", false, "write docs/conformance.md from this run")

// allCases are the cases of the suite, in the order of the table.
func allCases() []testCase {
	cases := slices.Concat(
		limitCases(), lifetimeCases(), authorizationCases(), policyCases(), permissionCases(), connectCases(), subprotocolCases(),
		selectionCases(), messageCases(), disconnectCases(), eventCases(), connectionsCases(), loggingCases(),
		refusalCases(), deploymentCases(), throttleCases(), domainCases(), handshakeCases(), framingCases(), autobahnCases(),
	)
	order := make(map[string]int, len(sections))
	for i, s := range sections {
		order[s.key] = i
	}
	slices.SortStableFunc(cases, func(a, b testCase) int { return order[a.section] - order[b.section] })
	return cases
}

// TestConformance runs every case and compares what came of them with
// docs/conformance.md.
func TestConformance(t *testing.T) {
	cases := allCases()
	var mu sync.Mutex
	passed := make(map[string]bool, len(cases))
	t.Cleanup(func() {
		// Not when only some were asked for, or when something failed anyway.
		if !onAWS && len(passed) == len(cases) && !t.Failed() {
			checkTable(t, cases)
		}
	})
	started := time.Now()
	run := func(t *testing.T, c testCase) {
		if onAWS && c.notOnAWS != "" {
			t.Skip("not on AWS: " + c.notOnAWS)
		}
		t.Cleanup(func() {
			if t.Skipped() && !onAWS {
				t.Error("no case may be skipped on the local stack")
			}
			mu.Lock()
			defer mu.Unlock()
			passed[c.section+"/"+c.name] = !t.Failed() && !t.Skipped()
		})
		c.run(&T{t, shared})
	}
	names := make(map[string]bool, len(cases))
	for _, c := range cases {
		name := c.section + "/" + c.name
		if names[name] {
			t.Fatalf("two cases are called %s", name)
		}
		names[name] = true
		t.Run(name, func(t *testing.T) {
			if !c.alone {
				t.Parallel() // begins when those that are alone have ended
			}
			run(t, c)
		})
	}
	t.Logf("%d cases, those that run alone took %v", len(cases), time.Since(started).Round(time.Millisecond))
}

// section is a section of the table.
type section struct{ key, title string }

// sections are in the order of the table. The numbers are those by which the
// cases are called; they have no other meaning.
var sections = []section{
	{"1", "Quotas and throttles"},
	{"2.1", "What may authorize"},
	{"2.2", "Identity sources"},
	{"2.3", "Members of HTTP APIs"},
	{"2.4", "No cache"},
	{"2.5", "The authorizer's policy"},
	{"2.6", "How authorization ends"},
	{"2.7", "What the authorizer said, later on"},
	{"2.8", "API keys"},
	{"2.9", "Permission to invoke"},
	{"3.1", "$connect"},
	{"3.2", "Subprotocols"},
	{"3.3", "Route selection"},
	{"3.4", "Answers"},
	{"3.5", "$disconnect"},
	{"3.6", "Frames and messages"},
	{"3.7", "Keep-alive"},
	{"3.8", "Integrations"},
	{"4", "Events"},
	{"5", "@connections"},
	{"6", "Logs and metrics"},
	{"8", "Custom domain names"},
	{"11", "Deployments and stages"},
	{"rfc-4", "Opening handshake of RFC 6455"},
	{"rfc-5", "Framing of RFC 6455"},
	{"rfc-7", "Closing handshake of RFC 6455"},
	{"rfc-8", "UTF-8 of RFC 6455"},
}

const tableFile = root + "/docs/conformance.md"

const tableHead = `# Conformance

<!-- Written by make conformance. Do not edit. -->

What [test/conformance](../test/conformance) checks of an API Gateway WebSocket API, from the outside: it deploys by AWS's APIs and connects with a client of its own that can send any bytes. Each line was run against the local stack (` + "`make test-conformance`" + `), and all but those that say why not can be run against an AWS account with ` + "`PORTCULLIS_TARGET=aws`" + `. Nobody has done that yet: what a line claims of AWS is as good as its source.

*Source*: **D** is AWS's documentation or its SDK's. **O** is what somebody has seen AWS do and published. **I** is a choice, because neither was found: see [what the local stack does differently](local-stack-differences.md). An RFC is named where AWS says nothing but that it speaks WebSocket. What AWS has and the local stack refuses, such as IAM authorization and API keys, [is not here](local-stack-differences.md#what-is-refused).

A case is run alone with ` + "`go test ./test/conformance/ -run 'TestConformance/<number>/<behaviour>'`" + `.
`

// table renders the results of a run in which every case has passed.
func table(cases []testCase) string {
	var b strings.Builder
	b.WriteString(tableHead)
	runnable := 0
	for _, c := range cases {
		if c.notOnAWS == "" {
			runnable++
		}
	}
	fmt.Fprintf(&b, "\n%d behaviours: %d pass here, %d can be run on AWS.\n", len(cases), len(cases), runnable)
	for _, s := range sections {
		of := slices.DeleteFunc(slices.Clone(cases), func(c testCase) bool { return c.section != s.key })
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s %s\n\n| behaviour | source | passes here | runnable on AWS |\n| --- | --- | --- | --- |\n", s.key, s.title)
		for _, c := range of {
			onAccount := "yes"
			if c.notOnAWS != "" {
				onAccount = "no: " + c.notOnAWS
			}
			fmt.Fprintf(&b, "| %s | %s | yes | %s |\n", strings.ReplaceAll(c.name, "|", `\|`), c.source, onAccount)
		}
	}
	return b.String()
}

// checkTable compares the table in docs with this run, or writes it.
func checkTable(t *testing.T, cases []testCase) {
	got := table(cases)
	if *write {
		if err := os.WriteFile(tableFile, []byte(got), 0o644); err != nil {
			t.Error(err)
		}
		return
	}
	want, err := os.ReadFile(tableFile)
	if err != nil || string(want) != got {
		t.Errorf("docs/conformance.md is not what this run gives (%v): run make conformance", err)
	}
}
