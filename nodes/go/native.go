package verilane

/*
#cgo pkg-config: verilane
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// What is loaded may be older than the header that this was compiled with.
func init() {
	found := int(C.vl_abi_version())
	if found>>16 != C.VL_ABI_MAJOR || found&0xffff < C.VL_ABI_MINOR {
		panic(fmt.Sprintf("verilane: libverilane has the ABI %d.%d, expected %d.%d or newer",
			found>>16, found&0xffff, C.VL_ABI_MAJOR, C.VL_ABI_MINOR))
	}
}

// ---- What C is lent ----

// A column holds n byte strings in one piece of memory: item i is data[ends[i]:ends[i+1]].
type column struct {
	data []byte
	ends []int64
}

func (c *column) add(item []byte) {
	if len(c.ends) == 0 {
		c.ends = append(c.ends, 0)
	}
	c.data = append(c.data, item...)
	c.ends = append(c.ends, int64(len(c.data)))
}

func (c *column) len() int { return max(len(c.ends)-1, 0) }

func (c *column) item(i int) []byte { return c.data[c.ends[i]:c.ends[i+1]:c.ends[i+1]] }

func columnOf(items [][]byte) column {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	c := column{make([]byte, 0, size), make([]int64, 0, len(items)+1)}
	for _, item := range items {
		c.add(item)
	}
	return c
}

// from returns the column without its first items, as C takes it.
func (c *column) from(start int) (C.bytes, C.ends) {
	if len(c.ends) == 0 {
		return nil, nil
	}
	return pointer(c.data), (C.ends)(unsafe.Pointer(&c.ends[start]))
}

func pointer(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(data))) }

// C works in memory that it is lent for a call.
var scratches = sync.Pool{New: func() any {
	scratch := make([]byte, int(C.vl_scratch_size()))
	return &scratch
}}

type scratch struct {
	memory unsafe.Pointer
	size   C.size_t
}

func withScratch(work func(scratch) C.int) error {
	lent := scratches.Get().(*[]byte)
	defer scratches.Put(lent)
	return errorOf(work(scratch{unsafe.Pointer(&(*lent)[0]), C.size_t(len(*lent))}))
}

// Fewer items than this are not worth a goroutine of their own.
const least = 512

// split does n items' work in parts that several goroutines do at once, where there are enough.
func split(n int, work func(start, stop int, lent scratch) C.int) error {
	parts := max(1, min(runtime.GOMAXPROCS(0), n/least))
	if parts == 1 {
		return withScratch(func(lent scratch) C.int { return work(0, n, lent) })
	}
	errs := make([]error, parts)
	var wait sync.WaitGroup
	for part := range parts {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[part] = withScratch(func(lent scratch) C.int {
				return work(n*part/parts, n*(part+1)/parts, lent)
			})
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ---- Signatures ----

// signed is what every scheme verifies.
type signed struct{ keys, signatures, messages column }

func signedOf(keys, signatures, messages [][]byte) (*signed, error) {
	if len(keys) != len(signatures) || len(keys) != len(messages) {
		return nil, fmt.Errorf("%w: %d keys, %d signatures, %d messages", ErrColumns, len(keys), len(signatures),
			len(messages))
	}
	return &signed{columnOf(keys), columnOf(signatures), columnOf(messages)}, nil
}

// verify returns the verdicts of all items, each part by one C call.
func (s *signed) verify(call func(verdicts *C.uint8_t, n C.size_t, s *signed, start int, lent scratch) C.int) ([]Verdict,
	error) {
	n := s.keys.len()
	if n == 0 {
		return nil, nil
	}
	codes := make([]byte, n)
	err := split(n, func(start, stop int, lent scratch) C.int {
		return call(pointer(codes[start:]), C.size_t(stop-start), s, start, lent)
	})
	if err != nil {
		return nil, err
	}
	return verdictsOf(codes)
}

// verdictsOf lets nothing but verdicts out, whatever C left behind.
func verdictsOf(codes []byte) ([]Verdict, error) {
	verdicts := make([]Verdict, len(codes))
	for i, code := range codes {
		if code < byte(OK) || code > byte(Mismatch) {
			return nil, fmt.Errorf("%w: item %d was left with the code %d", ErrUnusable, i, code)
		}
		verdicts[i] = Verdict(code)
	}
	return verdicts, nil
}

func (s *signed) ecdsa(curve C.int, options ECDSA) ([]Verdict, error) {
	return s.verify(func(verdicts *C.uint8_t, n C.size_t, s *signed, start int, lent scratch) C.int {
		k, kEnds := s.keys.from(start)
		g, gEnds := s.signatures.from(start)
		m, mEnds := s.messages.from(start)
		return C.go_ecdsa(verdicts, n, curve, k, kEnds, g, gEnds, m, mEnds, C.int(options.Encoding), options.flags(),
			lent.memory, lent.size)
	})
}

func (s *signed) schnorr(seed []byte) ([]Verdict, error) {
	return s.verify(func(verdicts *C.uint8_t, n C.size_t, s *signed, start int, lent scratch) C.int {
		k, kEnds := s.keys.from(start)
		g, gEnds := s.signatures.from(start)
		m, mEnds := s.messages.from(start)
		return C.go_schnorr(verdicts, n, k, kEnds, g, gEnds, m, mEnds, pointer(seed), lent.memory, lent.size)
	})
}

func (s *signed) ed25519(rule Rule, seed []byte) ([]Verdict, error) {
	return s.verify(func(verdicts *C.uint8_t, n C.size_t, s *signed, start int, lent scratch) C.int {
		k, kEnds := s.keys.from(start)
		g, gEnds := s.signatures.from(start)
		m, mEnds := s.messages.from(start)
		return C.go_ed25519(verdicts, n, k, kEnds, g, gEnds, m, mEnds, C.int(rule), pointer(seed), lent.memory,
			lent.size)
	})
}

func (s *signed) sm2(userID []byte, encoding Encoding) ([]Verdict, error) {
	return s.verify(func(verdicts *C.uint8_t, n C.size_t, s *signed, start int, lent scratch) C.int {
		k, kEnds := s.keys.from(start)
		g, gEnds := s.signatures.from(start)
		m, mEnds := s.messages.from(start)
		return C.go_sm2(verdicts, n, k, kEnds, g, gEnds, m, mEnds, pointer(userID), C.size_t(len(userID)),
			C.int(encoding), lent.memory, lent.size)
	})
}

func (o ECDSA) flags() C.uint {
	return flag(o.LowS, C.VL_LOW_S) | flag(o.HybridKeys, C.VL_HYBRID_KEYS) |
		flag(o.KeyForm == SEC1, C.VL_SEC1_KEYS) | flag(o.KeyForm == Compressed, C.VL_COMPRESSED_KEYS)
}

func flag(on bool, bit C.uint) C.uint {
	if on {
		return bit
	}
	return 0
}

func recoverKeys(signatures, digests column, options Recovery) ([][64]byte, []Verdict, error) {
	n := signatures.len()
	if n == 0 {
		return nil, nil, nil
	}
	keys, codes := make([][64]byte, n), make([]byte, n)
	flags := flag(options.LowS, C.VL_LOW_S) | flag(options.ParityIDs, C.VL_PARITY_IDS)
	err := split(n, func(start, stop int, lent scratch) C.int {
		g, gEnds := signatures.from(start)
		m, mEnds := digests.from(start)
		return C.go_recover(pointer(keys[start][:]), pointer(codes[start:]), C.size_t(stop-start), g, gEnds, m, mEnds,
			flags, lent.memory, lent.size)
	})
	if err != nil {
		return nil, nil, err
	}
	verdicts, err := verdictsOf(codes)
	return keys, verdicts, err
}

// ---- Hashes ----

func hashSize(hash Hash) int { return int(C.vl_hash_size(C.int(hash))) }

func digests(out []byte, messages column, hash Hash) error {
	size := hashSize(hash)
	return split(messages.len(), func(start, stop int, lent scratch) C.int {
		m, mEnds := messages.from(start)
		return C.go_digest(pointer(out[size*start:]), C.size_t(stop-start), m, mEnds, C.int(hash), lent.memory, lent.size)
	})
}

func merkleRoot(leaves column, options Merkle) (root [32]byte, mutated bool, err error) {
	var pairs C.int
	hash := C.int(C.VL_HASH_OWN)
	if options.Hash != nil {
		hash = C.int(*options.Hash)
	}
	err = withScratch(func(lent scratch) C.int {
		l, lEnds := leaves.from(0)
		return C.go_merkle_root(pointer(root[:]), &pairs, C.size_t(leaves.len()), l, lEnds, C.uint64_t(options.Limit),
			C.int(options.Tree), hash, lent.memory, lent.size)
	})
	return root, pairs != 0, err
}

func trieRoot(items column) (root [32]byte, err error) {
	nodes := make([]uint64, C.VL_TRIE_NODE_WORDS*max(items.len(), 1))
	err = withScratch(func(lent scratch) C.int {
		i, iEnds := items.from(0)
		return C.go_trie_root(pointer(root[:]), (*C.uint64_t)(unsafe.Pointer(&nodes[0])), C.size_t(items.len()), i,
			iEnds, lent.memory, lent.size)
	})
	return root, err
}
