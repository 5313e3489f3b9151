package apigw

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

func TestTheStateSurvivesARestart(t *testing.T) {
	f, ids := deployed(t)
	dir := t.TempDir()
	f.plane.cfg.StateFile = filepath.Join(dir, "apigateway.json")
	must(f.client.UpdateApi(t.Context(), &apigatewayv2.UpdateApiInput{ApiId: f.api, Description: aws.String("<kept>")}))

	restarted := newPlane(t, Config{StateFile: f.plane.cfg.StateFile})
	restarted.api = f.api
	checkDeployed(t, restarted, ids)
	got := must(restarted.client.GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: f.api}))
	equal(t, "description", *got.Description, "<kept>")
	must(restarted.client.GetIntegrationResponse(t.Context(), &apigatewayv2.GetIntegrationResponseInput{
		ApiId: f.api, IntegrationId: ids["mock"], IntegrationResponseId: ids["pong"],
	}))
	equal(t, "files", len(must(os.ReadDir(dir))), 1)

	restarted.plane.Reset()
	empty := newPlane(t, Config{StateFile: f.plane.cfg.StateFile})
	equal(t, "APIs after a reset", len(must(empty.client.GetApis(t.Context(), &apigatewayv2.GetApisInput{})).Items), 0)
}

func TestAStateFileThatCannotBeReadIsAnError(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON": "{", "another version": `{"version":99}`, "an empty API": `{"version":1,"regions":{"us-east-1":{"x":{}}}}`,
	} {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{StateFile: path}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAChangeThatCannotBeWrittenDidNotHappen(t *testing.T) {
	f := newFixture(t)
	f.plane.cfg.StateFile = filepath.Join(t.TempDir(), "gone", "state")
	_, err := f.client.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: aws.String("join")})
	wantRefusal(t, err, "InternalFailure", "writing the state file")
	equal(t, "routes", len(must(f.client.GetRoutes(t.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api})).Items), 0)
}

func TestARefusedChangeLeavesNoTrace(t *testing.T) {
	f := newFixture(t)
	id := f.newRoute("join")
	_, err := f.client.UpdateRoute(t.Context(), &apigatewayv2.UpdateRouteInput{
		ApiId: f.api, RouteId: id, RouteKey: aws.String("leave"), Target: aws.String("integrations/none"),
	})
	wantRefusal(t, err, "BadRequestException", "Invalid target specified")
	got := must(f.client.GetRoute(t.Context(), &apigatewayv2.GetRouteInput{ApiId: f.api, RouteId: id}))
	equal(t, "key", *got.RouteKey, "join")
}

func TestRegionsAreApart(t *testing.T) {
	f := newFixture(t)
	ireland := newClient(f.url, "eu-west-1")
	equal(t, "APIs in Ireland", len(must(ireland.GetApis(t.Context(), &apigatewayv2.GetApisInput{})).Items), 0)
	_, err := ireland.GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: f.api})
	wantRefusal(t, err, "NotFoundException", "Invalid API identifier specified")
	created := must(ireland.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("x"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	}))
	must(ireland.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{ApiId: created.ApiId, StageName: aws.String("live")}))
	equal(t, "region", must(f.plane.Stage(*created.ApiId, "live")).Region, "eu-west-1")
}

func TestManyCallersAtOnce(t *testing.T) {
	f := newFixture(t)
	f.plane.cfg.StateFile = filepath.Join(t.TempDir(), "state")
	f.newRoute("$default")
	f.newStage("live", f.newDeployment())
	const callers, each = 8, 6
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := range each {
				key := fmt.Sprintf("route-%d-%d", caller, i)
				created, err := f.client.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: &key})
				if err != nil {
					t.Error(err)
					return
				}
				deployment, err := f.client.CreateDeployment(t.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: f.api, StageName: aws.String("live")})
				if err != nil {
					t.Error(err)
					return
				}
				if deployment.DeploymentId == nil || created.RouteId == nil {
					t.Error("an id is missing")
				}
				stage, err := f.plane.Stage(*f.api, "live")
				if err != nil || stage.Deployment.Routes[key] == nil {
					t.Errorf("the deployment made after %s lacks it: %v", key, err)
				}
			}
		})
	}
	group.Wait()
	equal(t, "routes", len(must(f.client.GetRoutes(t.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api})).Items), callers*each+1)
	restarted := newPlane(t, Config{StateFile: f.plane.cfg.StateFile})
	equal(t, "routes on disk", len(must(restarted.client.GetRoutes(t.Context(), &apigatewayv2.GetRoutesInput{ApiId: f.api})).Items), callers*each+1)
}

// Only one of many who want the same name gets it.
func TestARouteKeyIsGivenOnce(t *testing.T) {
	f := newFixture(t)
	var won sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if created, err := f.client.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: aws.String("join")}); err == nil {
				won.Store(*created.RouteId, true)
			}
		})
	}
	group.Wait()
	count := 0
	won.Range(func(any, any) bool { count++; return true })
	equal(t, "winners", count, 1)
}
