/* Jobs by their deadlines: a binary heap, the first to end on top. */
#ifndef VL_VERIFIER_DEADLINES_H
#define VL_VERIFIER_DEADLINES_H

#include "verifier/job.h"

typedef struct {
    vl_job **jobs;
    size_t n, capacity;
} vl_deadlines;

/* Adds a job that has a deadline. Returns 0 if there is no memory. */
int vl_deadlines_add(vl_deadlines *heap, vl_job *job);

/* Takes a job out, if it is in. */
void vl_deadlines_remove(vl_deadlines *heap, vl_job *job);

/* The job that ends first, or NULL. */
static inline vl_job *vl_deadlines_first(const vl_deadlines *heap) { return heap->n ? heap->jobs[0] : NULL; }

#endif
