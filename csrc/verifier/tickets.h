/* Jobs that nobody waits for: their names, and those that are completed. Whoever calls holds the verifier's lock. */
#ifndef VL_VERIFIER_TICKETS_H
#define VL_VERIFIER_TICKETS_H

#include "verifier/job.h"

typedef struct {
    vl_job *job;         /* NULL: free */
    uint32_t generation; /* how often the slot was used */
    uint32_t next;       /* free slot */
} vl_slot;

typedef struct {
    vl_slot *slots;
    uint32_t capacity, made, free; /* free: first of the free ones; capacity: none */
    uint64_t used;
    vl_job *first, *last; /* completed */
} vl_tickets;

/* Returns 0 if there is no memory. */
int vl_tickets_init(vl_tickets *tickets, uint32_t capacity);

/* *ticket = the name of a job. Returns 0 if there are too many. */
int vl_tickets_add(vl_tickets *tickets, uint64_t *ticket, vl_job *job);

/* The job of this name that is not collected yet, or NULL. */
vl_job *vl_tickets_find(const vl_tickets *tickets, uint64_t ticket);

/* Takes back the name of a job, which ends. */
void vl_tickets_remove(vl_tickets *tickets, const vl_job *job);

void vl_tickets_complete(vl_tickets *tickets, vl_job *job);

/* The job that was completed first, or NULL; it has lost its name. */
vl_job *vl_tickets_collect(vl_tickets *tickets);

#endif
