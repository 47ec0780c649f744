// Package verilane verifies many signatures at once and hashes Merkle trees, on the vector lanes of the CPU.
//
// It handles public data only: nothing in it is constant time. Never give it a secret.
//
// Every call takes columns, slices of n items each, and gives one [Verdict] per item, in order. What is wrong inside an
// item, hostile bytes included, is that item's verdict; an error is the caller's mistake (columns of different lengths, an
// unknown rule) or says that the engine can't be used. A bad item costs the others nothing.
//
// A call copies its items into one piece of memory and makes one C call over it, or one in each of GOMAXPROCS goroutines
// where there are many items. All functions may be called from any number of goroutines.
//
// The C library is found by pkg-config:
//
//	export PKG_CONFIG_PATH=$(python3 -m verilane.clib --pkg-config-path)
package verilane

import (
	"errors"
	"fmt"
)

// Verdict says of one item whether its signature is valid. When several faults hold, the first in this order is given.
type Verdict uint8

const (
	Undecided    Verdict = iota // never returned
	OK                          // the signature is valid
	BadKey                      // not an encoding of a point on the curve
	BadSignature                // encoding, range or policy (low S); in recovery also: there is no such key
	BadMessage                  // a digest of a wrong length, or an SM2 user ID that is too long
	Mismatch                    // well formed, but the equation does not hold
)

var verdictNames = [...]string{"UNDECIDED", "OK", "BAD_KEY", "BAD_SIGNATURE", "BAD_MESSAGE", "MISMATCH"}

// String returns the verdict's name, as the other languages have it.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

var (
	// ErrColumns says that columns do not have the same number of items.
	ErrColumns = errors.New("verilane: columns of different lengths")
	// ErrArgument says that an option is unknown, or a leaf has a wrong length.
	ErrArgument = errors.New("verilane: an option is unknown, or a leaf has a wrong length")
	// ErrUnusable says that known answers came out wrong on this machine.
	ErrUnusable = errors.New("verilane: the engine can't be used here")
	// ErrMutated says that two equal neighbours were paired in a Bitcoin tree: another list of leaves has the same root
	// (CVE-2012-2459).
	ErrMutated = errors.New("verilane: equal neighbours in a Bitcoin tree")
)

// AllOK says whether every verdict is OK; it is true of none.
func AllOK(verdicts []Verdict) bool {
	for _, verdict := range verdicts {
		if verdict != OK {
			return false
		}
	}
	return true
}
