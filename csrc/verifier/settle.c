/* How items end: counted, and given back to those who asked. */
#include "verifier/clock.h"
#include "verifier/state.h"

void vl_settle(vl_verifier *v, vl_news *news, vl_job *job, size_t count) {
    job->settled += count;
    if (job->settled < job->n) return;
    v->queue.bytes -= job->bytes;
    if (job->is_ticket) {
        vl_tickets_complete(&v->tickets, job);
        news->completed = 1;
    } else {
        news->gates |= (uint64_t)1 << job->gate;
        atomic_store(&job->done, 1); /* its caller may go on: nothing of the job is touched from here on */
    }
}

size_t vl_give_up(vl_verifier *v, vl_news *news, vl_job *job, int error) {
    const size_t first = job->begun, rest = vl_queue_withdraw(&v->queue, job);
    for (size_t i = first; i < first + rest; i++) job->results[i] = (int8_t)error;
    v->stats.errors[job->priority][-error] += rest;
    if (rest) vl_settle(v, news, job, rest);
    return rest;
}

void vl_expire(vl_verifier *v, vl_news *news, int64_t now_ns) {
    for (vl_job *job; (job = vl_deadlines_first(&v->queue.deadlines)) && job->deadline_ns <= now_ns;)
        vl_give_up(v, news, job, VL_ERROR_DEADLINE);
}

void vl_tell(vl_verifier *v, const vl_news *news) {
    if (news->completed) pthread_cond_broadcast(&v->completed);
    for (int g = 0; g < VL_GATES; g++)
        if (news->gates >> g & 1) vl_gate_open(&v->gates[g]);
}

/* ---- What is learned from a batch ---- */

/* Batches of fewer items than a vector has lanes say nothing of an item's time. */
enum { VECTOR = 8 };

/* How many items were verified to the end. What is wrong with the others was found out for next to nothing. */
static size_t verified(const vl_work *work) {
    size_t n = 0;
    for (size_t k = 0; k < work->n_open; k++) {
        const int8_t result = work->results[work->open[k]];
        n += result == VL_OK || result == VL_MISMATCH;
    }
    return n;
}

/* A batch that is mostly garbage teaches nothing: whoever sends it would choose how long those of others are. */
static void learn_time(vl_verifier *v, const vl_work *work) {
    const int list = work->claim.list;
    double *item_ns = &v->item_ns[list];
    const size_t n = verified(work);
    if (n < VECTOR || 2 * n < work->n_open || work->busy_ns <= 0) return;
    const double ns = (double)work->busy_ns / (double)n;
    *item_ns = *item_ns > 0 ? (3 * *item_ns + ns) / 4 : ns;
    const double most = 1000 * (double)v->options.batch_us / *item_ns;
    v->most[list] = most >= VL_BATCH_MOST ? VL_BATCH_MOST : most < VECTOR ? VECTOR : (size_t)most / VECTOR * VECTOR;
}

/* The bucket of a histogram that counts a number. */
static int bucket_of(uint64_t number, int buckets) {
    const int bits = number ? 64 - __builtin_clzll(number) : 0;
    return bits < buckets ? bits : buckets - 1;
}

void vl_count_results(vl_verifier *v, const vl_job *job, const int8_t *results, size_t n, int64_t now_ns) {
    int bad = 0;
    for (size_t i = 0; i < n; i++) {
        if (results[i] > 0) v->stats.verdicts[job->priority][results[i]]++;
        else v->stats.errors[job->priority][-results[i]]++;
        bad |= results[i] == VL_MISMATCH;
    }
    if (bad && v->options.suspect_ms)
        vl_sources_suspect(&v->sources, job->source, vl_moment_after(now_ns, 1000 * v->options.suspect_ms));
}

void vl_count_waits(vl_verifier *v, const vl_claim *claim, int64_t begun_ns) {
    for (size_t s = 0; s < claim->spans; s++) {
        const vl_span *span = &claim->span[s];
        const vl_job *job = span->job;
        const int64_t wait_ns = begun_ns - job->submitted_ns;
        const uint64_t us = wait_ns > 0 ? (uint64_t)wait_ns / 1000 : 0;
        v->stats.waits[job->priority][bucket_of(us, VL_WAIT_BUCKETS)] += span->count;
        v->stats.wait_us[job->priority] += us * span->count;
    }
}

void vl_count_known(vl_verifier *v, const vl_work *work) {
    if (v->cache.entries == NULL) return;
    v->stats.cache_hits += work->claim.n - work->n_open;
    v->stats.cache_misses += work->n_open;
}

void vl_count_batch(vl_verifier *v, size_t n) {
    v->stats.batches++;
    v->stats.batch_sizes[bucket_of(n, VL_BATCH_BUCKETS)]++;
}

void vl_account(vl_verifier *v, const vl_work *work, int64_t begun_ns, int by_caller) {
    const vl_claim *claim = &work->claim;
    const int64_t now_ns = vl_now_ns();
    size_t i = 0;
    for (size_t s = 0; s < claim->spans; s++) {
        vl_count_results(v, claim->span[s].job, work->results + i, claim->span[s].count, now_ns);
        i += claim->span[s].count;
    }
    vl_count_waits(v, claim, begun_ns);
    vl_count_known(v, work);
    v->stats.busy_us += (uint64_t)work->busy_ns / 1000;
    if (claim->list >= VL_LANES) v->stats.apart += claim->n;
    if (by_caller) v->stats.alone += claim->n;
    else vl_count_batch(v, claim->n);
    learn_time(v, work);
}
