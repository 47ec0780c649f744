package verilane

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"math/rand"
	"testing"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/sha3"
)

func keccak(data []byte) []byte {
	state := sha3.NewLegacyKeccak256()
	state.Write(data)
	return state.Sum(nil)
}

func double(data []byte) []byte {
	once := sha256.Sum256(data)
	twice := sha256.Sum256(once[:])
	return twice[:]
}

func randomItems(seed int64, n int, width func(*rand.Rand) int) [][]byte {
	r := rand.New(rand.NewSource(seed))
	items := make([][]byte, n)
	for i := range items {
		items[i] = make([]byte, width(r))
		r.Read(items[i])
	}
	return items
}

func TestDigests(t *testing.T) {
	messages := randomItems(1, 1500, func(r *rand.Rand) int { return r.Intn(400) })
	for hash, peer := range map[Hash]func([]byte) []byte{
		SHA256:     func(m []byte) []byte { d := sha256.Sum256(m); return d[:] },
		SHA256D:    double,
		SHA512:     func(m []byte) []byte { d := sha512.Sum512(m); return d[:] },
		Keccak256:  keccak,
		SHA3_256:   func(m []byte) []byte { d := sha3.Sum256(m); return d[:] },
		BLAKE2b256: func(m []byte) []byte { d := blake2b.Sum256(m); return d[:] },
	} {
		found, err := Digests(messages, hash)
		if err != nil {
			t.Fatal(err)
		}
		for i, message := range messages {
			if !bytes.Equal(found[i], peer(message)) {
				t.Fatalf("hash %d of %d bytes", hash, len(message))
			}
		}
	}
	found, err := Digests([][]byte{[]byte("abc")}, SM3) // GB/T 32905-2016, appendix A.1
	if err != nil || hex.EncodeToString(found[0]) != "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" {
		t.Fatal(found, err)
	}
	if _, err := Digests(messages, 7); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
}

// RFC 6962 section 2.1, word for word.
func rfc6962(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		d := sha256.Sum256(nil)
		return d[:]
	case 1:
		d := sha256.Sum256(append([]byte{0}, leaves[0]...))
		return d[:]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	d := sha256.Sum256(append(append([]byte{1}, rfc6962(leaves[:k])...), rfc6962(leaves[k:])...))
	return d[:]
}

func bitcoin(level [][]byte) []byte {
	for len(level) > 1 {
		if len(level)%2 == 1 {
			level = append(level[:len(level):len(level)], level[len(level)-1])
		}
		var above [][]byte
		for i := 0; i < len(level); i += 2 {
			above = append(above, double(append(bytes.Clone(level[i]), level[i+1]...)))
		}
		level = above
	}
	return level[0]
}

func sortedPairs(level [][]byte) []byte {
	for len(level) > 1 {
		var above [][]byte
		for i := 0; i+1 < len(level); i += 2 {
			a, b := level[i], level[i+1]
			if bytes.Compare(a, b) > 0 {
				a, b = b, a
			}
			above = append(above, keccak(append(bytes.Clone(a), b...)))
		}
		if len(level)%2 == 1 {
			above = append(above, level[len(level)-1])
		}
		level = above
	}
	return level[0]
}

func TestMerkleRoots(t *testing.T) {
	for n := range 70 {
		leaves := randomItems(int64(n), n, func(r *rand.Rand) int { return r.Intn(100) })
		if root, err := MerkleRoot(leaves, Merkle{}); err != nil || !bytes.Equal(root[:], rfc6962(leaves)) {
			t.Fatal(n, err)
		}
		if n == 0 {
			continue
		}
		nodes := randomItems(int64(n), n, func(*rand.Rand) int { return 32 })
		if root, err := MerkleRoot(nodes, Merkle{Tree: TreeBitcoin}); err != nil || !bytes.Equal(root[:], bitcoin(nodes)) {
			t.Fatal(n, err)
		}
		root, err := MerkleRoot(nodes, Merkle{Tree: TreeSortedPairs})
		if err != nil || !bytes.Equal(root[:], sortedPairs(nodes)) {
			t.Fatal(n, err)
		}
	}
}

func TestMerkleRootsSayWhatIsWrong(t *testing.T) {
	equal := [][]byte{make([]byte, 32), make([]byte, 32)}
	root, err := MerkleRoot(equal, Merkle{Tree: TreeBitcoin})
	if !errors.Is(err, ErrMutated) || !bytes.Equal(root[:], bitcoin(equal)) {
		t.Fatal(err)
	}
	hash := SHA512
	for _, options := range []Merkle{{Tree: 99}, {Hash: &hash}, {Tree: TreeSSZ, Limit: 1}} {
		if _, err := MerkleRoot(equal, options); !errors.Is(err, ErrArgument) {
			t.Fatal(options, err)
		}
	}
	if _, err := MerkleRoot([][]byte{{1}}, Merkle{Tree: TreeFISCO3}); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
}

func TestOrderedTrieRoot(t *testing.T) {
	root, err := OrderedTrieRoot(nil)
	if err != nil || !bytes.Equal(root[:], keccak([]byte{0x80})) {
		t.Fatal(root, err)
	}
	// One leaf: Keccak-256 of rlp([hex-prefix of rlp(0) = 80, item]), the path 8 0 with an even number of nibbles.
	value := bytes.Repeat([]byte{7}, 40)
	node := append([]byte{0xc0 + 3 + 41, 0x82, 0x20, 0x80, 0x80 + 40}, value...)
	root, err = OrderedTrieRoot([][]byte{value})
	if err != nil || !bytes.Equal(root[:], keccak(node)) {
		t.Fatal(hex.EncodeToString(root[:]), err)
	}
	if _, err := OrderedTrieRoot([][]byte{{1}, {}}); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
}

func TestColumnsMustFit(t *testing.T) {
	one, none := [][]byte{{1}}, [][]byte{}
	for _, call := range []func(k, s, m [][]byte) ([]Verdict, error){
		func(k, s, m [][]byte) ([]Verdict, error) { return VerifySecp256k1(k, s, m, ECDSA{}) },
		func(k, s, m [][]byte) ([]Verdict, error) { return VerifyP256(k, s, m, ECDSA{}) },
		func(k, s, m [][]byte) ([]Verdict, error) { return VerifyEd25519(k, s, m, ZIP215) },
		func(k, s, m [][]byte) ([]Verdict, error) { return VerifySM2(k, s, m, nil, Compact) },
		VerifySchnorr,
	} {
		for _, columns := range [][3][][]byte{{one, none, one}, {none, one, one}, {one, one, none}} {
			if _, err := call(columns[0], columns[1], columns[2]); !errors.Is(err, ErrColumns) {
				t.Fatal(err)
			}
		}
		if verdicts, err := call(none, nil, none); err != nil || len(verdicts) != 0 {
			t.Fatal(verdicts, err)
		}
		if verdicts, err := call(one, one, one); err != nil || verdicts[0] != BadKey {
			t.Fatal(verdicts, err)
		}
		if verdicts, err := call([][]byte{nil}, [][]byte{nil}, [][]byte{nil}); err != nil || verdicts[0] != BadKey {
			t.Fatal(verdicts, err)
		}
	}
	if _, _, err := RecoverSecp256k1(one, none, Recovery{}); !errors.Is(err, ErrColumns) {
		t.Fatal(err)
	}
	if _, err := VerifyEd25519(one, one, one, 4); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
	if _, err := VerifyP256(one, one, one, ECDSA{Encoding: 9}); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// GM/T 0003.5-2012, appendix A.2.
func TestSM2(t *testing.T) {
	key := fromHex(t, "04"+"09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"+
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	signature := fromHex(t, "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"+
		"b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")
	message := []byte("message digest")
	for message, expected := range map[string]Verdict{string(message): OK, "message digesT": Mismatch} {
		verdicts, err := VerifySM2([][]byte{key}, [][]byte{signature}, [][]byte{[]byte(message)}, nil, Compact)
		if err != nil || verdicts[0] != expected {
			t.Fatal(verdicts, err)
		}
	}
	verdicts, err := VerifySM2([][]byte{key}, [][]byte{signature}, [][]byte{message}, []byte("another"), Compact)
	if err != nil || verdicts[0] != Mismatch {
		t.Fatal(verdicts, err)
	}
}
