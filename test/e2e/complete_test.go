package e2e_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
)

// TestComplete deploys the example with everything that the local stack serves,
// and there under the role that is documented for it.
func TestComplete(t *testing.T) {
	t.Parallel()
	inputs := map[string]any{
		"sign_in":        map[string]any{"prefix": "portcullis-e2e-" + randomHex(4), "callback_urls": []string{allowedOrigin + "/"}},
		"edge":           map[string]any{"wait_for_deployment": onAWS},
		"origin_secrets": []string{randomHex(32)},
	}
	var role *deployer // on AWS the one of whoever runs this
	if !onAWS {
		role = newDeployer(t)
		maps.Copy(inputs, cognitoEndpoint())
	}
	d := deployAs(t, role, "examples/complete", inputs)
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")
	lobby := room(t)
	d.admit(t, &alice, "room:"+lobby)
	d.admit(t, &bob, "room:"+lobby+":read")

	direct := *d
	direct.URL = strings.Replace(d.ManagementEndpoint, "http", "ws", 1)
	if !onAWS {
		d, _ = d.front(t)
	}

	t.Run("a second plan is empty", d.planIsEmpty)
	t.Run("Checkov finds just what is skipped with a reason", d.checkov)

	t.Run("a group opens its room, and no other", func(t *testing.T) {
		a, b := join(t, d, browser(lobby, alice.Access)), join(t, d, browser(lobby, bob.Access))
		a.say(t, "hello")
		b.next(t, protocol.TypeMessage)
		b.fails(t, `{"action":"sendMessage","clientId":"x","text":"x"}`, protocol.CodeForbidden)
		refused(t, d, browser(lobby+"-else", alice.Access), http.StatusForbidden)
		refused(t, d, browser(lobby, d.newUser(t, "mallory").Access), http.StatusForbidden)
	})

	t.Run("who has no token, or no page, is refused", func(t *testing.T) {
		o := browser(lobby, alice.Access)
		o.subprotocols = o.subprotocols[:1]
		refused(t, d, o, http.StatusUnauthorized)
		refused(t, d, native(lobby, alice.Access), http.StatusForbidden)
	})

	t.Run("who comes past the edge is refused", func(t *testing.T) {
		refused(t, &direct, browser(lobby, alice.Access), http.StatusUnauthorized)
	})

	t.Run("alarms tell the topic, and the dashboard is there", func(t *testing.T) {
		client := cloudwatch.NewFromConfig(d.aws)
		names := make([]string, 0, len(d.AlarmNames))
		for _, name := range d.AlarmNames {
			names = append(names, name)
		}
		found, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
		if err != nil {
			t.Fatal(err)
		}
		if len(names) < 10 || len(found.MetricAlarms) != len(names) {
			t.Errorf("%d alarms of %d are there", len(found.MetricAlarms), len(names))
		}
		for _, alarm := range found.MetricAlarms {
			if len(alarm.AlarmActions) != 1 || alarm.AlarmActions[0] != d.AlarmTopicARN {
				t.Errorf("%s tells %v", *alarm.AlarmName, alarm.AlarmActions)
			}
		}
		if _, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &d.DashboardName}); err != nil {
			t.Error(err)
		}
	})

	t.Run("destroy leaves nothing", func(t *testing.T) {
		terraform.DestroyContext(t, t.Context(), d.options)
		d.nothingIsLeft(t)
	})
	if role != nil {
		t.Run("the documented role is just enough to deploy and destroy it", role.didWhatIsDocumented)
	}
}

// admit puts a user into a group, which is made, and signs them in again.
func (d *deployment) admit(t *testing.T, u *chat.User, group string) {
	t.Helper()
	pool := cognito.NewFromConfig(d.aws)
	if _, err := pool.CreateGroup(t.Context(), &cognito.CreateGroupInput{UserPoolId: &d.UserPoolID, GroupName: &group}); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.AdminAddUserToGroup(t.Context(), &cognito.AdminAddUserToGroupInput{UserPoolId: &d.UserPoolID, GroupName: &group, Username: &u.Name}); err != nil {
		t.Fatal(err)
	}
	u.Access = d.signIn(t, *u, d.UserPoolClientID)
}
