/* Items on their way in. */
#include <sched.h>
#include <stdlib.h>

#include "verifier/clock.h"
#include "verifier/state.h"

/* Whether calls may be made at all. */
static int usable(const vl_verifier *v) {
    if (v == NULL) return VL_ERROR_ARGUMENT;
    return v->forks == vl_forks() ? VL_SUCCESS : VL_ERROR_FORKED;
}

/* A job of one item, or an error. */
static int one(vl_job *job, const vl_verifier *v, const vl_request *request, const vl_column parts[VL_USER_IDS]) {
    int error = usable(v);
    const vl_column *key = &parts[VL_KEYS], *signature = &parts[VL_SIGNATURES], *message = &parts[VL_MESSAGES];
    if (!error) error = vl_job_init(job, request, request && request->scheme == VL_SM2 && !key->data, vl_now_ns());
    for (int c = 0; c < VL_USER_IDS && !error; c++)
        if (parts[c].width && !parts[c].data) error = VL_ERROR_ARGUMENT;
    if (error) return error;
    vl_job_set_one(job, key->data, key->width, signature->data, signature->width, message->data, message->width);
    return vl_job_measure(job, v->options.item_bytes, v->options.bytes);
}

static int many(vl_job *job, const vl_verifier *v, int8_t *results, size_t n, const vl_request *request,
                const vl_column *keys, const vl_column *signatures, const vl_column *messages) {
    int error = usable(v);
    if (!error) error = vl_job_init(job, request, keys == NULL, vl_now_ns());
    if (!error) error = vl_job_set_many(job, results, n, keys, signatures, messages);
    return error ? error : vl_job_measure(job, v->options.item_bytes, v->options.bytes);
}

/* ---- Whether there is room: with the lock held ---- */

/* What a class may fill of what all classes share: it leaves a sixteenth to each more urgent one. */
static uint64_t part_of(uint64_t all, int priority) { return all - all / 16 * (uint64_t)priority; }

/* Gives up jobs that may be shed until a job has room. */
static void shed(vl_verifier *v, vl_news *news, const vl_job *job) {
    for (vl_job *oldest; v->queue.bytes + job->bytes > part_of(v->options.bytes, job->priority);) {
        oldest = vl_queue_oldest(&v->queue, VL_MEMPOOL);
        if (oldest == NULL) return;
        vl_give_up(v, news, oldest, VL_ERROR_SHED);
    }
}

/* Whether a job is kept from others' batches: its source sent bad signatures, which would cost them more. With a device the
 * CPU does each bad one again, and gives the device up for a batch that has many. */
static int is_isolated(const vl_verifier *v, const vl_job *job) {
    return (v->lends || vl_lane_has_equation(job->lane)) &&
           vl_sources_is_suspect(&v->sources, job->source, job->submitted_ns);
}

static int admit(vl_verifier *v, vl_news *news, vl_job *job) {
    const int p = job->priority;
    if (v->phase != VL_OPEN) return VL_ERROR_CLOSED;
    const uint64_t bytes = part_of(v->options.bytes, p);
    if (job->n > v->options.items[p] || job->bytes > bytes) return VL_ERROR_TOO_LARGE;
    if (v->queue.depth[p] + job->n > v->options.items[p]) return VL_ERROR_BUSY;
    if (p < VL_MEMPOOL) shed(v, news, job);
    if (v->queue.bytes + job->bytes > bytes) return VL_ERROR_BUSY;
    job->isolated = is_isolated(v, job);
    if (!vl_queue_add(&v->queue, job)) return VL_ERROR_MEMORY;
    v->queue.bytes += job->bytes;
    vl_call_lenders(v, job);
    return VL_SUCCESS;
}

static int admit_or_count(vl_verifier *v, vl_news *news, vl_job *job) {
    const int error = admit(v, news, job);
    if (error) v->stats.errors[job->priority][-error] += job->n;
    return error;
}

/* ---- Callers who wait ---- */

/* A caller who finds nobody else in line does a small job himself: no other thread has to be woken. */
enum { ALONE_MOST = 8 };

/* How often a caller whose item is at work lets others have the processor before he sleeps. */
enum { PATIENCE = 3 };

/* What a caller may work in, or NULL: as many as there are workers work already. With the lock held. */
static vl_work *spare_work(vl_verifier *v) {
    if (v->at_work >= v->threads) return NULL;
    vl_work *work = v->spare;
    if (work) v->spare = work->next;
    else if (v->spares < v->threads && (work = vl_work_create())) v->spares++;
    return work;
}

/* Whoever closes waits for callers at work, too. */
static void give_back(vl_verifier *v, vl_work *work) {
    work->next = v->spare;
    v->spare = work;
    if (v->phase != VL_OPEN) pthread_cond_broadcast(&v->work);
}

/* With the lock held: what this caller may work in, or NULL if it is to wait for a worker. */
static vl_work *work_alone(vl_verifier *v, const vl_job *job) {
    if (v->phase != VL_OPEN || job->n > ALONE_MOST || job->bytes > v->options.bytes) return NULL;
    if (atomic_load(&v->inside) > v->threads || !vl_queue_is_empty(&v->queue)) return NULL;
    return spare_work(v);
}

/* With the lock held, as it is on return. */
static void do_alone(vl_verifier *v, vl_news *news, vl_work *work, vl_job *job) {
    job->isolated = is_isolated(v, job);
    work->claim.list = job->lane + (job->isolated ? VL_LANES : 0);
    work->claim.n = job->begun = job->n;
    work->claim.spans = 1;
    work->claim.span[0] = (vl_span){job, 0, job->n};
    v->queue.bytes += job->bytes;
    v->at_work++;
    pthread_mutex_unlock(&v->lock);
    vl_work_run(work, &v->cache, v->options.isa);
    pthread_mutex_lock(&v->lock);
    v->at_work--;
    vl_account(v, work, job->submitted_ns, 1);
    give_back(v, work);
    vl_settle(v, news, job, job->n);
}

static void wait_for(vl_verifier *v, vl_job *job) {
    vl_gate *gate = &v->gates[job->gate];
    for (;;) {
        const uint32_t seen = vl_gate_opened(gate);
        if (atomic_load(&job->done)) return;
        vl_gate_wait(gate, seen, VL_NEVER);
    }
}

/* With the lock held, as it is on return: does a batch of what waits, if a caller may. */
static void do_a_batch(vl_verifier *v, vl_news *news) {
    int64_t again_ns;
    const int64_t now_ns = vl_now_ns();
    vl_work *work = spare_work(v);
    if (work == NULL) return;
    vl_expire(v, news, now_ns);
    if (vl_claim_batch(v, work, &again_ns, now_ns)) vl_do_batch(v, work, news, now_ns);
    give_back(v, work);
}

/* Whoever was the last who might have done a batch sees to it that nothing is left. */
static void stop_helping(vl_verifier *v) {
    if (atomic_fetch_sub(&v->helpers, 1) > 1) return;
    pthread_mutex_lock(&v->lock);
    const int wake = v->asleep && !vl_queue_is_empty(&v->queue);
    pthread_mutex_unlock(&v->lock);
    if (wake) pthread_cond_signal(&v->work);
}

/* In a crowd, callers do the batches themselves. The processor goes to the others first, who are about to come; whoever has
 * it back and finds his item still waiting does a batch, and the others, when they have it back, find their verdicts there,
 * or soon: neither sleeps nor wake-ups, which take as long as verifying. 64 callers on two processors do 1.4 times as much by
 * it as with workers, 8 do 1.3 times as much (bench/verifier_figures.py). */
static void help(vl_verifier *v, vl_job *job) {
    vl_news news = {0, 0};
    sched_yield();
    if (!atomic_load(&job->done)) {
        pthread_mutex_lock(&v->lock);
        if (job->begun < job->n) do_a_batch(v, &news);
        pthread_mutex_unlock(&v->lock);
        vl_tell(v, &news);
    }
    stop_helping(v);
    for (int turn = 0; turn < PATIENCE && !atomic_load(&job->done); turn++) sched_yield();
}

/* On return the job is settled, or there is an error and it was not taken. */
static int run_and_wait(vl_verifier *v, vl_job *job) {
    vl_news news = {0, 0};
    int error = VL_SUCCESS, wake = 0, wait = 0, helps = 0;
    atomic_fetch_add(&v->inside, 1);
    pthread_mutex_lock(&v->lock);
    vl_work *work = work_alone(v, job);
    if (work) {
        do_alone(v, &news, work, job);
        news.gates = 0; /* its own, where nobody waits for it */
    } else {
        error = admit_or_count(v, &news, job);
        wait = !error;
        helps = wait && job->priority != VL_CONSENSUS && vl_is_crowded(v);
        if (helps) atomic_fetch_add(&v->helpers, 1);
        wake = wait && !helps && v->asleep;
    }
    pthread_mutex_unlock(&v->lock);
    if (wake) pthread_cond_signal(&v->work);
    vl_tell(v, &news);
    if (helps) help(v, job);
    if (wait) wait_for(v, job);
    atomic_fetch_sub(&v->inside, 1);
    return error;
}

int vl_verifier_verify(vl_verifier *v, const vl_request *request, const uint8_t *key, size_t key_size,
                       const uint8_t *signature, size_t signature_size, const uint8_t *message, size_t message_size) {
    vl_job job;
    const vl_column parts[] = {{.data = key, .width = key_size},
                               {.data = signature, .width = signature_size},
                               {.data = message, .width = message_size}};
    int error = one(&job, v, request, parts);
    if (!error) error = run_and_wait(v, &job);
    return error ? error : job.result;
}

int vl_verifier_verify_many(vl_verifier *v, int8_t *results, size_t n, const vl_request *request, const vl_column *keys,
                            const vl_column *signatures, const vl_column *messages) {
    vl_job job;
    if (n == 0) return usable(v);
    int error = many(&job, v, results, n, request, keys, signatures, messages);
    return error ? error : run_and_wait(v, &job);
}

/* ---- Callers who do not wait ---- */

static int hand_in(vl_verifier *v, uint64_t *ticket, uint64_t tag, const vl_job *job) {
    vl_news news = {0, 0};
    uint64_t name;
    vl_job *copy = vl_job_copy(job);
    if (copy == NULL) return VL_ERROR_MEMORY;
    copy->is_ticket = 1;
    copy->tag = tag;
    atomic_fetch_add(&v->visiting, 1);
    pthread_mutex_lock(&v->lock);
    int error = VL_SUCCESS;
    if (v->phase != VL_OPEN) error = VL_ERROR_CLOSED;
    else if (v->tickets.used >= part_of(v->options.tickets, copy->priority)) error = VL_ERROR_BUSY;
    else if (!vl_tickets_add(&v->tickets, &name, copy)) error = VL_ERROR_BUSY;
    if (error) {
        v->stats.errors[copy->priority][-error] += copy->n;
    } else {
        error = admit_or_count(v, &news, copy);
        if (error) vl_tickets_remove(&v->tickets, copy);
    }
    const int wake = !error && v->asleep;
    pthread_mutex_unlock(&v->lock);
    if (wake) pthread_cond_signal(&v->work);
    vl_tell(v, &news);
    atomic_fetch_sub(&v->visiting, 1);
    if (error) free(copy);
    else if (ticket) *ticket = name;
    return error;
}

int vl_verifier_submit(vl_verifier *v, uint64_t *ticket, uint64_t tag, const vl_request *request, const uint8_t *key,
                       size_t key_size, const uint8_t *signature, size_t signature_size, const uint8_t *message,
                       size_t message_size) {
    vl_job job;
    const vl_column parts[] = {{.data = key, .width = key_size},
                               {.data = signature, .width = signature_size},
                               {.data = message, .width = message_size}};
    const int error = one(&job, v, request, parts);
    return error ? error : hand_in(v, ticket, tag, &job);
}

int vl_verifier_submit_many(vl_verifier *v, uint64_t *ticket, uint64_t tag, int8_t *results, size_t n,
                            const vl_request *request, const vl_column *keys, const vl_column *signatures,
                            const vl_column *messages) {
    vl_job job;
    if (n == 0) return VL_ERROR_ARGUMENT;
    const int error = many(&job, v, results, n, request, keys, signatures, messages);
    return error ? error : hand_in(v, ticket, tag, &job);
}

int64_t vl_verifier_cancel(vl_verifier *v, uint64_t ticket) {
    vl_news news = {0, 0};
    const int error = usable(v);
    if (error) return error;
    atomic_fetch_add(&v->visiting, 1);
    pthread_mutex_lock(&v->lock);
    vl_job *job = vl_tickets_find(&v->tickets, ticket);
    const size_t cancelled = job ? vl_give_up(v, &news, job, VL_ERROR_CANCELLED) : 0;
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, &news);
    atomic_fetch_sub(&v->visiting, 1);
    return (int64_t)cancelled;
}

/* With the lock held. */
static int take_completions(vl_verifier *v, vl_completion *completions, int capacity) {
    int count = 0;
    for (vl_job *job; count < capacity && (job = vl_tickets_collect(&v->tickets)); count++) {
        completions[count] = (vl_completion){job->tag, job->results == &job->result ? job->result : VL_SUCCESS};
        free(job);
    }
    return count;
}

int vl_verifier_collect(vl_verifier *v, vl_completion *completions, int capacity, int64_t timeout_us) {
    const int error = usable(v);
    if (error) return error;
    if (completions == NULL || capacity < 1) return VL_ERROR_ARGUMENT;
    const int64_t until_ns = timeout_us < 0 ? VL_NEVER : timeout_us ? vl_moment_after(vl_now_ns(), timeout_us) : 0;
    int result;
    atomic_fetch_add(&v->visiting, 1);
    pthread_mutex_lock(&v->lock);
    while ((result = take_completions(v, completions, capacity)) == 0) {
        result = v->phase != VL_OPEN && v->tickets.used == 0 ? VL_ERROR_CLOSED : VL_ERROR_TIMEOUT;
        if (result == VL_ERROR_CLOSED || until_ns <= vl_now_ns()) break;
        vl_condition_wait_until(&v->completed, &v->lock, until_ns);
    }
    if (v->tickets.used == 0 && v->phase != VL_OPEN) pthread_cond_broadcast(&v->completed); /* others end, too */
    pthread_mutex_unlock(&v->lock);
    atomic_fetch_sub(&v->visiting, 1);
    return result;
}
