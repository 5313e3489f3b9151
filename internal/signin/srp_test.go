package signin

import (
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
	"time"
)

// The signature of this exchange was computed with another implementation of
// Cognito's SRP.
func TestAProofIsWhatAnotherImplementationComputes(t *testing.T) {
	clientSecret, serverSecret := sha256.Sum256([]byte("client secret of the vector")), sha256.Sum256([]byte("server"))
	secret := new(big.Int).SetBytes(clientSecret[:])
	exchange := &srpExchange{secret: secret, public: new(big.Int).Exp(srpGenerator, secret, srpPrime)}
	serverPublic := new(big.Int).Exp(srpGenerator, new(big.Int).SetBytes(serverSecret[:]), srpPrime)

	got, err := exchange.prove("Vector123", "Correct-Horse-7-ü", map[string]string{
		"USER_ID_FOR_SRP": "alice-id",
		"SALT":            "8f00112233445566778899aabbccddee",
		"SRP_B":           serverPublic.Text(16),
		"SECRET_BLOCK":    "c2VjcmV0IGJsb2Nr",
	}, time.Date(2026, 11, 5, 10, 8, 7, 0, time.FixedZone("CET", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	want := proof{"m1MLQ3+DQIW3KNVCa0ZUV2CwPBsUtZ332pgv7gbsfGY=", "Thu Nov 5 09:08:07 UTC 2026"}
	if got != want {
		t.Errorf("proof is %+v, want %+v", got, want)
	}
}

func TestTheHourOfAProofIsOneOfTwentyFour(t *testing.T) {
	if got := time.Date(2026, 1, 31, 23, 5, 0, 0, time.UTC).Format(srpTimestamp); got != "Sat Jan 31 23:05:00 UTC 2026" {
		t.Error(got)
	}
}

func TestAChallengeThatIsNoneIsRefusedNotAPanic(t *testing.T) {
	valid := map[string]string{"USER_ID_FOR_SRP": "a", "SALT": "1", "SRP_B": "2", "SECRET_BLOCK": ""}
	for name, change := range map[string]map[string]string{
		"no number of the server":      {"SRP_B": ""},
		"text for a number":            {"SRP_B": "xyz"},
		"zero":                         {"SRP_B": "0"},
		"the prime":                    {"SRP_B": srpPrimeHex},
		"twice the prime":              {"SRP_B": new(big.Int).Lsh(srpPrime, 1).Text(16)},
		"no salt":                      {"SALT": ""},
		"a secret block not in base64": {"SECRET_BLOCK": "*"},
	} {
		t.Run(name, func(t *testing.T) {
			exchange, err := newExchange()
			if err != nil {
				t.Fatal(err)
			}
			challenge := map[string]string{}
			for key, value := range valid {
				challenge[key] = value
			}
			for key, value := range change {
				challenge[key] = value
			}
			if got, err := exchange.prove("pool", "password", challenge, time.Now()); err == nil {
				t.Errorf("gave the proof %v", got)
			}
		})
	}
}

func TestNumbersArePaddedLikeTwosComplement(t *testing.T) {
	for hex, want := range map[string]string{"7f": "\x7f", "80": "\x00\x80", "1ff": "\x01\xff", "8001": "\x00\x80\x01"} {
		n, _ := new(big.Int).SetString(hex, 16)
		if got := string(padded(n)); got != want {
			t.Errorf("%s is padded to %x, want %x", hex, got, want)
		}
	}
	if !strings.HasPrefix(srpPrimeHex, "ffffffff") || srpPrime.BitLen() != 3072 || !srpPrime.ProbablyPrime(8) {
		t.Error("the prime is not the one of RFC 3526 section 5")
	}
}
