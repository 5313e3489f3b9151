package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// TestOperations deploys a chat with alarms, dashboard, a domain name of its own
// and pages to sign in, and uses each.
func TestOperations(t *testing.T) {
	localOnly(t, "the domain name is nobody's, and alarms take minutes")
	d := deploy(t, "test/e2e/fixtures/operations", cognitoEndpoint())
	out := func(name string) string { return terraform.OutputContext(t, t.Context(), d.options, name) }

	t.Run("a second plan is empty", d.planIsEmpty)

	// The name does not resolve here, and there is no TLS.
	endpoint, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "wss://ws." + d.name + ".example.com/chat"; d.URL != want {
		t.Fatalf("the URL for clients is %s, want %s", d.URL, want)
	}
	d.URL = strings.Replace(d.URL, "wss:", "ws:", 1)
	d.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, endpoint.Host)
	}}}
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")

	t.Run("people talk by the domain name", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, alice.Access)), join(t, d, browser(room, bob.Access))
		ack := a.say(t, "by another door")
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("heard %s", heard.raw)
		}
	})

	t.Run("a client finds the pages to sign in", func(t *testing.T) {
		res, err := http.Get(out("openid_configuration_url"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var found struct {
			Authorization string   `json:"authorization_endpoint"`
			Token         string   `json:"token_endpoint"`
			Types         []string `json:"response_types_supported"`
		}
		if err := json.NewDecoder(res.Body).Decode(&found); err != nil {
			t.Fatal(err)
		}
		if found.Authorization == "" || found.Token == "" || !slices.Contains(found.Types, "code") {
			t.Errorf("status %d, %+v", res.StatusCode, found)
		}
	})

	metrics := cloudwatch.NewFromConfig(d.aws)
	t.Run("the dashboard is there", func(t *testing.T) {
		found, err := metrics.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: aws.String(out("dashboard_name"))})
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Widgets []struct {
				Properties struct {
					Metrics [][]string `json:"metrics"`
				} `json:"properties"`
			} `json:"widgets"`
		}
		if err := json.Unmarshal([]byte(*found.DashboardBody), &body); err != nil || len(body.Widgets) != 12 {
			t.Errorf("%d graphs, %v", len(body.Widgets), err)
		}
	})

	t.Run("alarms fire, and tell who listens", func(t *testing.T) {
		stack := broken{faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))}
		defer stack.clear(t)
		names := terraform.OutputMapContext(t, t.Context(), d.options, "alarm_names")
		inAlarm := func() []string {
			found, err := metrics.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(d.name + "-"), StateValue: types.StateValueAlarm})
			if err != nil {
				t.Fatal(err)
			}
			var watch []string
			for _, alarm := range found.MetricAlarms {
				for key, name := range names {
					if name == *alarm.AlarmName {
						watch = append(watch, key)
					}
				}
			}
			slices.Sort(watch)
			return watch
		}
		if early := inAlarm(); len(early) > 0 {
			t.Fatalf("before anything failed: %v", early)
		}

		// The store of connections fails: each connect is a failure of our own, an
		// error of the integration and of the API; five are enough for the last.
		stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "PutItem", Kind: faults.Fail})
		for range 5 {
			refused(t, d, browser(room(t), alice.Access), http.StatusInternalServerError)
		}
		stack.clear(t)
		want := []string{"api-execution-errors", "connect-failures"}
		eventually(t, "the alarms that are meant to fire", func() bool {
			got := inAlarm()
			return slices.Contains(got, want[0]) && slices.Contains(got, want[1])
		})
		if got := inAlarm(); !slices.Equal(got, want) {
			t.Errorf("in alarm: %v, want %v", got, want)
		}

		queue := sqs.NewFromConfig(d.aws)
		told := map[string]string{}
		eventually(t, "the queue to hear of both", func() bool {
			got, err := queue.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(out("listener_url")), MaxNumberOfMessages: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range got.Messages {
				var envelope struct{ Message string }
				var alarm struct{ AlarmName, AlarmDescription, NewStateValue string }
				if err := json.Unmarshal([]byte(*message.Body), &envelope); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(envelope.Message), &alarm); err != nil {
					t.Fatalf("%v: %s", err, envelope.Message)
				}
				if alarm.NewStateValue == "ALARM" {
					told[alarm.AlarmName] = alarm.AlarmDescription
				}
			}
			return told[names[want[0]]] != "" && told[names[want[1]]] != ""
		})
		for name, description := range told {
			if len(description) < 80 {
				t.Errorf("%s does not say what to do: %q", name, description)
			}
		}
	})
}
