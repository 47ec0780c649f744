#include "verifier/tickets.h"

#include <stdlib.h>

int vl_tickets_init(vl_tickets *tickets, uint32_t capacity) {
    *tickets = (vl_tickets){.capacity = capacity, .free = capacity};
    tickets->slots = calloc(capacity, sizeof *tickets->slots);
    return tickets->slots != NULL;
}

int vl_tickets_add(vl_tickets *tickets, uint64_t *ticket, vl_job *job) {
    uint32_t slot = tickets->free;
    if (slot != tickets->capacity) {
        tickets->free = tickets->slots[slot].next;
    } else {
        if (tickets->made == tickets->capacity) return 0;
        slot = tickets->made++;
    }
    tickets->slots[slot].job = job;
    tickets->slots[slot].generation++;
    tickets->used++;
    job->slot = slot;
    *ticket = (uint64_t)tickets->slots[slot].generation << 32 | slot;
    return 1;
}

vl_job *vl_tickets_find(const vl_tickets *tickets, uint64_t ticket) {
    const uint32_t slot = (uint32_t)ticket;
    if (slot >= tickets->made || tickets->slots[slot].generation != ticket >> 32) return NULL;
    return tickets->slots[slot].job;
}

void vl_tickets_remove(vl_tickets *tickets, const vl_job *job) {
    vl_slot *slot = &tickets->slots[job->slot];
    slot->job = NULL;
    slot->next = tickets->free;
    tickets->free = job->slot;
    tickets->used--;
}

void vl_tickets_complete(vl_tickets *tickets, vl_job *job) {
    job->next = NULL;
    if (tickets->last) tickets->last->next = job;
    else tickets->first = job;
    tickets->last = job;
}

vl_job *vl_tickets_collect(vl_tickets *tickets) {
    vl_job *job = tickets->first;
    if (job == NULL) return NULL;
    tickets->first = job->next;
    if (tickets->first == NULL) tickets->last = NULL;
    vl_tickets_remove(tickets, job);
    return job;
}
