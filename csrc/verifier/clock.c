#define _GNU_SOURCE
#include "verifier/clock.h"

#include <time.h>

#define SECOND ((int64_t)1000000000)

static int64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

int64_t vl_now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t vl_thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

int64_t vl_moment_after(int64_t now_ns, int64_t us) {
    return us <= 0 || us > (VL_NEVER - now_ns) / 1000 ? VL_NEVER : now_ns + 1000 * us;
}

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};
}

#if defined(__APPLE__)

int vl_condition_init(pthread_cond_t *condition) { return pthread_cond_init(condition, NULL); }

static void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment_ns) {
    const int64_t now = vl_now_ns();
    if (moment_ns <= now) return;
    const struct timespec rest = timespec_of(moment_ns - now);
    pthread_cond_timedwait_relative_np(condition, lock, &rest);
}

#else

int vl_condition_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error) return error;
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (!error) error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error;
}

static void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment_ns) {
    const struct timespec moment = timespec_of(moment_ns);
    pthread_cond_timedwait(condition, lock, &moment);
}

#endif

void vl_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment_ns) {
    if (moment_ns == VL_NEVER) pthread_cond_wait(condition, lock);
    else wait_until(condition, lock, moment_ns);
}
