/* What waits: for each class and lane a list of jobs, first in, first out. Sources that sent bad signatures have lists of
 * their own in the lanes whose batches they would spoil. Whoever calls holds the verifier's lock. */
#ifndef VL_VERIFIER_QUEUE_H
#define VL_VERIFIER_QUEUE_H

#include "verifier/deadlines.h"
#include "verifier/job.h"

/* Items that one batch has at most. */
enum { VL_BATCH_MOST = 1024 };

/* Lists of a class: lane i, and VL_LANES + i for those who are apart. */
enum { VL_LISTS = 2 * VL_LANES };

typedef struct {
    vl_job *first, *last;
    size_t items;           /* that wait in it */
    unsigned gate, at_gate; /* where callers who come now wait for their batch, and how many have come to it */
} vl_list;

typedef struct {
    vl_list lists[VL_PRIORITIES][VL_LISTS];
    uint64_t depth[VL_PRIORITIES]; /* items that wait */
    uint64_t bytes;                /* of jobs that are not settled */
    vl_deadlines deadlines;        /* of jobs that wait */
    unsigned gates;                /* gates handed out */
} vl_queue;

enum { VL_GATES = 64 };

/* Items first .. first + count - 1 of a job. */
typedef struct {
    vl_job *job;
    size_t first, count;
} vl_span;

/* What a worker has taken. */
typedef struct {
    int list; /* VL_LISTS */
    size_t n, spans, bytes;
    vl_span span[VL_BATCH_MOST];
} vl_claim;

/* What a worker may take. */
typedef struct {
    const size_t *most;         /* items of a batch, by list */
    const uint64_t *class_most; /* by class */
    const int64_t *max_wait_us; /* by class */
    unsigned workers;           /* that are free, this one included: they share what waits */
    int at_once;                /* nothing waits for others any more */
} vl_terms_of_claim;

/* Adds a job, whose lane, class and `isolated` are set. Returns 0 if there is no memory for its deadline. */
int vl_queue_add(vl_queue *queue, vl_job *job);

/* Takes the items that wait out of a job's list, as begun: returns how many. */
size_t vl_queue_withdraw(vl_queue *queue, vl_job *job);

/* The next batch, of the most urgent class that has one and of the list whose first item has waited longest. Returns 0 if there
 * is none; then *again_ns is when there will be one. */
int vl_queue_claim(vl_queue *queue, vl_claim *claim, int64_t *again_ns, const vl_terms_of_claim *terms, int64_t now_ns);

/* As many items of this list as a claim holds, `most` at most. Returns 0 if there are none. */
int vl_queue_take(vl_queue *queue, vl_claim *claim, int priority, int list, size_t most);

/* The oldest job of a class, or NULL. */
vl_job *vl_queue_oldest(const vl_queue *queue, int priority);

static inline uint64_t vl_queue_items(const vl_queue *queue) {
    uint64_t items = 0;
    for (int p = 0; p < VL_PRIORITIES; p++) items += queue->depth[p];
    return items;
}

static inline int vl_queue_is_empty(const vl_queue *queue) { return vl_queue_items(queue) == 0; }

#endif
