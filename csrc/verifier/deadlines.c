#include "verifier/deadlines.h"

#include <stdlib.h>

static void put(vl_deadlines *heap, size_t place, vl_job *job) {
    heap->jobs[place] = job;
    job->heap_place = place;
}

static void rise(vl_deadlines *heap, size_t place, vl_job *job) {
    while (place) {
        vl_job *above = heap->jobs[(place - 1) / 2];
        if (above->deadline_ns <= job->deadline_ns) break;
        put(heap, place, above);
        place = (place - 1) / 2;
    }
    put(heap, place, job);
}

static void sink(vl_deadlines *heap, size_t place, vl_job *job) {
    for (size_t below; (below = 2 * place + 1) < heap->n; place = below) {
        if (below + 1 < heap->n && heap->jobs[below + 1]->deadline_ns < heap->jobs[below]->deadline_ns) below++;
        if (job->deadline_ns <= heap->jobs[below]->deadline_ns) break;
        put(heap, place, heap->jobs[below]);
    }
    put(heap, place, job);
}

int vl_deadlines_add(vl_deadlines *heap, vl_job *job) {
    if (heap->n == heap->capacity) {
        const size_t capacity = heap->capacity ? 2 * heap->capacity : 256;
        vl_job **jobs = realloc(heap->jobs, capacity * sizeof *jobs);
        if (jobs == NULL) return 0;
        heap->jobs = jobs;
        heap->capacity = capacity;
    }
    rise(heap, heap->n++, job);
    return 1;
}

void vl_deadlines_remove(vl_deadlines *heap, vl_job *job) {
    const size_t place = job->heap_place;
    if (place == VL_NOWHERE) return;
    job->heap_place = VL_NOWHERE;
    vl_job *last = heap->jobs[--heap->n];
    if (last == job) return;
    if (place && last->deadline_ns < heap->jobs[(place - 1) / 2]->deadline_ns) rise(heap, place, last);
    else sink(heap, place, last);
}
