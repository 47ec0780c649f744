package verilane

import (
	"bytes"
	"crypto/ecdsa"
	"fmt"
	"math/rand"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	decred "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// One thread: go test -bench . -cpu 1. Peers take one item at a time.
func perItem(b *testing.B, name string, n int, work func() bool) {
	b.Run(fmt.Sprintf("n=%d/%s", n, name), func(b *testing.B) {
		for b.Loop() {
			if !work() {
				b.Fatal("not valid")
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1000, "µs/item")
	})
}

func BenchmarkP256(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		items := p256Items(b, rand.New(rand.NewSource(1)), max(n, 20))[:n]
		keys, signatures, digests := columnsOf(items)
		perItem(b, "verilane", n, func() bool {
			verdicts, err := VerifyP256(keys, signatures, digests, ECDSA{Encoding: DER})
			return err == nil && AllOK(verdicts)
		})
		parsed := make([]*ecdsa.PublicKey, n)
		for i := range parsed {
			parsed[i] = parseP256(keys[i])
		}
		perItem(b, "crypto-ecdsa", n, func() bool {
			for i, key := range parsed {
				if !ecdsa.VerifyASN1(key, digests[i], signatures[i]) {
					return false
				}
			}
			return true
		})
	}
}

func BenchmarkRecover(b *testing.B) {
	r := rand.New(rand.NewSource(2))
	for _, n := range []int{1, 64, 1024} {
		var ours, theirs, digests [][]byte
		for range n {
			key, err := secp256k1.GeneratePrivateKeyFromRand(r)
			if err != nil {
				b.Fatal(err)
			}
			digest := make([]byte, 32)
			r.Read(digest)
			compact := decred.SignCompact(key, digest, false)
			theirs, digests = append(theirs, compact), append(digests, digest)
			ours = append(ours, append(bytes.Clone(compact[1:]), compact[0]-27))
		}
		perItem(b, "verilane", n, func() bool {
			_, verdicts, err := RecoverSecp256k1(ours, digests, Recovery{})
			return err == nil && AllOK(verdicts)
		})
		perItem(b, "decred", n, func() bool {
			for i, signature := range theirs {
				if _, _, err := decred.RecoverCompact(signature, digests[i]); err != nil {
					return false
				}
			}
			return true
		})
	}
}
