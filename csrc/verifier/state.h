/* A verifier, and what its files ask of each other. */
#ifndef VL_VERIFIER_STATE_H
#define VL_VERIFIER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "verifier/batch.h"
#include "verifier/gate.h"
#include "verifier/queue.h"
#include "verifier/sources.h"
#include "verifier/tickets.h"

enum vl_phase { VL_OPEN, VL_DRAINING, VL_GIVING_UP };

typedef struct {
    vl_verifier *verifier;
    vl_work *work;
    pthread_t thread;
} vl_worker;

struct vl_verifier {
    vl_verifier_options options;
    unsigned forks;       /* forks of this process before it was made */
    pthread_mutex_t lock; /* of all below, but what is atomic or has locks of its own */
    pthread_cond_t work;  /* there may be some, or the phase has changed */
    pthread_cond_t completed;
    pthread_cond_t lending; /* a list is long enough for somebody who lends, or the phase has changed */
    enum vl_phase phase;
    vl_queue queue;
    vl_tickets tickets;
    vl_sources sources;
    size_t most[VL_LISTS]; /* items of a batch that takes batch_us */
    double item_ns[VL_LISTS];
    unsigned threads, asleep, at_work; /* workers; at_work: and callers who work themselves */
    vl_work *spare;                    /* for callers who work themselves; no more than threads are made */
    unsigned spares;
    atomic_size_t helpers;          /* callers who may do a batch */
    atomic_size_t inside, visiting; /* callers who wait for verdicts, and in other calls whose effect others can see */
    struct vl_lender *lenders;      /* who wait */
    struct vl_loan *loans;          /* that are out */
    unsigned lent;                  /* those, and the ones that are being made or taken back */
    int lends;                      /* whether anybody ever asked for loans */
    vl_verifier_stats stats;
    vl_cache cache;
    vl_gate gates[VL_GATES];
    pthread_mutex_t closing; /* held by whoever ends the workers */
    vl_worker *workers;
    unsigned started; /* workers that have not ended */
};

/* Whether callers wait for each other rather than for processors. */
static inline int vl_is_crowded(vl_verifier *v) { return atomic_load(&v->inside) > 2 * (size_t)v->threads; }

/* What is to be done after the lock is given back. */
typedef struct {
    uint64_t gates; /* bit g: gate g is to be opened */
    int completed;  /* there are new completions */
} vl_news;

/* ---- settle.c: all with the lock held ---- */

/* Counts `count` results more of a job, which are there, and gives it back to its caller when they are all. */
void vl_settle(vl_verifier *v, vl_news *news, vl_job *job, size_t count);

/* Gives a job's items that wait this error. Returns how many there were. */
size_t vl_give_up(vl_verifier *v, vl_news *news, vl_job *job, int error);

/* Gives up what has run out of time. */
void vl_expire(vl_verifier *v, vl_news *news, int64_t now_ns);

/* Counts what was found out about a batch: statistics, the time of its items, bad sources. */
void vl_account(vl_verifier *v, const vl_work *work, int64_t begun_ns, int by_caller);

/* Parts of that: results and bad sources; waits until a batch was begun; what the cache knew; a batch of n items. */
void vl_count_results(vl_verifier *v, const vl_job *job, const int8_t *results, size_t n, int64_t now_ns);
void vl_count_waits(vl_verifier *v, const vl_claim *claim, int64_t begun_ns);
void vl_count_known(vl_verifier *v, const vl_work *work);
void vl_count_batch(vl_verifier *v, size_t n);

/* Without the lock. */
void vl_tell(vl_verifier *v, const vl_news *news);

/* ---- workers.c ---- */

/* With the lock held: takes the next batch, as vl_queue_claim says; and does it, for which the lock is given back meanwhile. */
int vl_claim_batch(vl_verifier *v, vl_work *work, int64_t *again_ns, int64_t now_ns);
void vl_do_batch(vl_verifier *v, vl_work *work, vl_news *news, int64_t now_ns);

/* Returns VL_SUCCESS when all workers run, else VL_ERROR_MEMORY. */
int vl_start_workers(vl_verifier *v);

/* ---- lend.c: with the lock held ---- */

/* A job has come: calls those who wait for so many. */
void vl_call_lenders(vl_verifier *v, const vl_job *job);

/* Gives all items of loans that are out VL_ERROR_CLOSED. */
void vl_give_up_loans(vl_verifier *v, vl_news *news);

/* ---- fork.c ---- */

/* Forks of this process so far, since the first call. */
unsigned vl_forks(void);

#endif
