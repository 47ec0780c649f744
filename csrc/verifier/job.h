/* A job: the items of one call, and what becomes of them. */
#ifndef VL_VERIFIER_JOB_H
#define VL_VERIFIER_JOB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/lanes.h"

/* A job that is in no heap. */
#define VL_NOWHERE SIZE_MAX

typedef struct vl_job {
    struct vl_job *next, *previous; /* in the list that it waits in; `next` also among completed ones */
    vl_column columns[VL_COLUMNS];  /* the user IDs': one item, for all */
    int keyless, lane, priority, list, isolated;
    size_t n, begun, settled; /* items; begun ones are no longer waiting */
    size_t bytes;             /* that it counts for */
    size_t largest;           /* of its largest item */
    uint64_t source;
    int64_t submitted_ns, deadline_ns;
    size_t heap_place;
    int8_t *results;
    int8_t result; /* of a job of one item: results points here */
    /* A caller who waits: */
    unsigned gate;
    atomic_int done; /* after which the job may be gone */
    /* A ticket: */
    int is_ticket;
    uint64_t tag;
    uint32_t slot;
} vl_job;

/* The lane, and a request's other parts; VL_ERROR_ARGUMENT for what has no meaning. */
int vl_job_init(vl_job *job, const vl_request *request, int keyless, int64_t now_ns);

void vl_job_set_one(vl_job *job, const uint8_t *key, size_t key_size, const uint8_t *signature, size_t signature_size,
                    const uint8_t *message, size_t message_size);

/* VL_ERROR_ARGUMENT for columns that can't be read. */
int vl_job_set_many(vl_job *job, int8_t *results, size_t n, const vl_column *keys, const vl_column *signatures,
                    const vl_column *messages);

/* bytes, largest = what the items measure; VL_ERROR_TOO_LARGE if one of them measures more than item_bytes, or all together
 * more than `bytes`. */
int vl_job_measure(vl_job *job, uint64_t item_bytes, uint64_t bytes);

/* What item i measures: key, signature, message and user ID. The caller's memory may have changed since. */
size_t vl_job_item_size(const vl_job *job, size_t i);

/* A copy with all bytes of its items, in one piece of memory for free(). NULL if there is none. */
vl_job *vl_job_copy(const vl_job *job);

#endif
