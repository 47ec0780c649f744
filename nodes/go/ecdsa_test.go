package verilane

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"encoding/asn1"
	"math/big"
	"math/rand"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	decred "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

type derSignature struct{ R, S *big.Int }

func der(t testing.TB, r, s *big.Int) []byte {
	out, err := asn1.Marshal(derSignature{r, s})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What no signer writes: numbers out of range and negative, -s in place of s, other forms of the same numbers.
func hostileDER(t testing.TB, honest item, n *big.Int) []item {
	var parsed derSignature
	if _, err := asn1.Unmarshal(honest.signature, &parsed); err != nil {
		t.Fatal(err)
	}
	r, s := parsed.R, parsed.S
	zero, one := big.NewInt(0), big.NewInt(1)
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	minus := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	var items []item
	add := func(signature []byte) {
		items = append(items, item{honest.key, honest.message, signature})
	}
	for _, pair := range [][2]*big.Int{{zero, s}, {r, zero}, {zero, zero}, {n, s}, {r, n}, {plus(r, n), s}, {r, plus(s, n)},
		{r, minus(n, s)}, {minus(n, r), s}, {minus(zero, r), s}, {r, minus(zero, s)}, {minus(n, one), s}, {one, one},
		{r, minus(n, one)}, {s, r}, {new(big.Int).Lsh(one, 256), s}, {new(big.Int).Lsh(one, 2000), s}} {
		add(der(t, pair[0], pair[1]))
	}
	add(append(bytes.Clone(honest.signature), 0))                                                      // more behind it
	add(append([]byte{0x30, 0x81}, honest.signature[1:]...))                                           // a long form of the length
	add(append([]byte{0x31}, honest.signature[1:]...))                                                 // another tag
	length := honest.signature[3]                                                                      // of r
	padded := append([]byte{0x30, honest.signature[1] + 1, 2, length + 1, 0}, honest.signature[4:]...) // r with a zero before it
	add(padded)
	return items
}

func ecdsaItems(t testing.TB, r *rand.Rand, n int, curve elliptic.Curve, sign func(digest []byte) item) []item {
	var items []item
	for i := range n {
		digest := make([]byte, 32)
		r.Read(digest)
		if i%50 == 0 {
			copy(digest, bytes.Repeat([]byte{byte(i / 50 % 2 * 255)}, 32)) // zero, and more than n
		}
		items = append(items, sign(digest))
	}
	for _, i := range items[:20] {
		items = append(items, hostileDER(t, i, curve.Params().N)...)
	}
	for range 1500 {
		items = append(items, mutated(r, items[r.Intn(n)], items[r.Intn(n)]))
	}
	return append(items, item{})
}

func p256Items(t testing.TB, r *rand.Rand, n int) []item {
	count := 0
	return ecdsaItems(t, r, n, elliptic.P256(), func(digest []byte) item {
		key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := ecdsa.SignASN1(cryptorand.Reader, key, digest)
		if err != nil {
			t.Fatal(err)
		}
		count++
		encode := elliptic.Marshal //nolint:staticcheck // for 65 bytes there is no other in Go 1.24
		if count%2 == 0 {
			encode = elliptic.MarshalCompressed
		}
		return item{encode(elliptic.P256(), key.X, key.Y), digest, signature}
	})
}

func parseP256(key []byte) *ecdsa.PublicKey {
	curve := elliptic.P256()
	x, y := elliptic.UnmarshalCompressed(curve, key)
	if len(key) == 65 {
		x, y = elliptic.Unmarshal(curve, key) //nolint:staticcheck // as above
	}
	if x == nil {
		return nil
	}
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}
}

func TestP256IsGos(t *testing.T) {
	items := p256Items(t, rand.New(rand.NewSource(256)), 300)
	verify := func(lowS bool) func(keys, signatures, messages [][]byte) ([]Verdict, error) {
		return func(keys, signatures, messages [][]byte) ([]Verdict, error) {
			return VerifyP256(keys, signatures, messages, ECDSA{Encoding: DER, LowS: lowS})
		}
	}
	accepts := func(i item) bool {
		key := parseP256(i.key)
		return len(i.message) == 32 && key != nil && ecdsa.VerifyASN1(key, i.message, i.signature)
	}
	sameAsPeer(t, items, verify(false), accepts)
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	sameAsPeer(t, items, verify(true), func(i item) bool { // as Hyperledger Fabric's bccsp/sw does
		var parsed derSignature
		_, err := asn1.Unmarshal(i.signature, &parsed)
		return err == nil && parsed.S.Cmp(half) <= 0 && accepts(i)
	})
}

func secp256k1Items(t testing.TB, r *rand.Rand, n int) []item {
	return ecdsaItems(t, r, n, secp256k1.S256(), func(digest []byte) item {
		key, err := secp256k1.GeneratePrivateKeyFromRand(r)
		if err != nil {
			t.Fatal(err)
		}
		encoded := key.PubKey().SerializeCompressed()
		if digest[0]&1 == 0 {
			encoded = key.PubKey().SerializeUncompressed()
		}
		return item{encoded, digest, decred.Sign(key, digest).Serialize()}
	})
}

func TestSecp256k1IsDecreds(t *testing.T) {
	items := secp256k1Items(t, rand.New(rand.NewSource(1)), 300)
	verify := func(keys, signatures, messages [][]byte) ([]Verdict, error) {
		return VerifySecp256k1(keys, signatures, messages, ECDSA{Encoding: DER, HybridKeys: true})
	}
	sameAsPeer(t, items, verify, func(i item) bool {
		key, err := secp256k1.ParsePubKey(i.key)
		if err != nil || len(i.message) != 32 {
			return false
		}
		signature, err := decred.ParseDERSignature(i.signature)
		return err == nil && signature.Verify(i.message, key)
	})
}

func TestRecoveryIsDecreds(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	var signatures, digests [][]byte
	for i := range 1500 {
		key, err := secp256k1.GeneratePrivateKeyFromRand(r)
		if err != nil {
			t.Fatal(err)
		}
		digest := make([]byte, 32)
		r.Read(digest)
		compact := decred.SignCompact(key, digest, false) // 27 + id, r, s
		made := mutated(r, item{signature: append(bytes.Clone(compact[1:]), compact[0]-27)},
			item{signature: make([]byte, 65)}).signature
		if i%7 == 0 && len(made) == 65 {
			made[64] = byte(i % 6)
		}
		signatures, digests = append(signatures, made), append(digests, digest)
	}
	for _, options := range []Recovery{{}, {LowS: true}, {ParityIDs: true}, {LowS: true, ParityIDs: true}} {
		keys, verdicts, err := RecoverSecp256k1(signatures, digests, options)
		if err != nil {
			t.Fatal(err)
		}
		good := 0
		for i, verdict := range verdicts {
			expected := recoverByDecred(signatures[i], digests[i], options)
			if expected != nil {
				good++
			}
			if (verdict == OK) != (expected != nil) || !bytes.Equal(keys[i][:], append(expected, make([]byte, 64-len(expected))...)) {
				t.Fatalf("%x: %v", signatures[i], verdict)
			}
		}
		if good < 500 || good == len(verdicts) {
			t.Fatal(good)
		}
	}
}

func recoverByDecred(signature, digest []byte, options Recovery) []byte {
	if len(signature) != 65 || signature[64] > 3 || (options.ParityIDs && signature[64] > 1) {
		return nil
	}
	s := new(big.Int).SetBytes(signature[32:64])
	if options.LowS && s.Cmp(new(big.Int).Rsh(secp256k1.S256().N, 1)) > 0 {
		return nil
	}
	key, _, err := decred.RecoverCompact(append([]byte{27 + signature[64]}, signature[:64]...), digest)
	if err != nil {
		return nil
	}
	return key.SerializeUncompressed()[1:]
}

func TestSchnorrIsBtcecs(t *testing.T) {
	r := rand.New(rand.NewSource(340))
	var items []item
	for range 300 {
		key, err := secp256k1.GeneratePrivateKeyFromRand(r)
		if err != nil {
			t.Fatal(err)
		}
		message := make([]byte, 32)
		r.Read(message)
		signature, err := schnorr.Sign(key, message)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item{schnorr.SerializePubKey(key.PubKey()), message, signature.Serialize()})
	}
	for range 1500 {
		made := mutated(r, items[r.Intn(300)], items[r.Intn(300)])
		if len(made.message) == 32 { // btcec takes no other
			items = append(items, made)
		}
	}
	sameAsPeer(t, items, VerifySchnorr, func(i item) bool {
		key, err := schnorr.ParsePubKey(i.key)
		if err != nil {
			return false
		}
		signature, err := schnorr.ParseSignature(i.signature)
		return err == nil && signature.Verify(i.message, key)
	})
}
