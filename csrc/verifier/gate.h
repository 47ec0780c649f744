/* Gates: what callers wait at for their batch. Many wait at one, and one call to the system wakes them all. */
#ifndef VL_VERIFIER_GATE_H
#define VL_VERIFIER_GATE_H

#include <stdatomic.h>
#include <stdint.h>
#if !defined(__linux__)
#include <pthread.h>
#endif

typedef struct {
    _Atomic uint32_t opened; /* how often, modulo 2^32 */
#if !defined(__linux__)
    pthread_mutex_t lock;
    pthread_cond_t condition;
#endif
} vl_gate;

int vl_gate_init(vl_gate *gate);
void vl_gate_destroy(vl_gate *gate);

static inline uint32_t vl_gate_opened(vl_gate *gate) { return atomic_load(&gate->opened); }

/* Waits while the gate was opened `seen` times, until a moment of vl_now_ns() at most. May return early. Whoever waits looks
 * at what he waits for after he has seen the number and before he waits. */
void vl_gate_wait(vl_gate *gate, uint32_t seen, int64_t moment_ns);

/* Lets all through who wait. */
void vl_gate_open(vl_gate *gate);

#endif
