package verilane

import "crypto/rand"

// Encoding says how r and s are written.
type Encoding int

const (
	Compact Encoding = iota // r || s, 64 bytes
	DER                     // strict DER as BIP 66 defines it
	DERLax                  // what Bitcoin's historic blocks have (ECDSA)
	FISCO                   // SM2 only: r || s || x || y, 128 bytes, with the key appended (FISCO BCOS)
)

// ECDSA is the rules of ECDSA; the zero value is SEC 1's own.
type ECDSA struct {
	Encoding   Encoding
	LowS       bool // s > n/2 is BadSignature: Hyperledger Fabric; Bitcoin's relay policy
	HybridKeys bool // 65-byte keys may start with 06 or 07: Bitcoin's blocks
	KeyForm    KeyForm
}

// KeyForm is how ECDSA's keys may be written. It matters where a key comes as somebody else wrote it.
type KeyForm int

const (
	AnyForm    KeyForm = iota // 33, 65 or 64 bytes
	SEC1                      // 33 or 65 bytes: Bitcoin's scripts
	Compressed                // 33 bytes: Cosmos
)

// The curves of shim.h.
const (
	curveSecp256k1 = iota
	curveP256
)

// VerifySecp256k1 verifies ECDSA over secp256k1 (SEC 1 section 4.1.4). keys: 33, 65 or 64 bytes (x || y) each; digests: 32
// bytes each, else BadMessage.
func VerifySecp256k1(keys, signatures, digests [][]byte, options ECDSA) ([]Verdict, error) {
	items, err := signedOf(keys, signatures, digests)
	if err != nil {
		return nil, err
	}
	return items.ecdsa(curveSecp256k1, options)
}

// VerifyP256 verifies ECDSA over P-256 (FIPS 186-5), as [VerifySecp256k1] does.
func VerifyP256(keys, signatures, digests [][]byte, options ECDSA) ([]Verdict, error) {
	items, err := signedOf(keys, signatures, digests)
	if err != nil {
		return nil, err
	}
	return items.ecdsa(curveP256, options)
}

// Recovery is the rules of recovery. Ethereum's transactions since Homestead have both, its precompile ecrecover ParityIDs
// alone.
type Recovery struct {
	LowS      bool // s > n/2 is BadSignature
	ParityIDs bool // ids 2 and 3 are BadSignature
}

// RecoverSecp256k1 recovers public keys (SEC 1 section 4.1.6). signatures: 65 bytes each, r || s || id with id 0 to 3;
// digests: 32 bytes each. keys: x || y, zero where the verdict is not OK; no point from (r, id) is BadSignature.
func RecoverSecp256k1(signatures, digests [][]byte, options Recovery) (keys [][64]byte, verdicts []Verdict, err error) {
	if len(signatures) != len(digests) {
		return nil, nil, ErrColumns
	}
	return recoverKeys(columnOf(signatures), columnOf(digests), options)
}

// VerifySchnorr verifies BIP-340. keys: 32 bytes each; signatures: 64 bytes each; messages: any length.
func VerifySchnorr(keys, signatures, messages [][]byte) ([]Verdict, error) {
	items, err := signedOf(keys, signatures, messages)
	if err != nil {
		return nil, err
	}
	return items.schnorr(seed())
}

// Rule says what Ed25519 accepts beside the ordinary. Where consensus depends on it, take the chain's own.
type Rule int

const (
	ZIP215  Rule = iota // Zcash, CometBFT: any A and R that decode, 8 S B = 8 R + 8 k A
	RFC8032             // canonical A and R, S B = R + k A
	OpenSSL             // OpenSSL, Go's crypto/ed25519: any A that decodes, R's bytes are those of S B - k A
	Strict              // ed25519-dalek's verify_strict, Solana: as OpenSSL, neither A nor R of small order
)

// VerifyEd25519 verifies Ed25519 (RFC 8032 section 5.1.7) under a rule. keys: 32 bytes each; signatures: 64 bytes each;
// messages: any length. Under ZIP215 items of a large batch are first judged together, by a random combination with
// coefficients new for each call: a forgery passes with probability 2^-128.
func VerifyEd25519(keys, signatures, messages [][]byte, rule Rule) ([]Verdict, error) {
	items, err := signedOf(keys, signatures, messages)
	if err != nil {
		return nil, err
	}
	return items.ed25519(rule, seed())
}

// VerifySM2 verifies SM2 (GB/T 32918.2-2016 section 7.1) with SM3. keys: 33, 65 or 64 bytes (x || y) each; messages: any
// length, signed with this user ID, by default "1234567812345678". encoding: Compact, DER or FISCO.
func VerifySM2(keys, signatures, messages [][]byte, userID []byte, encoding Encoding) ([]Verdict, error) {
	items, err := signedOf(keys, signatures, messages)
	if err != nil {
		return nil, err
	}
	if userID == nil {
		userID = []byte("1234567812345678")
	}
	return items.sm2(userID, encoding)
}

// seed returns what the secret coefficients of a batch equation are made from.
func seed() []byte {
	made := make([]byte, 32)
	rand.Read(made) // never fails (Go 1.24)
	return made
}

// Ed25519Batch collects items one by one. It is not safe for use by several goroutines at once.
type Ed25519Batch struct {
	items signed
	rule  Rule
}

// NewEd25519Batch returns an empty batch under a rule.
func NewEd25519Batch(rule Rule) *Ed25519Batch { return &Ed25519Batch{rule: rule} }

// Add copies an item. Nothing is checked yet: what is wrong with it will be its verdict.
func (b *Ed25519Batch) Add(key, message, signature []byte) {
	b.items.keys.add(key)
	b.items.messages.add(message)
	b.items.signatures.add(signature)
}

// Len returns how many items there are.
func (b *Ed25519Batch) Len() int { return b.items.keys.len() }

// Reset empties the batch and keeps its memory.
func (b *Ed25519Batch) Reset() {
	for _, c := range []*column{&b.items.keys, &b.items.messages, &b.items.signatures} {
		c.data, c.ends = c.data[:0], c.ends[:0]
	}
}

// Item returns item i, as it was added.
func (b *Ed25519Batch) Item(i int) (key, message, signature []byte) {
	return b.items.keys.item(i), b.items.messages.item(i), b.items.signatures.item(i)
}

// Verdicts returns those of all items, in order. The batch stays as it is.
func (b *Ed25519Batch) Verdicts() ([]Verdict, error) { return b.items.ed25519(b.rule, seed()) }
