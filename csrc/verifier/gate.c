#define _GNU_SOURCE
#include "verifier/gate.h"

#include <limits.h>
#include <stddef.h>

#include "verifier/clock.h"

#if defined(__linux__)

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int vl_gate_init(vl_gate *gate) {
    atomic_init(&gate->opened, 0);
    return 0;
}

void vl_gate_destroy(vl_gate *gate) { (void)gate; }

void vl_gate_wait(vl_gate *gate, uint32_t seen, int64_t moment_ns) {
    struct timespec rest, *timeout = NULL;
    if (moment_ns != VL_NEVER) {
        const int64_t ns = moment_ns - vl_now_ns();
        if (ns <= 0) return;
        rest = (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
        timeout = &rest;
    }
    syscall(SYS_futex, &gate->opened, FUTEX_WAIT_PRIVATE, seen, timeout, NULL, 0);
}

void vl_gate_open(vl_gate *gate) {
    atomic_fetch_add(&gate->opened, 1);
    syscall(SYS_futex, &gate->opened, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#else

int vl_gate_init(vl_gate *gate) {
    atomic_init(&gate->opened, 0);
    int error = pthread_mutex_init(&gate->lock, NULL);
    return error ? error : vl_condition_init(&gate->condition);
}

void vl_gate_destroy(vl_gate *gate) {
    pthread_cond_destroy(&gate->condition);
    pthread_mutex_destroy(&gate->lock);
}

void vl_gate_wait(vl_gate *gate, uint32_t seen, int64_t moment_ns) {
    pthread_mutex_lock(&gate->lock);
    if (atomic_load(&gate->opened) == seen) vl_condition_wait_until(&gate->condition, &gate->lock, moment_ns);
    pthread_mutex_unlock(&gate->lock);
}

void vl_gate_open(vl_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    atomic_fetch_add(&gate->opened, 1);
    pthread_cond_broadcast(&gate->condition);
    pthread_mutex_unlock(&gate->lock);
}

#endif
