package config

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// What the module lets through and the function refuses is found out by who cannot
// connect.
func TestTheModuleJudgesURLsByTheSameRule(t *testing.T) {
	text, err := os.ReadFile("../../../modules/auth/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	if rule := "regex(" + strconv.Quote(address.String()) + ", var.oidc.jwks_uri)"; !strings.Contains(string(text), rule) {
		t.Errorf("modules/auth/variables.tf has no %s", rule)
	}
}
