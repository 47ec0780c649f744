#include "verifier/queue.h"

#include "verifier/clock.h"

/* A vector of 8 lanes costs nearly as much for one item as for eight. */
enum { VECTOR = 8 };

/* Fewer items than this are not worth another worker. */
enum { SHARE_LEAST = 32 };

/* Long messages take time too. */
enum { BATCH_BYTES = 1 << 20 };

/* What less urgent items that ride along may measure together: whoever they ride with waits for them. */
enum { RIDERS_BYTES = 4096 };

static vl_list *list_of(vl_queue *queue, const vl_job *job) { return &queue->lists[job->priority][job->list]; }

static void unlink_job(vl_list *list, vl_job *job) {
    if (job->previous) job->previous->next = job->next;
    else list->first = job->next;
    if (job->next) job->next->previous = job->previous;
    else list->last = job->previous;
    job->next = job->previous = NULL;
}

/* Those who come now wait for another batch, or at least for another part of what waits. */
static void next_gate(vl_queue *queue, vl_list *list) {
    list->gate = queue->gates++ % VL_GATES;
    list->at_gate = 0;
}

int vl_queue_add(vl_queue *queue, vl_job *job) {
    job->list = job->lane + (job->isolated ? VL_LANES : 0);
    vl_list *list = list_of(queue, job);
    if (job->deadline_ns != VL_NEVER && !vl_deadlines_add(&queue->deadlines, job)) return 0;
    if (list->at_gate >= SHARE_LEAST) next_gate(queue, list);
    list->at_gate++;
    job->gate = list->gate;
    job->next = NULL;
    job->previous = list->last;
    if (list->last) list->last->next = job;
    else list->first = job;
    list->last = job;
    list->items += job->n;
    queue->depth[job->priority] += job->n;
    return 1;
}

/* A job whose items have all begun waits no longer. */
static void begin(vl_queue *queue, vl_job *job, size_t count) {
    vl_list *list = list_of(queue, job);
    job->begun += count;
    list->items -= count;
    queue->depth[job->priority] -= count;
    if (job->begun < job->n) return;
    unlink_job(list, job);
    vl_deadlines_remove(&queue->deadlines, job);
}

size_t vl_queue_withdraw(vl_queue *queue, vl_job *job) {
    const size_t rest = job->n - job->begun;
    if (rest) begin(queue, job, rest);
    return rest;
}

vl_job *vl_queue_oldest(const vl_queue *queue, int priority) {
    vl_job *oldest = NULL;
    for (int l = 0; l < VL_LISTS && queue->depth[priority]; l++) {
        vl_job *first = queue->lists[priority][l].first;
        if (first && (oldest == NULL || first->submitted_ns < oldest->submitted_ns)) oldest = first;
    }
    return oldest;
}

/* ---- Claiming ---- */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t most_of(int priority, int list, const vl_terms_of_claim *terms) {
    return least(terms->most[list], least((size_t)terms->class_most[priority], VL_BATCH_MOST));
}

/* When a list's first item has waited long enough, or its batch is full: 0 then. */
static int64_t ready_at(const vl_list *list, int priority, size_t most, const vl_terms_of_claim *terms) {
    const int64_t wait = terms->max_wait_us[priority];
    if (terms->at_once || wait <= 0 || list->items >= most) return 0;
    return vl_moment_after(list->first->submitted_ns, wait);
}

/* The list of this class whose turn it is, or -1; *again_ns as in vl_queue_claim. */
static int choose_list(const vl_queue *queue, int priority, int64_t *again_ns, const vl_terms_of_claim *terms,
                       int64_t now_ns) {
    int chosen = -1;
    int64_t oldest = VL_NEVER;
    for (int l = 0; l < VL_LISTS; l++) {
        const vl_list *list = &queue->lists[priority][l];
        if (list->first == NULL) continue;
        const int64_t ready = ready_at(list, priority, most_of(priority, l, terms), terms);
        if (ready > now_ns) {
            if (ready < *again_ns) *again_ns = ready;
        } else if (list->first->submitted_ns < oldest) {
            oldest = list->first->submitted_ns;
            chosen = l;
        }
    }
    return chosen;
}

/* Takes up to `most` of a job's next items into a batch whose bytes stay below a limit: returns how many; of an empty batch one
 * at least. Where they could be too many bytes they are added up: whoever sends them chooses which of them are long. */
static size_t fit(vl_claim *claim, const vl_job *job, size_t most, size_t limit) {
    const size_t count = least(job->n - job->begun, most), room = limit - least(claim->bytes, limit);
    size_t fits = count, taken = 0;
    if (job->largest <= room / count) {
        taken = count * job->largest;
    } else {
        for (fits = 0; fits < count; fits++) {
            const size_t size = vl_job_item_size(job, job->begun + fits);
            if (size > room - taken) break;
            taken += size;
        }
    }
    if (fits == 0 && claim->n == 0) {
        fits = 1;
        taken = room;
    }
    claim->bytes += taken;
    return fits;
}

/* Takes up to `most` items more from a list's front, as long as the batch stays below a limit of bytes. */
static void take(vl_queue *queue, vl_claim *claim, vl_list *list, size_t most, size_t limit) {
    while (most && list->first) {
        vl_job *job = list->first;
        const size_t count = fit(claim, job, most, limit);
        if (count == 0) return;
        claim->span[claim->spans++] = (vl_span){job, job->begun, count};
        claim->n += count;
        most -= count;
        begin(queue, job, count);
    }
    next_gate(queue, list);
}

/* How many of these items one of the free workers takes: its share, in whole vectors. What is left over does not wait longer
 * for it than the vector would take that it would have been alone in, and may find company. */
static size_t share(size_t items, unsigned workers) {
    const size_t part = (items + workers - 1) / workers;
    if (items < VECTOR) return items;
    if (part <= SHARE_LEAST) return least(items, SHARE_LEAST) / VECTOR * VECTOR;
    return (part + VECTOR - 1) / VECTOR * VECTOR;
}

int vl_queue_take(vl_queue *queue, vl_claim *claim, int priority, int list, size_t most) {
    claim->list = list;
    claim->n = claim->spans = claim->bytes = 0;
    take(queue, claim, &queue->lists[priority][list], least(most, VL_BATCH_MOST), BATCH_BYTES);
    return claim->n != 0;
}

int vl_queue_claim(vl_queue *queue, vl_claim *claim, int64_t *again_ns, const vl_terms_of_claim *terms,
                   int64_t now_ns) {
    *again_ns = VL_NEVER;
    for (int p = 0; p < VL_PRIORITIES; p++) {
        if (queue->depth[p] == 0) continue;
        const int l = choose_list(queue, p, again_ns, terms, now_ns);
        if (l < 0) continue;
        vl_queue_take(queue, claim, p, l, least(most_of(p, l, terms), share(queue->lists[p][l].items, terms->workers)));
        /* Less urgent items of the same lane ride in the vector's empty places. */
        const size_t limit = claim->bytes + RIDERS_BYTES;
        for (int q = p + 1; q < VL_PRIORITIES && claim->n % VECTOR; q++)
            if (queue->lists[q][l].first) take(queue, claim, &queue->lists[q][l], VECTOR - claim->n % VECTOR, limit);
        return 1;
    }
    return 0;
}
