package verilane

import (
	"bytes"
	"math/rand"
	"runtime"
	"testing"
)

// An item of any scheme; mutations make hostile ones of honest ones.
type item struct{ key, message, signature []byte }

func (i item) clone() item {
	return item{bytes.Clone(i.key), bytes.Clone(i.message), bytes.Clone(i.signature)}
}

// mutated changes one part: a bit, a byte, the length, or parts of another item in its place.
func mutated(r *rand.Rand, from, other item) item {
	made := from.clone()
	parts, others := []*[]byte{&made.key, &made.message, &made.signature}, [][]byte{other.key, other.message, other.signature}
	k := r.Intn(3)
	part := parts[k]
	switch r.Intn(9) {
	case 0, 1, 2: // a bit
		if len(*part) > 0 {
			(*part)[r.Intn(len(*part))] ^= 1 << r.Intn(8)
		}
	case 3: // a byte
		if len(*part) > 0 {
			(*part)[r.Intn(len(*part))] = byte(r.Intn(256))
		}
	case 4:
		*part = bytes.Clone(others[k])
	case 5: // half of another
		if len(*part) == len(others[k]) {
			copy((*part)[len(*part)/2:], others[k][len(*part)/2:])
		}
	case 6:
		*part = (*part)[:r.Intn(len(*part)+1)]
	case 7:
		*part = append(*part, byte(r.Intn(256)))
	case 8: // as it is
	}
	return made
}

func columnsOf(items []item) (keys, signatures, messages [][]byte) {
	for _, i := range items {
		keys, signatures, messages = append(keys, i.key), append(signatures, i.signature), append(messages, i.message)
	}
	return
}

// sameAsPeer verifies items in one batch, in batches of 1 to 40, and one by one, and compares with what the peer accepts.
func sameAsPeer(t *testing.T, items []item, verify func(keys, signatures, messages [][]byte) ([]Verdict, error),
	peer func(item) bool) {
	t.Helper()
	accepted := 0
	expected := make([]bool, len(items))
	for i := range items {
		expected[i] = peer(items[i])
		if expected[i] {
			accepted++
		}
	}
	if accepted == 0 || accepted == len(items) {
		t.Fatalf("%d of %d accepted: such items show nothing", accepted, len(items))
	}
	r := rand.New(rand.NewSource(1))
	for start := 0; start < len(items); {
		stop := min(len(items), start+1+r.Intn(40))
		compare(t, items[start:stop], expected[start:stop], verify)
		start = stop
	}
	compare(t, items, expected, verify)
	old := runtime.GOMAXPROCS(1)
	compare(t, items, expected, verify)
	runtime.GOMAXPROCS(old)
}

func compare(t *testing.T, items []item, expected []bool,
	verify func(keys, signatures, messages [][]byte) ([]Verdict, error)) {
	t.Helper()
	verdicts, err := verify(columnsOf(items))
	if err != nil || len(verdicts) != len(items) {
		t.Fatal(len(verdicts), err)
	}
	for i, verdict := range verdicts {
		if (verdict == OK) != expected[i] {
			t.Errorf("item %d of %d is %v, the peer says %v: key %x, message %x, signature %x", i, len(items), verdict,
				expected[i], items[i].key, items[i].message, items[i].signature)
		}
	}
}
