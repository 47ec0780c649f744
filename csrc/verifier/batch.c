#include "verifier/batch.h"

#include <stdlib.h>
#include <string.h>

#include "hash/hash.h"
#include "scratch.h"
#include "verifier/clock.h"
#include "verifier/random.h"

/* From so many items on it pays to ask for the thread's own time, which takes a microsecond. */
enum { LONG_BATCH = 8 };

/* Memory for items that is kept from batch to batch. */
enum { KEPT = 4 << 20 };

vl_work *vl_work_create(void) {
    vl_work *work = calloc(1, sizeof *work);
    if (work == NULL) return NULL;
    work->scratch_size = vl_scratch_size();
    work->scratch = malloc(work->scratch_size);
    if (work->scratch) return work;
    free(work);
    return NULL;
}

void vl_work_destroy(vl_work *work) {
    if (work == NULL) return;
    free(work->scratch);
    free(work->bytes);
    free(work);
}

/* ---- Copying: every item is read once, and what is checked is the copy ---- */

/* Where the items lie and how long they are, before anything else looks at them. */
static void look_up_pieces(vl_work *work) {
    size_t i = 0;
    for (size_t s = 0; s < work->claim.spans; s++) {
        const vl_span *span = &work->claim.span[s];
        for (size_t k = 0; k < span->count; k++, i++) {
            for (int c = 0; c < VL_USER_IDS; c++)
                work->pieces[c][i] = column_item(&span->job->columns[c], span->first + k);
            work->pieces[VL_USER_IDS][i] = column_item(&span->job->columns[VL_USER_IDS], 0);
        }
    }
}

/* What the cache hashes of an item: a record of fixed size, its key and its signature, then the message and the user ID where
 * they are. The sizes are in it, so that no two items give the same bytes. */
typedef struct {
    uint8_t salt[32];
    uint64_t lane, key_size, signature_size, user_id_size;
} record;

static size_t column_size(const vl_work *work, int c) {
    size_t size = 0;
    for (size_t i = 0; i < work->claim.n; i++) size += work->pieces[c][i].length;
    return size;
}

static size_t records_size(const vl_work *work) {
    return work->claim.n * sizeof(record) + column_size(work, VL_KEYS) + column_size(work, VL_SIGNATURES);
}

static int make_room(vl_work *work, size_t size) {
    if (size <= work->capacity) return 1;
    free(work->bytes);
    work->bytes = malloc(size);
    work->capacity = work->bytes ? size : 0;
    return work->bytes != NULL;
}

/* Returns 0 if there is no memory. */
static int copy_items(vl_work *work, int with_records) {
    size_t size = with_records ? records_size(work) : 0;
    for (int c = 0; c < VL_COLUMNS; c++) size += column_size(work, c);
    if (!make_room(work, size + 1)) return 0;
    uint8_t *to = work->bytes;
    for (int c = 0; c < VL_COLUMNS; c++) {
        work->column[c] = to;
        for (size_t i = 0; i < work->claim.n; i++) {
            const vl_bytes piece = work->pieces[c][i];
            work->offsets[c][i] = to - work->column[c];
            if (piece.length) memcpy(to, piece.data, piece.length);
            to += piece.length;
        }
        work->offsets[c][work->claim.n] = to - work->column[c];
    }
    work->records = to;
    return 1;
}

vl_bytes vl_work_item(const vl_work *work, int c, size_t i) {
    const int64_t *at = work->offsets[c] + i;
    return (vl_bytes){work->column[c] + at[0], (size_t)(at[1] - at[0])};
}

/* ---- The cache ---- */

static uint8_t *append(uint8_t *to, vl_bytes bytes) {
    if (bytes.length) memcpy(to, bytes.data, bytes.length);
    return to + bytes.length;
}

static int hash_items(vl_work *work, const vl_cache *cache, int isa) {
    vl_hash_plan plan;
    vl_scratch pieces;
    if (vl_hash_choose(&plan, VL_SHA256, isa) || vl_scratch_cut(&pieces, work->scratch, work->scratch_size)) return 0;
    vl_hash_scratch *scratch = pieces.host;
    record r;
    memset(&r, 0, sizeof r);
    memcpy(r.salt, cache->salt, sizeof r.salt);
    r.lane = (uint64_t)(work->claim.list % VL_LANES);
    uint8_t *to = work->records;
    for (size_t i = 0; i < work->claim.n; i++) {
        const vl_bytes key = vl_work_item(work, VL_KEYS, i), signature = vl_work_item(work, VL_SIGNATURES, i),
                       id = vl_work_item(work, VL_USER_IDS, i), start = {to, sizeof r + key.length + signature.length};
        r.key_size = key.length;
        r.signature_size = signature.length;
        r.user_id_size = id.length;
        to = append(append(append(to, (vl_bytes){(const uint8_t *)&r, sizeof r}), key), signature);
        scratch->messages[i] = vl_message_of(start, vl_work_item(work, VL_MESSAGES, i), id);
    }
    vl_hash_messages(work->digests, work->claim.n, scratch->messages, &plan, scratch);
    return 1;
}

_Static_assert(VL_BATCH_MOST <= VL_HASH_SORTED, "the scratch has room for a batch's messages");

/* Leaves the open items only, in their order. */
static void close_ranks(vl_work *work) {
    for (int c = 0; c < VL_COLUMNS; c++) {
        uint8_t *to = work->column[c];
        for (size_t k = 0; k < work->n_open; k++) {
            const vl_bytes item = vl_work_item(work, c, work->open[k]);
            work->offsets[c][k] = to - work->column[c];
            if (item.length) memmove(to, item.data, item.length);
            to += item.length;
        }
        work->offsets[c][work->n_open] = to - work->column[c];
    }
}

static void look_up(vl_work *work, vl_cache *cache) {
    work->n_open = 0;
    for (size_t i = 0; i < work->claim.n; i++) {
        if (vl_cache_has(cache, work->digests + VL_DIGEST * i)) work->results[i] = VL_OK;
        else work->open[work->n_open++] = (uint16_t)i;
    }
    if (work->n_open < work->claim.n) close_ranks(work);
}

static void remember(const vl_work *work, vl_cache *cache) {
    for (size_t k = 0; k < work->n_open; k++)
        if (work->verdicts[k] == VL_OK) vl_cache_add(cache, work->digests + VL_DIGEST * work->open[k]);
}

/* ---- Verifying ---- */

/* Returns VL_SUCCESS, and work->verdicts of the open items, or an error. */
static int verify_open(vl_work *work, int isa) {
    vl_column columns[VL_COLUMNS];
    uint8_t seed[32];
    const int lane = work->claim.list % VL_LANES, apart = work->claim.list >= VL_LANES;
    const int with_seed = vl_lane_has_equation(lane) && !apart && work->n_open > 1 && vl_random(seed, sizeof seed);
    for (int c = 0; c < VL_COLUMNS; c++) columns[c] = (vl_column){.data = work->column[c], .offsets = work->offsets[c]};
    int64_t (*const clock)(void) = work->n_open < LONG_BATCH ? vl_now_ns : vl_thread_cpu_ns;
    const int64_t start = clock();
    const int error = vl_lane_verify(work->verdicts, work->n_open, lane, columns, with_seed ? seed : NULL, isa,
                                     work->scratch, work->scratch_size);
    work->busy_ns = clock() - start;
    return error;
}

static void fill(vl_work *work, int8_t result) {
    for (size_t k = 0; k < work->n_open; k++) work->results[work->open[k]] = result;
}

static void give_results(const vl_work *work) {
    size_t i = 0;
    for (size_t s = 0; s < work->claim.spans; s++) {
        const vl_span *span = &work->claim.span[s];
        memcpy(span->job->results + span->first, work->results + i, span->count);
        i += span->count;
    }
}

int vl_work_read(vl_work *work, vl_cache *cache, int isa) {
    const size_t n = work->claim.n;
    work->n_open = n;
    work->hashed = 0;
    work->busy_ns = 0;
    for (size_t i = 0; i < n; i++) work->open[i] = (uint16_t)i;
    look_up_pieces(work);
    if (!copy_items(work, cache->entries != NULL)) return VL_ERROR_MEMORY;
    work->hashed = cache->entries != NULL && hash_items(work, cache, isa);
    if (work->hashed) look_up(work, cache);
    return VL_SUCCESS;
}

void vl_work_run(vl_work *work, vl_cache *cache, int isa) {
    int error = vl_work_read(work, cache, isa);
    if (!error && work->n_open) error = verify_open(work, isa);
    if (error) fill(work, (int8_t)error);
    for (size_t k = 0; k < work->n_open && !error; k++)
        work->results[work->open[k]] = work->verdicts[k] ? (int8_t)work->verdicts[k] : VL_ERROR_SELFTEST;
    if (work->hashed && !error) remember(work, cache);
    give_results(work);
    if (work->capacity > KEPT) {
        free(work->bytes);
        work->bytes = NULL;
        work->capacity = 0;
    }
}
