package verilane

import (
	"bytes"
	std "crypto/ed25519"
	"math/big"
	"math/rand"
	"testing"

	voi "github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

func honestEd25519(r *rand.Rand, n int) []item {
	items := make([]item, n)
	for i := range items {
		seed, message := make([]byte, 32), make([]byte, r.Intn(200))
		r.Read(seed)
		r.Read(message)
		key := std.NewKeyFromSeed(seed)
		items[i] = item{key.Public().(std.PublicKey), message, std.Sign(key, message)}
	}
	return items
}

// Every encoding of a point of small order, those that are not canonical too (ZIP 215's test vectors are made of them).
func smallOrder(t testing.TB) [][]byte {
	var encodings [][]byte
	for _, text := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		encodings = append(encodings, fromHex(t, text))
	}
	return encodings
}

// L, the order of the base point.
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func littleEndian(x *big.Int) []byte {
	out := x.FillBytes(make([]byte, 32))
	for i := range 16 {
		out[i], out[31-i] = out[31-i], out[i]
	}
	return out
}

func fromLittleEndian(data []byte) *big.Int {
	reversed := bytes.Clone(data)
	for i := range 16 {
		reversed[i], reversed[31-i] = reversed[31-i], reversed[i]
	}
	return new(big.Int).SetBytes(reversed)
}

// What no honest signer makes.
func hostileEd25519(t testing.TB, r *rand.Rand) []item {
	var items []item
	encodings := smallOrder(t)
	honest := honestEd25519(r, 40)
	for _, a := range encodings {
		for _, point := range encodings {
			items = append(items, item{a, []byte("Zcash"), append(bytes.Clone(point), make([]byte, 32)...)})
		}
		for _, i := range honest[:5] { // the torsion of one half alone
			made := i.clone()
			made.key = a
			items = append(items, made)
			made = i.clone()
			copy(made.signature, a)
			items = append(items, made)
		}
	}
	for _, i := range honest { // S + L, S + 2L ... as far as 32 bytes reach; S = L, L - 1, 2^253, 2^256 - 1
		s := fromLittleEndian(i.signature[32:])
		for range 15 {
			if s.Add(s, order); s.BitLen() > 256 {
				break
			}
			made := i.clone()
			copy(made.signature[32:], littleEndian(s))
			items = append(items, made)
		}
		for _, s := range []*big.Int{order, new(big.Int).Sub(order, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 253),
			new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), big.NewInt(0)} {
			made := i.clone()
			copy(made.signature[32:], littleEndian(s))
			items = append(items, made)
		}
	}
	for range 1500 {
		items = append(items, mutated(r, honest[r.Intn(len(honest))], honest[r.Intn(len(honest))]))
	}
	return append(items, item{}, honest[0])
}

func verifyAs(rule Rule) func(keys, signatures, messages [][]byte) ([]Verdict, error) {
	return func(keys, signatures, messages [][]byte) ([]Verdict, error) {
		return VerifyEd25519(keys, signatures, messages, rule)
	}
}

func voiAccepts(options *voi.VerifyOptions) func(item) bool {
	return func(i item) bool {
		return len(i.key) == voi.PublicKeySize && voi.VerifyWithOptions(i.key, i.message, i.signature, &voi.Options{Verify: options})
	}
}

func TestZIP215IsVois(t *testing.T) {
	r := rand.New(rand.NewSource(215))
	items := append(hostileEd25519(t, r), honestEd25519(r, 600)...)
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	sameAsPeer(t, items, verifyAs(ZIP215), voiAccepts(voi.VerifyOptionsZIP_215))

	batch := NewEd25519Batch(ZIP215)
	peer := voi.NewBatchVerifier()
	for _, i := range items {
		if len(i.key) == voi.PublicKeySize {
			batch.Add(i.key, i.message, i.signature)
			peer.AddWithOptions(i.key, i.message, i.signature, &voi.Options{Verify: voi.VerifyOptionsZIP_215})
		}
	}
	verdicts, err := batch.Verdicts()
	if err != nil {
		t.Fatal(err)
	}
	_, expected := peer.Verify(nil)
	for i, verdict := range verdicts {
		if (verdict == OK) != expected[i] {
			t.Errorf("item %d is %v, voi's batch says %v", i, verdict, expected[i])
		}
	}
}

func TestSmallOrderIsValidUnderZIP215(t *testing.T) {
	batch := NewEd25519Batch(ZIP215)
	for _, a := range smallOrder(t) {
		for _, r := range smallOrder(t) {
			batch.Add(a, []byte("Zcash"), append(bytes.Clone(r), make([]byte, 32)...))
		}
	}
	if verdicts, err := batch.Verdicts(); err != nil || len(verdicts) != 196 || !AllOK(verdicts) {
		t.Fatal(verdicts, err)
	}
}

func TestOpenSSLsRuleIsGos(t *testing.T) {
	r := rand.New(rand.NewSource(8032))
	items := append(hostileEd25519(t, r), honestEd25519(r, 300)...)
	sameAsPeer(t, items, verifyAs(OpenSSL), func(i item) bool {
		return len(i.key) == std.PublicKeySize && std.Verify(i.key, i.message, i.signature)
	})
}

func TestBatchIsUsedAgain(t *testing.T) {
	batch := NewEd25519Batch(ZIP215)
	for _, n := range []int{0, 1, 700, 3, 0} {
		batch.Reset()
		for _, i := range honestEd25519(rand.New(rand.NewSource(int64(n))), n) {
			batch.Add(i.key, i.message, i.signature)
		}
		for range 2 {
			verdicts, err := batch.Verdicts()
			if err != nil || len(verdicts) != n || batch.Len() != n || !AllOK(verdicts) {
				t.Fatal(n, verdicts, err)
			}
		}
	}
}

func FuzzEd25519(f *testing.F) {
	for _, i := range hostileEd25519(f, rand.New(rand.NewSource(7)))[:200] {
		f.Add(i.key, i.message, i.signature)
	}
	accepts := voiAccepts(voi.VerifyOptionsZIP_215)
	f.Fuzz(func(t *testing.T, key, message, signature []byte) {
		verdicts, err := VerifyEd25519([][]byte{key}, [][]byte{signature}, [][]byte{message}, ZIP215)
		if err != nil {
			t.Fatal(err)
		}
		if (verdicts[0] == OK) != accepts(item{key, message, signature}) {
			t.Errorf("%v", verdicts[0])
		}
	})
}
