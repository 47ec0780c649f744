/* Time, and waiting for it. */
#ifndef VL_VERIFIER_CLOCK_H
#define VL_VERIFIER_CLOCK_H

#include <pthread.h>
#include <stdint.h>

/* No moment is later. */
#define VL_NEVER INT64_MAX

int64_t vl_now_ns(void);        /* monotonic */
int64_t vl_thread_cpu_ns(void); /* that the calling thread has had */

/* now + us, or VL_NEVER for us <= 0 or what lies beyond. */
int64_t vl_moment_after(int64_t now_ns, int64_t us);

/* A condition variable that waits until a moment of vl_now_ns(). The second returns at once if the moment is over, and may
 * return early. */
int vl_condition_init(pthread_cond_t *condition);
void vl_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment_ns);

#endif
