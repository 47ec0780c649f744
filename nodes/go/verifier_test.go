package verilane

import (
	"context"
	"errors"
	"math/rand"
	"sync"
	"testing"
	"time"

	"crypto/ecdsa"
	std "crypto/ed25519"
)

func newVerifier(t testing.TB, options VerifierOptions) *Verifier {
	v, err := NewVerifier(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// ask sends items from many goroutines at once, and compares each verdict with that of a batch.
func ask(t *testing.T, v *Verifier, request Request, items []item, expected []Verdict) {
	var wait sync.WaitGroup
	for first := range 64 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := first; i < len(items); i += 64 {
				verdict, err := v.Verify(t.Context(), request, items[i].key, items[i].signature, items[i].message)
				if err != nil || verdict != expected[i] {
					t.Errorf("item %d: %v, %v, expected %v", i, verdict, err, expected[i])
				}
			}
		}()
	}
	wait.Wait()
}

func TestVerifierSaysWhatBatchesSay(t *testing.T) {
	r := rand.New(rand.NewSource(64))
	for _, cache := range []int{0, -1} {
		v := newVerifier(t, VerifierOptions{Cache: cache})
		items := p256Items(t, r, 200)
		request := Request{Scheme: SchemeP256, ECDSA: ECDSA{Encoding: DER, LowS: true}, Class: Blocks, Source: 7}
		keys, signatures, digests := columnsOf(items)
		expected, err := VerifyP256(keys, signatures, digests, request.ECDSA)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, v, request, items, expected)
		ask(t, v, request, items, expected)

		items = secp256k1Items(t, r, 100)
		request = Request{ECDSA: ECDSA{Encoding: DER}}
		keys, signatures, digests = columnsOf(items)
		expected, err = VerifySecp256k1(keys, signatures, digests, request.ECDSA)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, v, request, items, expected)

		items = append(hostileEd25519(t, r), honestEd25519(r, 200)...)
		for _, rule := range []Rule{ZIP215, OpenSSL, Strict} {
			keys, signatures, messages := columnsOf(items)
			expected, err = VerifyEd25519(keys, signatures, messages, rule)
			if err != nil {
				t.Fatal(err)
			}
			ask(t, v, Request{Scheme: SchemeEd25519, Rule: rule, Class: Mempool, Deadline: time.Minute}, items, expected)
		}
	}
}

// A key that is not there is no key, and not the one that a FISCO signature brings along.
func TestVerifierTakesNoSignaturesKey(t *testing.T) {
	key := fromHex(t, "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"+
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	signature := append(fromHex(t, "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"+
		"b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"), key...)
	v := newVerifier(t, VerifierOptions{Threads: 1})
	request := Request{Scheme: SchemeSM2, ECDSA: ECDSA{Encoding: FISCO}, UserID: []byte("1234567812345678")}
	for _, c := range []struct {
		key      []byte
		expected Verdict
	}{{key, OK}, {nil, BadKey}, {[]byte{}, BadKey}} {
		verdict, err := v.Verify(t.Context(), request, c.key, signature, []byte("message digest"))
		if err != nil || verdict != c.expected {
			t.Errorf("key %x: %v, %v, expected %v", c.key, verdict, err, c.expected)
		}
	}
	_, err := v.Verify(t.Context(), Request{Scheme: SchemeEd25519}, key[:32], signature[:64], make([]byte, 1<<20))
	if !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestVerifierRefuses(t *testing.T) {
	v := newVerifier(t, VerifierOptions{Threads: 1})
	i := honestEd25519(rand.New(rand.NewSource(1)), 1)[0]
	for _, request := range []Request{{Scheme: 9}, {Class: 4}, {Class: -1}, {Scheme: SchemeEd25519, Rule: 4},
		{ECDSA: ECDSA{Encoding: FISCO}}, {Deadline: -time.Second}, {Deadline: -1}} {
		if verdict, err := v.Verify(t.Context(), request, i.key, i.signature, i.message); !errors.Is(err, ErrArgument) {
			t.Errorf("%+v: %v, %v", request, verdict, err)
		}
	}
	for _, options := range []VerifierOptions{{Threads: -1}, {Items: -1}, {Cache: -2}, {Threads: 100000}} {
		if _, err := NewVerifier(options); !errors.Is(err, ErrArgument) {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

// To C 0 would mean that there is no deadline.
func TestShortDeadlinesAreDeadlines(t *testing.T) {
	for given, expected := range map[time.Duration]int64{0: 0, 1: 1, 999: 1, 1000: 1, 1001: 2, -1: -1, -1000: -1} {
		if us := int64(microseconds(given)); us != expected {
			t.Errorf("%v: %d us, expected %d", given, us, expected)
		}
	}
}

// Each item in a goroutine of its own; what it returns waits for all.
func atOnce(items []item, work func(n int, i item)) func() {
	var wait sync.WaitGroup
	for n, i := range items {
		wait.Add(1)
		go func() {
			defer wait.Done()
			work(n, i)
		}()
	}
	return wait.Wait
}

func TestVerifierIsClosedWhileItWorks(t *testing.T) {
	v := newVerifier(t, VerifierOptions{})
	items := honestEd25519(rand.New(rand.NewSource(3)), 64)
	wait := atOnce(items, func(_ int, i item) {
		for {
			verdict, err := v.Verify(t.Context(), Request{Scheme: SchemeEd25519}, i.key, i.signature, i.message)
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil || verdict != OK {
				t.Error(verdict, err)
				return
			}
		}
	})
	time.Sleep(50 * time.Millisecond)
	v.Close()
	wait()
	v.Close()
	if _, err := v.Verify(t.Context(), Request{}, nil, nil, nil); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestVerifierIsAskedByWhoGivesUp(t *testing.T) {
	v := newVerifier(t, VerifierOptions{Threads: 1, Cache: -1})
	items := honestEd25519(rand.New(rand.NewSource(4)), 64)
	wait := atOnce(items, func(n int, i item) {
		for k := range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration((n+k)%7)*50*time.Microsecond)
			verdict, err := v.Verify(ctx, Request{Scheme: SchemeEd25519, Class: Bulk}, i.key, i.signature, i.message)
			if (err != nil || verdict != OK) && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(verdict, err)
			}
			cancel()
			if verdict, err = v.Verify(t.Context(), Request{Scheme: SchemeEd25519}, i.key, i.message, i.message); err != nil || verdict != BadSignature {
				t.Error(verdict, err) // nobody gets another one's answer
			}
		}
	})
	wait()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(done, Request{}, nil, nil, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// 64 goroutines that ask one by one, as a node's do: by a verifier, and by Go's own library.
func BenchmarkVerifier(b *testing.B) {
	v := newVerifier(b, VerifierOptions{Cache: -1})
	ecdsas := p256Items(b, rand.New(rand.NewSource(1)), 64)[:64]
	edwards := honestEd25519(rand.New(rand.NewSource(1)), 64)
	keys := make([]*ecdsa.PublicKey, 64)
	for i := range keys {
		keys[i] = parseP256(ecdsas[i].key)
	}
	ours := func(request Request, items []item) func(int) bool {
		return func(i int) bool {
			verdict, err := v.Verify(context.Background(), request, items[i].key, items[i].signature, items[i].message)
			return err == nil && verdict == OK
		}
	}
	for _, work := range []struct {
		name string
		do   func(int) bool
	}{
		{"P256/verilane", ours(Request{Scheme: SchemeP256, ECDSA: ECDSA{Encoding: DER}}, ecdsas)},
		{"P256/crypto-ecdsa", func(i int) bool {
			return ecdsa.VerifyASN1(keys[i], ecdsas[i].message, ecdsas[i].signature)
		}},
		{"Ed25519/verilane", ours(Request{Scheme: SchemeEd25519}, edwards)},
		{"Ed25519/crypto-ed25519", func(i int) bool {
			return std.Verify(edwards[i].key, edwards[i].message, edwards[i].signature)
		}},
	} {
		b.Run(work.name, func(b *testing.B) {
			var wait sync.WaitGroup
			for i := range 64 {
				wait.Add(1)
				go func() {
					defer wait.Done()
					for range b.N/64 + 1 {
						if !work.do(i) {
							b.Error("not valid")
						}
					}
				}()
			}
			wait.Wait()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N+64)/1000, "µs/item")
		})
	}
}
