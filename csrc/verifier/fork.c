#include <pthread.h>
#include <stdatomic.h>

#include "verifier/state.h"

static atomic_uint forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count(void) { atomic_fetch_add(&forks, 1); }

static void watch(void) { pthread_atfork(NULL, NULL, count); }

unsigned vl_forks(void) {
    pthread_once(&once, watch);
    return atomic_load(&forks);
}
