package verilane

import (
	"context"
	"errors"
	"time"
)

// Scheme is what a [Verifier] is asked for.
type Scheme int

const (
	SchemeSecp256k1 Scheme = iota // ECDSA
	SchemeP256                    // ECDSA
	SchemeSM2
	SchemeSchnorr // BIP-340
	SchemeEd25519
)

// Class says how urgent an item is. While a more urgent class has items, no other gets a worker.
type Class int

const (
	Consensus Class = iota
	Blocks
	Mempool // may be shed for more urgent items
	Bulk
)

var (
	// ErrBusy says that the queue of the item's class is full, or the item was given up for more urgent ones.
	ErrBusy = errors.New("verilane: busy")
	// ErrTooLarge says that an item has more than a mebibyte: no verdict is given.
	ErrTooLarge = errors.New("verilane: too large")
	// ErrDeadline says that the item's time was over before a worker came to it.
	ErrDeadline = errors.New("verilane: deadline")
	// ErrClosed says that the verifier is closed.
	ErrClosed = errors.New("verilane: closed")
)

// Request is how an item is to be verified; the zero value is ECDSA over secp256k1 by SEC 1's own rules, as a CONSENSUS item.
type Request struct {
	Scheme   Scheme
	ECDSA                  // of ECDSA; of SM2 its Encoding
	Rule     Rule          // of Ed25519
	UserID   []byte        // of SM2; nil: messages are digests
	Class    Class         //
	Source   uint64        // who sent the item, 0: unknown. Bad signatures of one source do not slow others
	Deadline time.Duration // 0: none
}

// VerifierOptions is what a verifier is made with; the zero value will do.
type VerifierOptions struct {
	Threads int // workers; 0: as many as there are processors
	Items   int // of each class, how many may wait; 0: 65536
	Cache   int // valid items that are remembered; 0: 65536, -1: none
}

// Verifier takes one item at a time from any number of goroutines, and verifies what has come together meanwhile in batches.
// An idle one waits for nothing. Its workers are C's threads; who waits for a verdict keeps none.
type Verifier struct{ handle verifierHandle }

// NewVerifier starts the workers. Close it.
func NewVerifier(options VerifierOptions) (*Verifier, error) {
	v := &Verifier{}
	if err := v.handle.create(options); err != nil {
		return nil, err
	}
	return v, nil
}

// Verify waits for the verdict of one item. key, signature and message are as the scheme's function of this package has
// them; they are copied. The error is ErrBusy, ErrTooLarge, ErrDeadline, ErrClosed, ErrArgument (an unknown option), ErrUnusable,
// or the context's: then the item is given up, unless a worker has begun it.
func (v *Verifier) Verify(ctx context.Context, request Request, key, signature, message []byte) (Verdict, error) {
	return v.handle.verify(ctx, &request, key, signature, message)
}

// Close takes no more items, waits until those that were taken are done, and ends the workers. It may be called again.
func (v *Verifier) Close() { v.handle.close() }
