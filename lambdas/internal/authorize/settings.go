package authorize

import (
	"regexp"

	"github.com/portcullis-chat/portcullis/lambdas/internal/access"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/jwks"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/origin"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// Settings are the variables of the authorizer function.
type Settings struct {
	Token    token.Settings
	JWKSURI  string
	Keys     map[string]token.Key // known before any is fetched; may be nil
	Origins  origin.Policy
	Secrets  origin.Secrets
	Rooms    access.Rule
	Metrics  metrics.Settings
	LogLevel string
}

var (
	issuer = regexp.MustCompile(`\A[!-~]{1,512}\z`)
	// A claim's name may be a URL, and is not looked for inside other claims.
	claim  = regexp.MustCompile(`\A[!-~]{0,128}\z`)
	prefix = regexp.MustCompile(`\A[!-~]{0,64}\z`)
)

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
		Keys:     readKeys(r),
		Secrets:  readSecrets(r),
		Rooms:    readRooms(r),
		Metrics:  metrics.Read(r),
		LogLevel: r.LogLevel(),
	}
	s.Token.RoomsClaim = s.Rooms.Claim
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

// readKeys reads the keys that the function starts with. The variable may be
// missing; a set that is there must be as good as a fetched one.
func readKeys(r *config.Reader) map[string]token.Key {
	const name = "TOKEN_JWKS"
	set := r.Optional(name)
	if set == "" {
		return nil
	}
	keys, err := jwks.Parse([]byte(set))
	if err != nil {
		r.Refuse(name, "a JSON Web Key Set with at least one RSA or P-256 key for signatures, or nothing")
	}
	return keys
}

// readRooms reads the rule for rooms. Both variables may be missing: then there
// is none.
func readRooms(r *config.Reader) access.Rule {
	rule := access.Rule{
		Claim:  r.String("ROOMS_CLAIM", claim, "the name of a claim, at most 128 printable ASCII characters without spaces, or nothing"),
		Prefix: r.String("ROOMS_PREFIX", prefix, "at most 64 printable ASCII characters without spaces, or nothing"),
	}
	if rule.Claim == "" && rule.Prefix != "" {
		r.Refuse("ROOMS_CLAIM", "the name of a claim where ROOMS_PREFIX is set")
	}
	return rule
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
