package apigw

import (
	"encoding/json"
	"testing"
)

func TestTheSummaryListsAPIsWithTheStagesThatServe(t *testing.T) {
	f := newFixture(t)
	f.newRoute("join")
	f.newStage("empty", nil)
	f.newStage("next", f.newDeployment())
	f.newStage("live", f.newDeployment())
	got, err := json.Marshal(f.plane.APIs())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "summary", string(got),
		`[{"id":"`+*f.api+`","name":"chat","region":"us-east-1","endpoint":"ws://127.0.0.1:4566/_aws/execute-api/`+*f.api+`","stages":["live","next"]}]`)

	none := newPlane(t, Config{})
	equal(t, "no APIs", len(none.plane.APIs()), 0)
}
