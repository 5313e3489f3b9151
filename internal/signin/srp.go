package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Cognito speaks SRP-6a (RFC 5054) over the 3072-bit prime of RFC 3526 section
// 5 with generator 2 and SHA-256, and derives the key of its proof with HKDF.
// It has no official client for Go, and the one that is commonly imported has
// had no release since 2021, panics on a malformed answer and lacks the checks
// that RFC 5054 section 2.5.4 demands of a client, so the few lines are here.
var (
	srpPrime, _  = new(big.Int).SetString(srpPrimeHex, 16)
	srpGenerator = big.NewInt(2)
	srpK         = hashInt(padded(srpPrime), padded(srpGenerator))
)

const srpPrimeHex = "" +
	"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
	"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
	"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05" +
	"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb" +
	"9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718" +
	"3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33" +
	"a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864" +
	"d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2" +
	"08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

// srpTimestamp is the form in which Cognito signs the time of a proof, in UTC.
const srpTimestamp = "Mon Jan 2 15:04:05 UTC 2006"

// srpExchange is a client's side of one sign-in.
type srpExchange struct {
	secret, public *big.Int // a and A = g^a mod N
}

func newExchange() (*srpExchange, error) {
	secret, err := rand.Int(rand.Reader, srpPrime)
	if err != nil {
		return nil, fmt.Errorf("random number of the sign-in: %w", err)
	}
	return &srpExchange{secret: secret, public: new(big.Int).Exp(srpGenerator, secret, srpPrime)}, nil
}

// proof is what a client shows instead of the password.
type proof struct {
	signature, timestamp string
}

// prove answers Cognito's challenge, the numbers of which are hexadecimal and
// the secret block base64. Pool is the pool's id without the region.
func (e *srpExchange) prove(pool, password string, challenge map[string]string, at time.Time) (proof, error) {
	serverPublic, ok := new(big.Int).SetString(challenge["SRP_B"], 16)
	if !ok {
		return proof{}, errors.New("SRP_B is not a number")
	}
	salt, ok := new(big.Int).SetString(challenge["SALT"], 16)
	if !ok {
		return proof{}, errors.New("SALT is not a number")
	}
	block, err := base64.StdEncoding.DecodeString(challenge["SECRET_BLOCK"])
	if err != nil {
		return proof{}, fmt.Errorf("SECRET_BLOCK: %w", err)
	}
	// With these two values a server that does not know the verifier could
	// make both sides agree on a key.
	if new(big.Int).Mod(serverPublic, srpPrime).Sign() == 0 {
		return proof{}, errors.New("SRP_B is a multiple of the prime")
	}
	scramble := hashInt(padded(e.public), padded(serverPublic))
	if scramble.Sign() == 0 {
		return proof{}, errors.New("SRP_A and SRP_B scramble to nothing")
	}

	user := challenge["USER_ID_FOR_SRP"]
	identity := sha256.Sum256([]byte(pool + user + ":" + password))
	x := hashInt(padded(salt), identity[:])
	base := new(big.Int).Exp(srpGenerator, x, srpPrime)
	base.Sub(serverPublic, base.Mul(srpK, base)).Mod(base, srpPrime)
	exponent := new(big.Int).Mul(scramble, x)
	shared := base.Exp(base, exponent.Add(e.secret, exponent), srpPrime)

	key, err := hkdf.Key(sha256.New, padded(shared), padded(scramble), "Caldera Derived Key", 16)
	if err != nil {
		return proof{}, fmt.Errorf("key of the proof: %w", err)
	}
	timestamp := at.UTC().Format(srpTimestamp)
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{[]byte(pool), []byte(user), block, []byte(timestamp)} {
		mac.Write(part)
	}
	return proof{signature: base64.StdEncoding.EncodeToString(mac.Sum(nil)), timestamp: timestamp}, nil
}

// padded is a positive number as two's complement, big-endian: a zero byte
// stands before a first bit that is set.
func padded(n *big.Int) []byte {
	return n.FillBytes(make([]byte, n.BitLen()/8+1))
}

func hashInt(parts ...[]byte) *big.Int {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write(part)
	}
	return new(big.Int).SetBytes(hash.Sum(nil))
}
