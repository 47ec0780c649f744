package verilane

/*
#include "shim_verifier.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime/cgo"
	"sync"
	"time"
)

// A verifierHandle is C's verifier. Its items are handed in by calls that do not wait, and one goroutine collects what became
// of them: whoever waits for a verdict waits on a channel, and keeps no thread.
type verifierHandle struct {
	lock      sync.RWMutex // held for reading by calls inside, so that C's memory is given back after the last one
	c         *C.vl_verifier
	collected chan struct{} // closed when there is nothing more to come
}

// Channels that nothing is in and nobody will write to.
var answers = sync.Pool{New: func() any { return make(chan C.int, 1) }}

func (h *verifierHandle) create(options VerifierOptions) error {
	if options.Threads < 0 || options.Items < 0 || options.Cache < -1 {
		return ErrArgument
	}
	err := errorOf(C.go_verifier_create(&h.c, C.int32_t(options.Threads), C.uint64_t(options.Items),
		C.int64_t(options.Cache)))
	if err == nil {
		h.collected = make(chan struct{})
		go h.collect()
	}
	return err
}

// collect gives every completion to who waits for it: its tag is the handle of a channel.
func (h *verifierHandle) collect() {
	defer close(h.collected)
	completions := make([]C.vl_completion, 256)
	for {
		n := C.vl_verifier_collect(h.c, &completions[0], C.int(len(completions)), -1)
		if n < 0 { // closed, and nothing is left
			return
		}
		for _, completion := range completions[:n] {
			waiting := cgo.Handle(completion.tag)
			answer := waiting.Value().(chan C.int)
			waiting.Delete()
			answer <- C.int(completion.result) // it has room
		}
	}
}

func (h *verifierHandle) verify(ctx context.Context, r *Request, key, signature, message []byte) (Verdict, error) {
	if err := ctx.Err(); err != nil {
		return Undecided, err
	}
	answer := answers.Get().(chan C.int)
	ticket, err := h.submit(answer, r, key, signature, message)
	if err != nil {
		answers.Put(answer)
		return Undecided, err
	}
	select {
	case result := <-answer:
		answers.Put(answer)
		if result >= C.VL_OK && result <= C.VL_MISMATCH {
			return Verdict(result), nil
		}
		return Undecided, errorOf(result)
	case <-ctx.Done(): // the channel goes with its answer
		h.cancel(ticket)
		return Undecided, ctx.Err()
	}
}

func (h *verifierHandle) submit(answer chan C.int, r *Request, key, signature, message []byte) (C.uint64_t, error) {
	option, flags := C.int32_t(0), C.uint(0)
	switch r.Scheme {
	case SchemeSecp256k1, SchemeP256:
		option, flags = C.int32_t(r.Encoding), r.ECDSA.flags()
	case SchemeSM2:
		option = C.int32_t(r.Encoding)
	case SchemeEd25519:
		option = C.int32_t(r.Rule)
	}
	h.lock.RLock()
	defer h.lock.RUnlock()
	if h.c == nil {
		return 0, ErrClosed
	}
	var ticket C.uint64_t
	waiting := cgo.NewHandle(answer)
	code := C.go_verifier_submit(h.c, &ticket, C.uint64_t(waiting), C.int32_t(r.Scheme), option, flags,
		C.int32_t(r.Class), C.uint64_t(r.Source), microseconds(r.Deadline), pointer(r.UserID),
		C.size_t(len(r.UserID)), pointer(key), C.size_t(len(key)), pointer(signature), C.size_t(len(signature)),
		pointer(message), C.size_t(len(message)))
	if code != C.VL_SUCCESS {
		waiting.Delete()
	}
	return ticket, errorOf(code)
}

// microseconds rounds away from zero, which would mean that there is no deadline.
func microseconds(d time.Duration) C.int64_t {
	us := C.int64_t(d / time.Microsecond)
	switch rest := d % time.Microsecond; {
	case rest > 0:
		return us + 1
	case rest < 0:
		return us - 1
	}
	return us
}

func (h *verifierHandle) cancel(ticket C.uint64_t) {
	h.lock.RLock()
	defer h.lock.RUnlock()
	if h.c != nil {
		C.vl_verifier_cancel(h.c, ticket)
	}
}

func (h *verifierHandle) close() {
	h.lock.RLock()
	if h.c != nil {
		C.vl_verifier_close(h.c, 1)
		<-h.collected
	}
	h.lock.RUnlock()
	h.lock.Lock()
	defer h.lock.Unlock()
	C.vl_verifier_free(h.c)
	h.c = nil
}

// Of every call, a verifier's or not.
func errorOf(code C.int) error {
	switch code {
	case C.VL_SUCCESS:
		return nil
	case C.VL_ERROR_ARGUMENT:
		return ErrArgument
	case C.VL_ERROR_BUSY, C.VL_ERROR_SHED:
		return ErrBusy
	case C.VL_ERROR_TOO_LARGE:
		return ErrTooLarge
	case C.VL_ERROR_DEADLINE:
		return ErrDeadline
	case C.VL_ERROR_CLOSED:
		return ErrClosed
	default:
		return fmt.Errorf("%w: %s", ErrUnusable, C.GoString(C.vl_error_text(code)))
	}
}
