package access_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/access"
)

func TestWithoutARuleEveryRoomIsOpen(t *testing.T) {
	for _, claim := range []string{"", "null", `["lobby:read"]`, `17`} {
		if got, err := (access.Rule{}).Of(jsontext.Value(claim), "general"); got != "write" || err != nil {
			t.Errorf("%s: got %q, %v", claim, got, err)
		}
	}
}

func TestAnEntryOpensWhatItSays(t *testing.T) {
	for _, c := range []struct{ claim, room, want string }{
		{`["lobby"]`, "lobby", "write"},
		{`["lobby"]`, "lobby2", ""},
		{`["lobby"]`, "lobb", ""},
		{`["lobby:read"]`, "lobby", "read"},
		{`["team-*"]`, "team-a", "write"},
		{`["team-*"]`, "team-", "write"},
		{`["team-*"]`, "team", ""},
		{`["team-*"]`, "ateam-a", ""},
		{`["team-*:read"]`, "team-a", "read"},
		{`["*"]`, "anything", "write"},
		{`["*:read"]`, "anything", "read"},

		// The one that gives more counts, wherever it stands.
		{`["team-*:read","team-a"]`, "team-a", "write"},
		{`["team-a","team-*:read"]`, "team-a", "write"},
		{`["team-*:read","team-a"]`, "team-b", "read"},

		// A string is a list as well.
		{`"lobby team-*:read"`, "lobby", "write"},
		{`"lobby team-*:read"`, "team-a", "read"},
		{`"  lobby  "`, "lobby", "write"},
		{`"lobby\tteam"`, "lobby", ""},
		{`"lobby,team"`, "lobby", ""},
		{`""`, "lobby", ""},
		{`[]`, "lobby", ""},

		// What is no entry opens nothing.
		{`[""]`, "lobby", ""},
		{`[null]`, "lobby", ""},
		{`[":read"]`, "lobby", ""},
		{`["Lobby"]`, "lobby", ""},
		{`["lobby "]`, "lobby", ""},
		{`["lobby\n"]`, "lobby", ""},
		{`["lobby:write"]`, "lobby", ""},
		{`["lobby:READ"]`, "lobby", ""},
		{`["lobby:read:read"]`, "lobby", ""},
		{`["**"]`, "lobby", ""},
		{`["*lobby"]`, "lobby", ""},
		{`["l*y"]`, "lobby", ""},
		{`["lobb?"]`, "lobby", ""},
		{`["lobb[y]"]`, "lobby", ""},
		{`[".*"]`, "lobby", ""},
		{`["-*"]`, "lobby", ""},
		{`["` + strings.Repeat("a", 65) + `*"]`, strings.Repeat("a", 64), ""},
		{`["` + strings.Repeat("a", 64) + `*"]`, strings.Repeat("a", 64), "write"},
	} {
		if got, err := (access.Rule{Claim: "rooms"}).Of(jsontext.Value(c.claim), c.room); got != c.want || err != nil {
			t.Errorf("%s on %s: got %q, %v, want %q", c.claim, c.room, got, err, c.want)
		}
	}
}

func TestOnlyEntriesWithThePrefixCount(t *testing.T) {
	rule := access.Rule{Claim: "cognito:groups", Prefix: "room:"}
	for _, c := range []struct{ claim, room, want string }{
		{`["admins","room:team-*:read","room:lobby"]`, "lobby", "write"},
		{`["admins","room:team-*:read","room:lobby"]`, "team-a", "read"},
		{`["admins","room:team-*:read","room:lobby"]`, "admins", ""},
		{`["*"]`, "lobby", ""},
		{`["room:"]`, "lobby", ""},
		{`["room:room:lobby"]`, "lobby", ""},
		{`"openid room:lobby"`, "lobby", "write"},
		{`"openid room:lobby"`, "openid", ""},
	} {
		if got, err := rule.Of(jsontext.Value(c.claim), c.room); got != c.want || err != nil {
			t.Errorf("%s on %s: got %q, %v, want %q", c.claim, c.room, got, err, c.want)
		}
	}
}

func TestAClaimThatIsNoListOpensNothing(t *testing.T) {
	many, err := json.Marshal(slices.Repeat([]string{"lobby"}, access.MaxEntries+1))
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range []string{"", "null", "true", "17", `{"lobby":true}`, `[17]`, `[["lobby"]]`, `["lobby",17]`, string(many), `"` + strings.Repeat("lobby ", access.MaxEntries+1) + `"`} {
		if got, err := (access.Rule{Claim: "rooms"}).Of(jsontext.Value(claim), "lobby"); got != "" || !errors.Is(err, access.ErrMalformed) {
			t.Errorf("%.40s: got %q, %v", claim, got, err)
		}
	}
	if got, err := (access.Rule{Claim: "rooms"}).Of(jsontext.Value(`"`+strings.Repeat("lobby ", access.MaxEntries)+`"`), "lobby"); got != "write" || err != nil {
		t.Errorf("the most entries: got %q, %v", got, err)
	}
}
