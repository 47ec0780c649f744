// Package cometbft verifies CometBFT's Ed25519 signatures with Verilane: same rule (ZIP 215), same errors, same answers.
//
// CometBFT chooses its batch verifier by a switch in crypto/batch/batch.go, where no other can be registered. In a vendored
// tree, or a fork, let its case for ed25519.KeyType return cometbft.NewBatchVerifier(): then VerifyCommit and its kin, block
// sync, the light client and evidence all use it.
package cometbft

import (
	"errors"
	"fmt"
	"log"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/ed25519"

	verilane "verilane/nodes/go"
)

// BatchVerifier is a crypto.BatchVerifier for Ed25519. Like CometBFT's own it is for one goroutine.
type BatchVerifier struct{ batch *verilane.Ed25519Batch }

var _ crypto.BatchVerifier = (*BatchVerifier)(nil)

// NewBatchVerifier returns an empty one.
func NewBatchVerifier() crypto.BatchVerifier {
	return &BatchVerifier{verilane.NewEd25519Batch(verilane.ZIP215)}
}

// Add copies an item. What is no Ed25519 key, or has a wrong length, is an error, as in crypto/ed25519.
func (b *BatchVerifier) Add(key crypto.PubKey, message, signature []byte) error {
	ours, ok := key.(ed25519.PubKey)
	if !ok {
		return errors.New("pubkey is not Ed25519")
	}
	if len(ours) != ed25519.PubKeySize {
		return fmt.Errorf("pubkey size is incorrect; expected: %d, got %d", ed25519.PubKeySize, len(ours))
	}
	if len(signature) != ed25519.SignatureSize {
		return errors.New("invalid signature")
	}
	b.batch.Add(ours, message, signature)
	return nil
}

// Verify says whether all signatures are valid, and which are; of an empty batch false and nil, as in crypto/ed25519. Should
// the engine be unusable on this machine, CometBFT's own code verifies them, and the log says so.
func (b *BatchVerifier) Verify() (bool, []bool) {
	if b.batch.Len() == 0 {
		return false, nil
	}
	verdicts, err := b.batch.Verdicts()
	if err != nil {
		log.Printf("%v; CometBFT verifies this batch", err)
		return b.verifyByCometBFT()
	}
	valid := make([]bool, len(verdicts))
	for i, verdict := range verdicts {
		valid[i] = verdict == verilane.OK
	}
	return verilane.AllOK(verdicts), valid
}

func (b *BatchVerifier) verifyByCometBFT() (bool, []bool) {
	all, valid := true, make([]bool, b.batch.Len())
	for i := range valid {
		key, message, signature := b.batch.Item(i)
		valid[i] = ed25519.PubKey(key).VerifySignature(message, signature)
		all = all && valid[i]
	}
	return all, valid
}
