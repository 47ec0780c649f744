#include "verifier/job.h"

#include <stdlib.h>
#include <string.h>

#include "scheme/column.h"
#include "verifier/clock.h"

int vl_job_init(vl_job *job, const vl_request *request, int keyless, int64_t now_ns) {
    memset(job, 0, sizeof *job);
    if (request == NULL || request->priority < 0 || request->priority >= VL_PRIORITIES || request->timeout_us < 0)
        return VL_ERROR_ARGUMENT;
    job->lane = vl_lane_of(request, keyless);
    if (job->lane < 0) return VL_ERROR_ARGUMENT;
    job->keyless = keyless;
    job->priority = request->priority;
    job->source = request->source;
    job->submitted_ns = now_ns;
    job->deadline_ns = vl_moment_after(now_ns, request->timeout_us);
    job->heap_place = VL_NOWHERE;
    if (request->user_id)
        job->columns[VL_USER_IDS] = (vl_column){.data = request->user_id, .width = (size_t)request->user_id_size};
    return VL_SUCCESS;
}

void vl_job_set_one(vl_job *job, const uint8_t *key, size_t key_size, const uint8_t *signature, size_t signature_size,
                    const uint8_t *message, size_t message_size) {
    job->n = 1;
    job->results = &job->result;
    job->columns[VL_KEYS] = (vl_column){.data = key, .width = job->keyless ? 0 : key_size};
    job->columns[VL_SIGNATURES] = (vl_column){.data = signature, .width = signature_size};
    job->columns[VL_MESSAGES] = (vl_column){.data = message, .width = message_size};
}

int vl_job_set_many(vl_job *job, int8_t *results, size_t n, const vl_column *keys, const vl_column *signatures,
                    const vl_column *messages) {
    const vl_column none = {.data = NULL};
    if (results == NULL || !column_is_readable(signatures, n) || !column_is_readable(messages, n))
        return VL_ERROR_ARGUMENT;
    if (!job->keyless && !column_is_readable(keys, n)) return VL_ERROR_ARGUMENT;
    memset(results, VL_UNDECIDED, n);
    job->n = n;
    job->results = results;
    job->columns[VL_KEYS] = job->keyless ? none : *keys;
    job->columns[VL_SIGNATURES] = *signatures;
    job->columns[VL_MESSAGES] = *messages;
    return VL_SUCCESS;
}

/* Bytes of the offsets of a copy's columns. */
static size_t offsets_size(size_t n) { return VL_USER_IDS * (n + 1) * sizeof(int64_t); }

/* Parts that add up to more than can be, as only memory that changes can have, are as good as the most. */
size_t vl_job_item_size(const vl_job *job, size_t i) {
    size_t size = job->columns[VL_USER_IDS].width;
    for (int c = 0; c < VL_USER_IDS; c++) {
        const size_t part = column_item(&job->columns[c], i).length;
        size = part > SIZE_MAX - size ? SIZE_MAX : size + part;
    }
    return size;
}

int vl_job_measure(vl_job *job, uint64_t item_bytes, uint64_t bytes) {
    const uint64_t for_all = job->columns[VL_USER_IDS].width, least = sizeof *job + offsets_size(job->n);
    if (for_all > item_bytes || least > bytes || for_all > bytes - least) return VL_ERROR_TOO_LARGE;
    job->bytes = (size_t)(least + for_all);
    for (size_t i = 0; i < job->n; i++) {
        const size_t size = vl_job_item_size(job, i);
        if (size > item_bytes || size - for_all > bytes - job->bytes) return VL_ERROR_TOO_LARGE;
        if (size > job->largest) job->largest = size;
        job->bytes += (size_t)(size - for_all);
    }
    return VL_SUCCESS;
}

/* ---- Copies ---- */

/* Where a column's items go: offsets first, then bytes. */
typedef struct {
    int64_t *offsets;
    uint8_t *bytes, *end;
} room;

/* Copies n items, each read once; returns 0 if they have grown since they were measured. */
static int copy_column(vl_column *to, const vl_column *from, size_t n, room *r) {
    uint8_t *start = r->bytes;
    for (size_t i = 0; i < n; i++) {
        const vl_bytes item = column_item(from, i);
        if (item.length > (size_t)(r->end - r->bytes)) return 0;
        r->offsets[i] = r->bytes - start;
        if (item.length) memcpy(r->bytes, item.data, item.length);
        r->bytes += item.length;
    }
    r->offsets[n] = r->bytes - start;
    *to = (vl_column){.data = start, .offsets = r->offsets};
    r->offsets += n + 1;
    return 1;
}

vl_job *vl_job_copy(const vl_job *job) {
    const vl_column *ids = &job->columns[VL_USER_IDS];
    vl_job *copy = malloc(job->bytes);
    if (copy == NULL) return NULL;
    memcpy(copy, job, sizeof *job);
    uint8_t *after = (uint8_t *)(copy + 1);
    room r = {(int64_t *)after, after + offsets_size(job->n), (uint8_t *)copy + job->bytes - ids->width};
    for (int c = 0; c < VL_USER_IDS; c++) {
        if (copy_column(&copy->columns[c], &job->columns[c], job->n, &r)) continue;
        free(copy);
        return NULL;
    }
    if (ids->width) memcpy(r.end, ids->data, ids->width);
    if (ids->data) copy->columns[VL_USER_IDS].data = r.end;
    if (job->results == &job->result) copy->results = &copy->result;
    return copy;
}
