/* The threads that do batches. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>

#include "verifier/clock.h"
#include "verifier/state.h"

/* Below so many items a batch is small. */
enum { SMALL = 32 };

int vl_claim_batch(vl_verifier *v, vl_work *work, int64_t *again_ns, int64_t now_ns) {
    vl_terms_of_claim terms = {
        .class_most = v->options.batch_items,
        .max_wait_us = v->options.max_wait_us,
        .most = v->most,
        .workers = v->at_work < v->threads ? v->threads - v->at_work : 1,
        .at_once = v->phase != VL_OPEN,
    };
    return vl_queue_claim(&v->queue, &work->claim, again_ns, &terms, now_ns);
}

void vl_do_batch(vl_verifier *v, vl_work *work, vl_news *news, int64_t now_ns) {
    const int more = !vl_queue_is_empty(&v->queue) && v->asleep;
    v->at_work++;
    pthread_mutex_unlock(&v->lock);
    if (more) pthread_cond_signal(&v->work);
    vl_work_run(work, &v->cache, v->options.isa);
    pthread_mutex_lock(&v->lock);
    v->at_work--;
    vl_account(v, work, now_ns, 0);
    for (size_t s = 0; s < work->claim.spans; s++)
        vl_settle(v, news, work->claim.span[s].job, work->claim.span[s].count);
}

/* Before anything else is begun, tells what is new, so that those who have their verdicts may come again. */
static void tell(vl_verifier *v, vl_news *news) {
    if (news->gates == 0 && !news->completed) return;
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, news);
    *news = (vl_news){0, 0};
    pthread_mutex_lock(&v->lock);
}

/* Where more callers wait than there are processors, and the next batch would be small, those that can run do so first. They
 * are about to come, and a processor that is free makes them come at once: then this takes less than a microsecond. Batches
 * of 64 callers on two processors are twice as large by it. */
static void let_callers_come(vl_verifier *v) {
    if (!vl_is_crowded(v) || v->queue.depth[VL_CONSENSUS] || vl_queue_items(&v->queue) >= SMALL) return;
    pthread_mutex_unlock(&v->lock);
    sched_yield();
    pthread_mutex_lock(&v->lock);
}

static void sleep_until(vl_verifier *v, int64_t moment_ns) {
    v->asleep++;
    vl_condition_wait_until(&v->work, &v->lock, moment_ns);
    v->asleep--;
}

static void *run(void *argument) {
    vl_worker *worker = argument;
    vl_verifier *v = worker->verifier;
    vl_news news = {0, 0};
    pthread_mutex_lock(&v->lock);
    for (;;) {
        int64_t again_ns;
        vl_expire(v, &news, vl_now_ns());
        tell(v, &news);
        let_callers_come(v);
        const int64_t now_ns = vl_now_ns();
        if (vl_claim_batch(v, worker->work, &again_ns, now_ns)) {
            vl_do_batch(v, worker->work, &news, now_ns);
        } else if (v->phase != VL_OPEN && vl_queue_is_empty(&v->queue)) {
            break;
        } else {
            const vl_job *first = vl_deadlines_first(&v->queue.deadlines);
            if (first && first->deadline_ns < again_ns) again_ns = first->deadline_ns;
            sleep_until(v, again_ns);
        }
    }
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start(vl_worker *worker) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int vl_start_workers(vl_verifier *v) {
    for (; v->started < v->threads; v->started++) {
        vl_worker *worker = &v->workers[v->started];
        worker->verifier = v;
        worker->work = vl_work_create();
        if (worker->work == NULL || start(worker)) return VL_ERROR_MEMORY;
    }
    return VL_SUCCESS;
}
