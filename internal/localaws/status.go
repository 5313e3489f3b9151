package localaws

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// Status is what `portcullis local status` shows.
type Status struct {
	Endpoint    string `json:"endpoint"`
	PID         int    `json:"pid"`
	Folder      string `json:"folder"`
	Region      string `json:"region"`
	Uptime      string `json:"uptime"`
	MiniStack   string `json:"ministack"`
	Connections int    `json:"connections"`
	// Faults is how many were added and not removed.
	Faults int `json:"faults"`
	// APIs are the WebSocket APIs of all Regions.
	APIs []apigw.Summary `json:"apis"`
	// Edge is where the first CloudFront distribution is or will be served.
	Edge string `json:"edge"`
	// Distributions are the enabled ones.
	Distributions []edge.Status `json:"distributions"`
	// Functions are the instances that run now.
	Functions []Function `json:"functions"`
	Problems  []Problem  `json:"problems"`
}

// Function is one running instance of a function.
type Function struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Region      string    `json:"region"`
	PID         int       `json:"pid"`
	State       string    `json:"state"` // starting, idle or busy
	Started     time.Time `json:"started"`
	LastUsed    time.Time `json:"lastUsed"`
	Invocations int       `json:"invocations"`
	LogGroup    string    `json:"logGroup"`
	LogStream   string    `json:"logStream"`
}

// Problem is what went wrong since the start without stopping anything.
type Problem struct {
	Subject string    `json:"subject"` // such as a log group
	Message string    `json:"message"` // the latest
	Count   int       `json:"count"`
	Last    time.Time `json:"last"`
}

func (s *Status) addFunctions(status lambda.Status) {
	s.Functions, s.Problems = []Function{}, []Problem{}
	for _, sandbox := range status.Sandboxes {
		s.Functions = append(s.Functions, Function{
			Name: sandbox.Function, Version: sandbox.Version, Region: sandbox.Region, PID: sandbox.PID, State: sandbox.State,
			Started: sandbox.Started, LastUsed: sandbox.LastUsed, Invocations: sandbox.Invocations,
			LogGroup: sandbox.LogGroup, LogStream: sandbox.LogStream,
		})
	}
	for _, problem := range status.Problems {
		s.Problems = append(s.Problems, Problem(problem))
	}
}

// Print writes a status for people.
func (s Status) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "endpoint\t%s\n", s.Endpoint)
	fmt.Fprintf(w, "edge\t%s\n", s.Edge)
	fmt.Fprintf(w, "process\tpid %d, up %s\n", s.PID, s.Uptime)
	fmt.Fprintf(w, "folder\t%s\n", s.Folder)
	fmt.Fprintf(w, "region\t%s\n", s.Region)
	fmt.Fprintf(w, "MiniStack\t%s\n", s.MiniStack)
	fmt.Fprintf(w, "connections\t%d open\n", s.Connections)
	if s.Faults > 0 {
		fmt.Fprintf(w, "faults\t%d added: see portcullis local fault list\n", s.Faults)
	}
	if len(s.APIs) > 0 {
		fmt.Fprint(w, "\nAPI\tNAME\tREGION\tSTAGES\n")
	}
	for _, api := range s.APIs {
		stages := strings.Join(api.Stages, ", ")
		if stages == "" {
			stages = "none"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", api.ID, api.Name, api.Region, stages)
	}
	if len(s.Distributions) > 0 {
		fmt.Fprint(w, "\nDISTRIBUTION\tURL\tRULES NOT EVALUATED\n")
	}
	for _, d := range s.Distributions {
		var rules []string
		for _, rule := range d.NotEvaluated {
			rules = append(rules, rule.Rule+" ("+rule.Reason+")")
		}
		what := strings.Join(rules, ", ")
		switch {
		case d.Problem != "":
			what = "not served: " + d.Problem
		case what == "":
			what = "none"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.ID, d.URL, what)
	}
	if len(s.Functions) > 0 {
		fmt.Fprint(w, "\nFUNCTION\tVERSION\tPID\tSTATE\tINVOCATIONS\tLOG GROUP\n")
	}
	for _, f := range s.Functions {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%s\n", f.Name, f.Version, f.PID, f.State, f.Invocations, f.LogGroup)
	}
	if len(s.Problems) > 0 {
		fmt.Fprint(w, "\nPROBLEM\tTIMES\tLATEST\n")
	}
	for _, p := range s.Problems {
		fmt.Fprintf(w, "%s\t%d\t%s\n", p.Subject, p.Count, p.Message)
	}
	return w.Flush()
}
