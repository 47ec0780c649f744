/* Batches that somebody outside verifies, on a device. binding.h says how. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "verifier/clock.h"
#include "verifier/state.h"

/* A loan ends with the part of it that makes it longer than this. */
enum { LOAN_BYTES = 64 << 20, LOAN_MOST = 1 << 20 };

/* Items that are given back while the lock is held once, so that nobody waits long for it. */
enum { SLICE = 512 };

/* Who waits for an offer. */
typedef struct vl_lender {
    struct vl_lender *next;
    const uint64_t *least;
    int called;
} lender;

/* Whose item it is, and which one of his. */
typedef struct {
    vl_job *job;
    size_t place;
} borrowed;

typedef struct {
    uint8_t *bytes;
    size_t size, room;
    int64_t *offsets;
} lent_column;

struct vl_loan {
    vl_loan *next; /* among those that are out */
    int is_given_up;
    size_t n, most, claimed, bytes; /* claimed: with those that the cache knew */
    borrowed *items;
    uint8_t *digests; /* or NULL: nothing is to be remembered */
    lent_column columns[VL_COLUMNS];
};

static void loan_free(vl_loan *loan) {
    if (loan == NULL) return;
    for (int c = 0; c < VL_COLUMNS; c++) {
        free(loan->columns[c].bytes);
        free(loan->columns[c].offsets);
    }
    free(loan->digests);
    free(loan->items);
    free(loan);
}

/* For `most` items; NULL if there is no memory. */
static vl_loan *loan_create(size_t most, int with_digests) {
    vl_loan *loan = calloc(1, sizeof *loan);
    if (loan == NULL) return NULL;
    loan->most = most;
    loan->items = malloc(most * sizeof *loan->items);
    int made = loan->items != NULL;
    if (with_digests) made &= (loan->digests = malloc(most * VL_DIGEST)) != NULL;
    for (int c = 0; c < VL_COLUMNS; c++) {
        loan->columns[c].offsets = calloc(most + 1, sizeof(int64_t));
        made &= loan->columns[c].offsets != NULL;
    }
    if (made) return loan;
    loan_free(loan);
    return NULL;
}

/* ---- Waiting ---- */

int vl_verifier_lanes(void) { return VL_LANES; }

int vl_verifier_lane(const vl_request *request, int keyless) {
    const int lane = request ? vl_lane_of(request, keyless) : -1;
    return lane < 0 ? VL_ERROR_ARGUMENT : lane;
}

static int is_enough(const vl_list *list, uint64_t least) { return least && list->items >= least; }

void vl_call_lenders(vl_verifier *v, const vl_job *job) {
    if (job->priority == VL_CONSENSUS || job->list >= VL_LANES) return;
    for (lender *each = v->lenders; each; each = each->next) {
        if (each->called || !is_enough(&v->queue.lists[job->priority][job->list], each->least[job->lane])) continue;
        each->called = 1;
        pthread_cond_broadcast(&v->lending);
    }
}

static int find_offer(const vl_verifier *v, vl_offer *offer, const uint64_t *least) {
    for (int p = VL_CONSENSUS + 1; p < VL_PRIORITIES; p++) {
        for (int l = 0; l < VL_LANES && v->queue.depth[p]; l++) {
            if (!is_enough(&v->queue.lists[p][l], least[l])) continue;
            *offer = (vl_offer){p, l, v->queue.lists[p][l].items};
            return 1;
        }
    }
    return 0;
}

/* With the lock held. */
static int await(vl_verifier *v, vl_offer *offer, lender *me, int64_t until_ns) {
    for (;;) {
        me->called = 0;
        if (v->phase == VL_GIVING_UP) return VL_ERROR_CLOSED;
        if (find_offer(v, offer, me->least)) return VL_SUCCESS;
        if (v->phase != VL_OPEN) return VL_ERROR_CLOSED;
        if (until_ns <= vl_now_ns()) return VL_ERROR_TIMEOUT;
        vl_condition_wait_until(&v->lending, &v->lock, until_ns);
    }
}

int vl_verifier_await(vl_verifier *v, vl_offer *offer, const uint64_t *least, int64_t timeout_us) {
    if (v == NULL || offer == NULL || least == NULL) return VL_ERROR_ARGUMENT;
    if (v->forks != vl_forks()) return VL_ERROR_FORKED;
    lender me = {.least = least};
    const int64_t until_ns = timeout_us < 0 ? VL_NEVER : timeout_us ? vl_moment_after(vl_now_ns(), timeout_us) : 0;
    atomic_fetch_add(&v->visiting, 1);
    pthread_mutex_lock(&v->lock);
    v->lends = 1;
    me.next = v->lenders;
    v->lenders = &me;
    const int result = await(v, offer, &me, until_ns);
    lender **at = &v->lenders;
    while (*at != &me) at = &(*at)->next;
    *at = me.next;
    pthread_mutex_unlock(&v->lock);
    atomic_fetch_sub(&v->visiting, 1);
    return result;
}

/* ---- Lending ---- */

/* Room for the open items of what was read. Returns 0 if there is no memory. */
static int reserve(vl_loan *loan, const vl_work *work) {
    for (int c = 0; c < VL_COLUMNS; c++) {
        lent_column *column = &loan->columns[c];
        const size_t size = column->size + (size_t)work->offsets[c][work->n_open];
        if (size <= column->room) continue;
        const size_t room = size > 2 * column->room ? size : 2 * column->room;
        uint8_t *bytes = realloc(column->bytes, room);
        if (bytes == NULL) return 0;
        column->bytes = bytes;
        column->room = room;
    }
    return 1;
}

static void append(vl_loan *loan, const vl_work *work, size_t k, borrowed item) {
    const size_t i = loan->n++;
    loan->items[i] = item;
    if (loan->digests) memcpy(loan->digests + VL_DIGEST * i, work->digests + VL_DIGEST * work->open[k], VL_DIGEST);
    for (int c = 0; c < VL_COLUMNS; c++) {
        const vl_bytes bytes = vl_work_item(work, c, k);
        lent_column *column = &loan->columns[c];
        if (bytes.length) memcpy(column->bytes + column->size, bytes.data, bytes.length);
        column->size += bytes.length;
        column->offsets[i + 1] = (int64_t)column->size;
        loan->bytes += bytes.length;
    }
}

/* Adds the open items of a claim that was read, and gives the others their results; with an error, all of them that. */
static void add_claim(vl_loan *loan, vl_work *work, int error) {
    size_t i = 0, k = 0;
    if (!error && !reserve(loan, work)) error = VL_ERROR_MEMORY;
    for (size_t s = 0; s < work->claim.spans; s++) {
        const vl_span *span = &work->claim.span[s];
        for (size_t j = 0; j < span->count; j++, i++) {
            const int is_open = k < work->n_open && work->open[k] == i;
            if (is_open && !error) append(loan, work, k, (borrowed){span->job, span->first + j});
            if (is_open) work->results[i] = (int8_t)(error ? error : VL_UNDECIDED);
            if (!is_open || error) span->job->results[span->first + j] = work->results[i];
            k += is_open;
        }
    }
    loan->claimed += work->claim.n;
}

/* With the lock held: counts and settles the items of a claim that have results. */
static void settle_known(vl_verifier *v, vl_news *news, const vl_work *work, int64_t begun_ns) {
    const int64_t now_ns = vl_now_ns();
    const int8_t *results = work->results;
    vl_count_waits(v, &work->claim, begun_ns);
    vl_count_known(v, work);
    for (size_t s = 0; s < work->claim.spans; s++) {
        const vl_span *span = &work->claim.span[s];
        size_t known = 0;
        for (size_t j = 0; j < span->count; j++) {
            if (results[j] == VL_UNDECIDED) continue;
            vl_count_results(v, span->job, results + j, 1, now_ns);
            known++;
        }
        results += span->count;
        if (known) vl_settle(v, news, span->job, known);
    }
}

static void tell_and_lock(vl_verifier *v, vl_news *news) {
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, news);
    *news = (vl_news){0, 0};
    pthread_mutex_lock(&v->lock);
}

/* With the lock held, which is given back meanwhile: part after part, while there are items. */
static void fill(vl_verifier *v, vl_loan *loan, vl_work *work, const vl_offer *offer) {
    vl_news news = {0, 0};
    while (v->phase != VL_GIVING_UP && loan->claimed < loan->most && loan->bytes < LOAN_BYTES &&
           vl_queue_take(&v->queue, &work->claim, offer->priority, offer->lane, loan->most - loan->claimed)) {
        const int64_t now_ns = vl_now_ns();
        pthread_mutex_unlock(&v->lock);
        const int error = vl_work_read(work, &v->cache, v->options.isa);
        if (!work->hashed) {
            free(loan->digests);
            loan->digests = NULL;
        }
        add_claim(loan, work, error);
        pthread_mutex_lock(&v->lock);
        settle_known(v, &news, work, now_ns);
        tell_and_lock(v, &news);
    }
}

/* With the lock held: one loan is not out any more. Whoever closes may wait for it. */
static void end_loan(vl_verifier *v) {
    v->lent--;
    if (v->phase != VL_OPEN) pthread_cond_broadcast(&v->work);
}

static int lend(vl_verifier *v, vl_loan *loan, vl_work *work, const vl_offer *offer, uint64_t least) {
    vl_news news = {0, 0};
    pthread_mutex_lock(&v->lock);
    vl_expire(v, &news, vl_now_ns());
    const int is_closed = v->phase == VL_GIVING_UP;
    v->lent++;
    if (!is_closed && v->queue.lists[offer->priority][offer->lane].items >= least) fill(v, loan, work, offer);
    loan->next = v->loans;
    v->loans = loan;
    if (v->phase == VL_GIVING_UP) vl_give_up_loans(v, &news);
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, &news);
    return is_closed ? VL_ERROR_CLOSED : VL_SUCCESS;
}

int vl_verifier_lend(vl_verifier *v, vl_loan **loan, const vl_offer *offer, uint64_t least, uint64_t most) {
    if (v == NULL || loan == NULL || offer == NULL || most == 0) return VL_ERROR_ARGUMENT;
    *loan = NULL;
    if (offer->priority <= VL_CONSENSUS || offer->priority >= VL_PRIORITIES) return VL_ERROR_ARGUMENT;
    if (offer->lane < 0 || offer->lane >= VL_LANES) return VL_ERROR_ARGUMENT;
    if (v->forks != vl_forks()) return VL_ERROR_FORKED;
    atomic_fetch_add(&v->visiting, 1);
    vl_work *work = vl_work_create();
    vl_loan *made = loan_create(most < LOAN_MOST ? (size_t)most : LOAN_MOST, v->cache.entries != NULL);
    int error = work && made ? lend(v, made, work, offer, least) : VL_ERROR_MEMORY;
    vl_work_destroy(work);
    if (error == VL_ERROR_MEMORY) loan_free(made);
    else if (!error && made->n) *loan = made;
    else vl_verifier_take_back(v, made, NULL, VL_ERROR_CLOSED); /* of nothing */
    atomic_fetch_sub(&v->visiting, 1);
    return error;
}

size_t vl_loan_columns(const vl_loan *loan, vl_column columns[VL_COLUMNS]) {
    static const uint8_t nothing[1];
    for (int c = 0; c < VL_COLUMNS; c++) {
        const lent_column *column = &loan->columns[c];
        columns[c] = (vl_column){.data = column->bytes ? column->bytes : nothing, .offsets = column->offsets};
    }
    return loan->n;
}

/* ---- Taking back ---- */

/* With the lock held: gives items first .. first + count - 1 their results, `count` of which are there; SLICE at most. */
static void settle_items(vl_verifier *v, vl_news *news, const vl_loan *loan, const int8_t *results, size_t first,
                         size_t count) {
    const int64_t now_ns = vl_now_ns();
    const borrowed *items = loan->items + first;
    for (size_t i = 0, next; i < count; i = next) {
        vl_job *job = items[i].job;
        for (next = i; next < count && items[next].job == job; next++) job->results[items[next].place] = results[next];
        vl_count_results(v, job, results + i, next - i, now_ns);
        vl_settle(v, news, job, next - i);
    }
}

void vl_give_up_loans(vl_verifier *v, vl_news *news) {
    int8_t results[SLICE];
    memset(results, VL_ERROR_CLOSED, sizeof results);
    for (vl_loan *loan; (loan = v->loans);) {
        v->loans = loan->next;
        loan->is_given_up = 1;
        for (size_t first = 0; first < loan->n; first += SLICE)
            settle_items(v, news, loan, results, first, loan->n - first < SLICE ? loan->n - first : SLICE);
        end_loan(v);
    }
}

/* Whether it was still out: then it is no more, nobody gives it up, and it is a batch that was done. */
static int withdraw(vl_verifier *v, vl_loan *loan) {
    pthread_mutex_lock(&v->lock);
    const int was_out = !loan->is_given_up;
    for (vl_loan **at = &v->loans; was_out; at = &(*at)->next) {
        if (*at != loan) continue;
        *at = loan->next;
        break;
    }
    if (was_out && loan->claimed) vl_count_batch(v, loan->claimed);
    pthread_mutex_unlock(&v->lock);
    return was_out;
}

static int8_t result_of(const uint8_t *verdicts, size_t i, int error) {
    if (error) return (int8_t)error;
    return verdicts[i] > VL_UNDECIDED && verdicts[i] < VL_VERDICTS ? (int8_t)verdicts[i] : VL_ERROR_SELFTEST;
}

static void give_slice(vl_verifier *v, const vl_loan *loan, const uint8_t *verdicts, int error, size_t first,
                       size_t count) {
    vl_news news = {0, 0};
    int8_t results[SLICE];
    for (size_t i = 0; i < count; i++) {
        results[i] = result_of(verdicts, first + i, error);
        if (results[i] == VL_OK && loan->digests) vl_cache_add(&v->cache, loan->digests + VL_DIGEST * (first + i));
    }
    pthread_mutex_lock(&v->lock);
    settle_items(v, &news, loan, results, first, count);
    pthread_mutex_unlock(&v->lock);
    vl_tell(v, &news);
}

int vl_verifier_take_back(vl_verifier *v, vl_loan *loan, const uint8_t *verdicts, int error) {
    if (v == NULL || loan == NULL || error > 0 || error <= -16 || (!error && !verdicts)) return VL_ERROR_ARGUMENT;
    if (v->forks != vl_forks()) return VL_ERROR_FORKED;
    atomic_fetch_add(&v->visiting, 1);
    if (withdraw(v, loan)) {
        for (size_t first = 0; first < loan->n; first += SLICE)
            give_slice(v, loan, verdicts, error, first, loan->n - first < SLICE ? loan->n - first : SLICE);
        pthread_mutex_lock(&v->lock);
        end_loan(v);
        pthread_mutex_unlock(&v->lock);
    }
    atomic_fetch_sub(&v->visiting, 1);
    loan_free(loan);
    return VL_SUCCESS;
}
