/* A verifier's life. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "verifier/clock.h"
#include "verifier/random.h"
#include "verifier/state.h"

void vl_verifier_defaults(vl_verifier_options *options) {
    *options = (vl_verifier_options){
        .size = sizeof *options,
        .isa = VL_ISA_AUTO,
        .items = {65536, 65536, 65536, 65536},
        .batch_items = {256, VL_BATCH_MOST, VL_BATCH_MOST, VL_BATCH_MOST},
        .batch_us = 1500,
        .bytes = (uint64_t)256 << 20,
        .item_bytes = (uint64_t)1 << 20,
        .tickets = 65536,
        .cache_items = 65536,
        .suspect_ms = 10000,
    };
}

/* ---- Making one ---- */

enum { THREADS_MOST = 1024 };

static unsigned processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return (unsigned)CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MOST ? THREADS_MOST : (unsigned)n;
}

static int is_between(uint64_t number, uint64_t least, uint64_t most) { return number >= least && number <= most; }

static int check(const vl_verifier_options *o) {
    const uint64_t most = (uint64_t)1 << 40, most_us = (uint64_t)1 << 50;
    if (o->threads < 0 || o->threads > THREADS_MOST) return VL_ERROR_ARGUMENT;
    if (o->isa != VL_ISA_AUTO && vl_isa_missing(o->isa)) return VL_ERROR_ISA;
    for (int p = 0; p < VL_PRIORITIES; p++) {
        if (!is_between(o->items[p], 1, most) || !is_between(o->batch_items[p], 1, VL_BATCH_MOST))
            return VL_ERROR_ARGUMENT;
        if (o->max_wait_us[p] < 0 || !is_between((uint64_t)o->max_wait_us[p], 0, most_us)) return VL_ERROR_ARGUMENT;
    }
    if (o->batch_us < 0 || !is_between((uint64_t)o->batch_us, 1, most_us)) return VL_ERROR_ARGUMENT;
    if (o->suspect_ms < 0 || !is_between((uint64_t)o->suspect_ms, 0, most)) return VL_ERROR_ARGUMENT;
    if (!is_between(o->bytes, 1, most) || !is_between(o->item_bytes, 1, most)) return VL_ERROR_ARGUMENT;
    if (!is_between(o->tickets, 1, INT32_MAX) || !is_between(o->cache_items, 0, most)) return VL_ERROR_ARGUMENT;
    return VL_SUCCESS;
}

/* Before anything is measured: what an item alone takes on a slow machine. */
static const double FIRST_ITEM_NS = 40000;

static void guess_times(vl_verifier *v) {
    const double most = 1000 * (double)v->options.batch_us / FIRST_ITEM_NS;
    for (int l = 0; l < VL_LISTS; l++) v->most[l] = most < 8 ? 8 : most > VL_BATCH_MOST ? VL_BATCH_MOST : (size_t)most;
}

/* The lock is held for a microsecond at most: whoever wants it spins a little before he sleeps, where there are such locks. */
static int init_lock(pthread_mutex_t *lock) {
#if defined(__GLIBC__)
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error) return error;
    error = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    if (!error) error = pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error;
#else
    return pthread_mutex_init(lock, NULL);
#endif
}

/* Locks and gates, of which none may be missing. */
static int init_locks(vl_verifier *v) {
    int error = init_lock(&v->lock) | pthread_mutex_init(&v->closing, NULL);
    error |= vl_condition_init(&v->work) | vl_condition_init(&v->completed) | vl_condition_init(&v->lending);
    for (int g = 0; g < VL_GATES; g++) error |= vl_gate_init(&v->gates[g]);
    return !error;
}

static void destroy_locks(vl_verifier *v) {
    for (int g = 0; g < VL_GATES; g++) vl_gate_destroy(&v->gates[g]);
    pthread_cond_destroy(&v->lending);
    pthread_cond_destroy(&v->completed);
    pthread_cond_destroy(&v->work);
    pthread_mutex_destroy(&v->closing);
    pthread_mutex_destroy(&v->lock);
}

/* The options that a caller with an older header does not know have their defaults. */
static int read_options(vl_verifier_options *to, const vl_verifier_options *from) {
    vl_verifier_defaults(to);
    if (from == NULL) return VL_SUCCESS;
    if (from->size < sizeof from->size || from->size > sizeof *from) return VL_ERROR_ARGUMENT;
    memcpy(to, from, (size_t)from->size);
    to->size = sizeof *to;
    return check(to);
}

int vl_verifier_create(vl_verifier **verifier, const vl_verifier_options *options) {
    vl_verifier_options known;
    if (verifier == NULL) return VL_ERROR_ARGUMENT;
    *verifier = NULL;
    int error = read_options(&known, options);
    if (error) return error;
    vl_verifier *v = calloc(1, sizeof *v);
    if (v == NULL) return VL_ERROR_MEMORY;
    v->options = known;
    v->forks = vl_forks();
    v->threads = known.threads ? (unsigned)known.threads : processors();
    v->workers = calloc(v->threads, sizeof *v->workers);
    guess_times(v);
    if (!init_locks(v)) {
        free(v->workers);
        free(v);
        return VL_ERROR_MEMORY;
    }
    const int made = vl_cache_init(&v->cache, known.cache_items) &
                     vl_tickets_init(&v->tickets, (uint32_t)known.tickets) &
                     vl_random(&v->sources.salt, sizeof v->sources.salt);
    error = made && v->workers ? vl_start_workers(v) : VL_ERROR_MEMORY;
    if (error) vl_verifier_free(v);
    else *verifier = v;
    return error;
}

/* ---- Its end ---- */

static void give_up_all(vl_verifier *v, vl_news *news) {
    vl_job *job;
    for (int p = 0; p < VL_PRIORITIES; p++)
        while ((job = vl_queue_oldest(&v->queue, p))) vl_give_up(v, news, job, VL_ERROR_CLOSED);
    vl_give_up_loans(v, news);
}

static void join_workers(vl_verifier *v) {
    pthread_mutex_lock(&v->closing);
    for (; v->started; v->started--) pthread_join(v->workers[v->started - 1].thread, NULL);
    pthread_mutex_unlock(&v->closing);
}

static void close_verifier(vl_verifier *v, int drain) {
    vl_news news = {0, 0};
    pthread_mutex_lock(&v->lock);
    if (!drain) v->phase = VL_GIVING_UP;
    else if (v->phase == VL_OPEN) v->phase = VL_DRAINING;
    if (v->phase == VL_GIVING_UP) give_up_all(v, &news);
    pthread_cond_broadcast(&v->work);
    pthread_cond_broadcast(&v->lending);
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, &news);
    join_workers(v);
    pthread_mutex_lock(&v->lock);
    while (v->at_work || v->lent) pthread_cond_wait(&v->work, &v->lock); /* callers, and those who lend */
    pthread_cond_broadcast(&v->completed);
    pthread_mutex_unlock(&v->lock);
}

int vl_verifier_close(vl_verifier *v, int drain) {
    if (v == NULL) return VL_ERROR_ARGUMENT;
    if (v->forks != vl_forks()) return VL_ERROR_FORKED;
    atomic_fetch_add(&v->visiting, 1);
    close_verifier(v, drain);
    atomic_fetch_sub(&v->visiting, 1);
    return VL_SUCCESS;
}

/* Callers who still leave need some microseconds: what they did can be seen before they have left. Those who collect end by
 * themselves: nothing is left that could come. */
static void wait_for_callers(vl_verifier *v) {
    const struct timespec pause = {0, 50000};
    while (atomic_load(&v->inside) || atomic_load(&v->visiting)) {
        pthread_mutex_lock(&v->lock);
        pthread_cond_broadcast(&v->completed);
        pthread_cond_broadcast(&v->lending);
        pthread_mutex_unlock(&v->lock);
        nanosleep(&pause, NULL);
    }
}

/* What threads make and give back while they run: in a child that a fork left without them it may be half made. */
static void free_work(vl_verifier *v) {
    for (uint32_t s = 0; s < v->tickets.made; s++) free(v->tickets.slots[s].job);
    free(v->queue.deadlines.jobs);
    for (unsigned i = 0; v->workers && i < v->threads; i++) vl_work_destroy(v->workers[i].work);
    for (vl_work *work; (work = v->spare);) {
        v->spare = work->next;
        vl_work_destroy(work);
    }
}

void vl_verifier_free(vl_verifier *v) {
    if (v == NULL) return;
    if (v->forks == vl_forks()) {
        close_verifier(v, 0);
        wait_for_callers(v);
        destroy_locks(v);
        free_work(v);
    }
    vl_cache_destroy(&v->cache);
    free(v->tickets.slots);
    free(v->workers);
    free(v);
}

/* ---- Statistics ---- */

int vl_verifier_read_stats(vl_verifier *v, vl_verifier_stats *stats, size_t size) {
    vl_verifier_stats now;
    if (v == NULL || stats == NULL || size > sizeof now) return VL_ERROR_ARGUMENT;
    if (v->forks != vl_forks()) return VL_ERROR_FORKED;
    pthread_mutex_lock(&v->lock);
    now = v->stats;
    memcpy(now.depth, v->queue.depth, sizeof now.depth);
    now.bytes = v->queue.bytes;
    now.tickets = v->tickets.used;
    now.suspects = vl_sources_count(&v->sources, vl_now_ns());
    pthread_mutex_unlock(&v->lock);
    now.cache_items = vl_cache_used(&v->cache);
    memcpy(stats, &now, size);
    return VL_SUCCESS;
}
