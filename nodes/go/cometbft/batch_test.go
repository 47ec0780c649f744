package cometbft

import (
	"bytes"
	"fmt"
	"math/rand"
	"reflect"
	"testing"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/secp256k1"
)

type vote struct {
	key                crypto.PubKey
	message, signature []byte
}

// A commit's votes: one length, another timestamp in each.
func votes(t testing.TB, n int) []vote {
	var made []vote
	for i := range n {
		key := ed25519.GenPrivKey()
		message := append(bytes.Repeat([]byte{8, 2, 17}, 35), fmt.Sprintf("%010d", i)...)
		signature, err := key.Sign(message)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, vote{key.PubKey(), message, signature})
	}
	return made
}

func fill(t testing.TB, verifier crypto.BatchVerifier, votes []vote) {
	for _, v := range votes {
		if err := verifier.Add(v.key, v.message, v.signature); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnswersAreCometBFTs(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, n := range []int{0, 1, 2, 8, 100, 175, 1500} {
		for _, bad := range []int{0, 1, n / 10, n} {
			made := votes(t, n)
			for range min(bad, n) {
				v := &made[r.Intn(n)]
				switch r.Intn(4) {
				case 0:
					v.signature[r.Intn(64)] ^= 1 << r.Intn(8)
				case 1:
					v.message[0]++
				case 2:
					v.key = made[r.Intn(n)].key
				case 3: // a point of small order: valid under ZIP 215 with S = 0 where R is one too
					v.key, v.signature = ed25519.PubKey(append([]byte{1}, make([]byte, 31)...)), append([]byte{1}, make([]byte, 63)...)
				}
			}
			ours, theirs := NewBatchVerifier(), ed25519.NewBatchVerifier()
			fill(t, ours, made)
			fill(t, theirs, made)
			all, each := ours.Verify()
			expected, expectedEach := theirs.Verify()
			if all != expected || !reflect.DeepEqual(each, expectedEach) {
				t.Fatalf("%d votes, %d bad: %v, CometBFT says %v", n, bad, each, expectedEach)
			}
			if all, each := ours.(*BatchVerifier).verifyByCometBFT(); n > 0 && (all != expected || !reflect.DeepEqual(each, expectedEach)) {
				t.Fatalf("the way without the engine: %v, expected %v", each, expectedEach)
			}
		}
	}
}

func TestErrorsAreCometBFTs(t *testing.T) {
	key := ed25519.GenPrivKey().PubKey()
	for _, v := range []vote{
		{secp256k1.GenPrivKey().PubKey(), nil, make([]byte, 64)},
		{ed25519.PubKey(make([]byte, 31)), nil, make([]byte, 64)},
		{ed25519.PubKey(nil), nil, make([]byte, 64)},
		{key, nil, make([]byte, 63)},
		{key, nil, nil},
		{key, nil, make([]byte, 64)},
	} {
		ours, theirs := NewBatchVerifier(), ed25519.NewBatchVerifier()
		err, expected := ours.Add(v.key, v.message, v.signature), theirs.Add(v.key, v.message, v.signature)
		if fmt.Sprint(err) != fmt.Sprint(expected) {
			t.Errorf("%v, CometBFT says %v", err, expected)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{8, 64, 175, 1024} {
		made := votes(b, n)
		for name, create := range map[string]func() crypto.BatchVerifier{"verilane": NewBatchVerifier, "cometbft": ed25519.NewBatchVerifier} {
			b.Run(fmt.Sprintf("votes=%d/%s", n, name), func(b *testing.B) {
				for b.Loop() {
					verifier := create()
					fill(b, verifier, made)
					if ok, _ := verifier.Verify(); !ok {
						b.Fatal("not valid")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1000, "µs/vote")
			})
		}
	}
}
