/* One batch at work: its items are copied, looked for among those that are known, verified. No lock is held. */
#ifndef VL_VERIFIER_BATCH_H
#define VL_VERIFIER_BATCH_H

#include "scheme/column.h"
#include "verifier/cache.h"
#include "verifier/queue.h"

/* What one worker works in. */
typedef struct vl_work {
    struct vl_work *next; /* among those that nobody uses */
    vl_claim claim;
    void *scratch;
    size_t scratch_size;
    uint8_t *bytes; /* of the items */
    size_t capacity;
    int64_t offsets[VL_COLUMNS][VL_BATCH_MOST + 1];
    uint8_t *column[VL_COLUMNS]; /* where in bytes each begins */
    uint8_t *records;            /* after them: what the cache hashes */
    vl_bytes pieces[VL_COLUMNS][VL_BATCH_MOST];
    uint8_t digests[VL_BATCH_MOST * VL_DIGEST];
    uint16_t open[VL_BATCH_MOST];    /* items that the cache does not know */
    uint8_t verdicts[VL_BATCH_MOST]; /* of those */
    int8_t results[VL_BATCH_MOST];   /* of all */
    size_t n_open;
    int hashed;      /* whether there are digests */
    int64_t busy_ns; /* processor time of verifying the open ones */
} vl_work;

/* NULL if there is no memory. */
vl_work *vl_work_create(void);
void vl_work_destroy(vl_work *work);

/* Fills work->results for what work->claim holds, n_open and busy_ns, and the jobs' results. */
void vl_work_run(vl_work *work, vl_cache *cache, int isa);

/* The first part of that: copies the items, and leaves open those that the cache does not know; the others have their results.
 * Returns VL_SUCCESS; or VL_ERROR_MEMORY, and all are open. */
int vl_work_read(vl_work *work, vl_cache *cache, int isa);

/* The copy of open item k, after vl_work_read(). */
vl_bytes vl_work_item(const vl_work *work, int c, size_t k);

#endif
