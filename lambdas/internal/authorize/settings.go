package authorize

import (
	"regexp"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/origin"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// Settings are the variables of the authorizer function.
type Settings struct {
	Token    token.Settings
	JWKSURI  string
	Origins  origin.Policy
	Secrets  origin.Secrets
	LogLevel string
}

var issuer = regexp.MustCompile(`\A[!-~]{1,512}\z`)

// maxSecrets is one secret and its successor.
const maxSecrets = 2

// Read reads the settings.
func Read(lookup func(string) (string, bool)) (Settings, error) {
	r := config.NewReader(lookup)
	s := Settings{
		Token: token.Settings{
			Issuer:    r.String("TOKEN_ISSUER", issuer, "the exact iss of the tokens"),
			Audiences: r.List("TOKEN_AUDIENCES"),
			TypeCheck: token.TypeCheck(r.OneOf("TOKEN_TYPE_CHECK", token.TypeChecks...)),
		},
		JWKSURI:  r.URL("TOKEN_JWKS_URI"),
		Secrets:  readSecrets(r),
		LogLevel: r.LogLevel(),
	}
	if len(s.Token.Audiences) == 0 {
		r.Refuse("TOKEN_AUDIENCES", "at least one audience or client id, separated by commas")
	}
	s.Origins = readOrigins(r)
	return s, r.Err()
}

func readOrigins(r *config.Reader) origin.Policy {
	const name = "ALLOWED_ORIGINS"
	var origins []origin.Origin
	for _, element := range r.List(name) {
		o, err := origin.Parse(element)
		if err != nil {
			r.Refuse(name, "origins of the form scheme://host or scheme://host:port, separated by commas")
		}
		origins = append(origins, o)
	}
	allowMissing := r.Bool("ALLOW_MISSING_ORIGIN")
	if len(origins) == 0 && !allowMissing {
		r.Refuse(name, "at least one origin, or ALLOW_MISSING_ORIGIN=true")
	}
	return origin.NewPolicy(origins, allowMissing)
}

func readSecrets(r *config.Reader) origin.Secrets {
	const name, legal = "ORIGIN_SECRET_SHA256", "up to two SHA-256 digests in lower-case hexadecimal, separated by a comma"
	var secrets origin.Secrets
	for _, element := range r.List(name) {
		digest, err := origin.ParseDigest(element)
		if err != nil {
			r.Refuse(name, legal)
		}
		secrets = append(secrets, digest)
	}
	if len(secrets) > maxSecrets {
		r.Refuse(name, legal)
	}
	return secrets
}
