package dataplane

import (
	"fmt"
	"strings"
	"testing"
)

func TestPolicies(t *testing.T) {
	const method = apiARN + "/live/$connect"
	statement := func(effect, action, resource string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%s,"Resource":%s}`, effect, action, resource)
	}
	const invoke, all = `"execute-api:Invoke"`, `"*"`
	allow, deny := statement("Allow", invoke, all), statement("Deny", invoke, all)
	for name, c := range map[string]struct {
		policy string // its statements, or all of it
		want   string // yes, no or a part of the error
	}{
		"allow all":                              {allow, "yes"},
		"allow as a list":                        {"[" + allow + "]", "yes"},
		"deny":                                   {deny, "no"},
		"no statement matches":                   {statement("Allow", invoke, `"`+apiARN+`/test/$connect"`), "no"},
		"deny wins after allow":                  {"[" + allow + "," + deny + "]", "no"},
		"deny wins before allow":                 {"[" + deny + "," + allow + "]", "no"},
		"a deny of another stage does not":       {"[" + allow + "," + statement("Deny", invoke, `"`+apiARN+`/test/*"`) + "]", "yes"},
		"the second statement allows":            {"[" + statement("Allow", invoke, `"arn:aws:x"`) + "," + allow + "]", "yes"},
		"a list of resources":                    {statement("Allow", invoke, `["arn:aws:x","`+method+`"]`), "yes"},
		"a list of actions":                      {statement("Allow", `["s3:GetObject","execute-api:*"]`, all), "yes"},
		"an action in another case":              {statement("Allow", `"EXECUTE-API:invoke"`, all), "yes"},
		"any action":                             {statement("Allow", all, all), "yes"},
		"another action":                         {statement("Allow", `"execute-api:ManageConnections"`, all), "no"},
		"a resource in another case":             {statement("Allow", invoke, `"`+strings.ToUpper(method)+`"`), "no"},
		"a resource of the stage":                {statement("Allow", invoke, `"`+apiARN+`/live/*"`), "yes"},
		"a resource of the API":                  {statement("Allow", invoke, `"`+apiARN+`/*"`), "yes"},
		"a resource of a REST API":               {statement("Allow", invoke, `"`+apiARN+`/live/*/*"`), "no"},
		"a resource with question marks":         {statement("Allow", invoke, `"`+apiARN+`/l??e/$connect"`), "yes"},
		"a question mark for nothing":            {statement("Allow", invoke, `"`+method+`?"`), "no"},
		"a prefix":                               {statement("Allow", invoke, `"`+apiARN+`/live"`), "no"},
		"stars in the middle":                    {statement("Allow", invoke, `"arn:*:execute-api:*:*:*/live/$con*ct"`), "yes"},
		"an unknown effect":                      {statement("Maybe", invoke, all), `Effect "Maybe"`},
		"an effect in another case":              {statement("allow", invoke, all), `Effect "allow"`},
		"an element in another case":             {`{"effect":"Allow","Action":"*","Resource":"*"}`, `Effect ""`},
		"a condition":                            {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}`, "does not evaluate"},
		"NotAction":                              {`{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, "does not evaluate"},
		"NotResource":                            {`{"Effect":"Allow","Action":"*","NotResource":"x"}`, "does not evaluate"},
		"a resource above 512 characters":        {statement("Allow", invoke, `"`+strings.Repeat("*", 513)+`"`), "the limit is 512"},
		"a resource of 512 characters":           {statement("Allow", invoke, `"`+strings.Repeat("*", 512)+`"`), "yes"},
		"no statements":                          {"[]", "no Statement"},
		"statements that are text":               {`"Allow"`, "policyDocument"},
		"a resource that is a number":            {statement("Allow", invoke, "1"), "policyDocument"},
		"a document that is text":                {`policy:"{}"`, "policyDocument"},
		"a document that is null":                {`policy:null`, "no Statement"},
		"a document whose Statement has another": {`policy:{"statement":[]}`, "no Statement"},
	} {
		t.Run(name, func(t *testing.T) {
			document, whole := strings.CutPrefix(c.policy, "policy:")
			if !whole {
				document = `{"Version":"2012-10-17","Statement":` + c.policy + `}`
			}
			allowed, err := policyAllows([]byte(document), "execute-api:Invoke", method)
			got := map[bool]string{true: "yes", false: "no"}[allowed]
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) || err == nil && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err != nil && allowed {
				t.Error("allowed with an error")
			}
		})
	}
}
