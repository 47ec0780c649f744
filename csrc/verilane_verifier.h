/* Verilane's coalescing verifier: callers bring one signature at a time, from any number of threads, and get the speed of
 * batches. It belongs to the C ABI of verilane.h, whose conventions hold but for the third: a verifier allocates, and has
 * threads of its own from vl_verifier_create() to vl_verifier_close().
 *
 *     vl_verifier *v;
 *     vl_verifier_options options;
 *     vl_verifier_defaults(&options);
 *     int error = vl_verifier_create(&v, &options);
 *     vl_request request = {.scheme = VL_SECP256K1_ECDSA, .option = VL_DER, .flags = VL_LOW_S, .priority = VL_MEMPOOL};
 *     int result = vl_verifier_verify(v, &request, key, 33, signature, size, digest, 32);   // from any thread
 *
 * How it works: what is queued when a worker becomes free is the next batch, so that an idle machine waits for nothing and
 * batches grow with the load. A batch is made of items of one scheme under the same rules; others never change a verdict. A
 * caller who waits (vl_verifier_verify(), vl_verifier_verify_many()) does his item himself where the verifier is idle; where
 * many callers wait, one of them does a batch for all.
 *
 * All work is done on the CPU. Python's verilane.Verifier hands large batches to other devices; that is no part of the ABI.
 *
 * Priorities are strict: while a more urgent class has items, no other gets a worker. No batch takes longer than about
 * `batch_us`, so that an urgent item waits no longer for a worker.
 *
 * After a fork the child has no workers: there every call returns VL_ERROR_FORKED, and vl_verifier_free() gives back the memory
 * that none of them was using.
 *
 * The text between the VL_CDEF marks is also what cffi reads: declarations only, no preprocessor.
 */
#ifndef VERILANE_VERIFIER_H
#define VERILANE_VERIFIER_H

#include "verilane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* VL_CDEF_BEGIN */

/* ---- What an item gets if not a verdict ---- */

enum vl_verifier_error {
    VL_ERROR_BUSY = -5,       /* the queue of this class is full: nothing was taken */
    VL_ERROR_SHED = -6,       /* taken, and given up for more urgent items when memory ran out (VL_MEMPOOL only) */
    VL_ERROR_DEADLINE = -7,   /* its time was over before a worker came to it */
    VL_ERROR_CANCELLED = -8,  /* vl_verifier_cancel() was in time */
    VL_ERROR_CLOSED = -9,     /* the verifier is closed, or was closed without draining */
    VL_ERROR_FORKED = -10,    /* the verifier was made before a fork, in the parent */
    VL_ERROR_MEMORY = -11,    /* malloc() or pthread_create() failed */
    VL_ERROR_TOO_LARGE = -12, /* more items or bytes than the queue can ever hold, or an item above item_bytes */
    VL_ERROR_TIMEOUT = -13    /* vl_verifier_collect(): nothing was completed in time */
};

/* ---- Making one ---- */

/* Classes, the most urgent first. */
enum vl_priority { VL_CONSENSUS = 0, VL_BLOCKS = 1, VL_MEMPOOL = 2, VL_BULK = 3, VL_PRIORITIES = 4 };

typedef struct {
    uint64_t size;           /* of this struct, as the caller knows it; vl_verifier_defaults() sets it */
    int32_t threads;         /* workers; 0: as many as there are processors, 1024 at most */
    int32_t isa;             /* enum vl_isa */
    uint64_t items[4];       /* by class: most items that wait */
    uint64_t batch_items[4]; /* by class: most items of a batch, 1024 at most */
    int64_t max_wait_us[4];  /* by class: how long an item may wait for others to fill its batch; 0: not at all */
    int64_t batch_us;        /* about how long a batch takes at most */
    uint64_t bytes;          /* of all items that wait or are at work; a class leaves 1/16 to each more urgent one */
    uint64_t item_bytes;     /* of one item: key, signature, message and user ID */
    uint64_t tickets;        /* most calls of submit that are not collected yet; shared as bytes are */
    uint64_t cache_items;    /* valid items that are remembered; 0: none. 16 bytes each */
    int64_t suspect_ms;      /* how long a source is apart from others after a signature of its that was none */
} vl_verifier_options;

typedef struct vl_verifier vl_verifier;

void vl_verifier_defaults(vl_verifier_options *options);

/* *verifier = a new one. VL_ERROR_ARGUMENT for options without a meaning, VL_ERROR_MEMORY. */
int vl_verifier_create(vl_verifier **verifier, const vl_verifier_options *options);

/* Takes no more items; then waits until those that were taken are done (drain), or gives up those that no worker has begun,
 * with VL_ERROR_CLOSED. Ends the workers. What is completed can still be collected. Any thread may call it, any number of
 * times. */
int vl_verifier_close(vl_verifier *verifier, int drain);

/* Closes without draining, waits for callers that are still inside, and gives all memory back. The caller sees to it that no
 * call begins any more. NULL is allowed. */
void vl_verifier_free(vl_verifier *verifier);

/* ---- Asking ---- */

/* What is asked, of one item or of many. A wrong scheme, option, flag or class is VL_ERROR_ARGUMENT at once. */
typedef struct {
    int32_t scheme;         /* enum vl_scheme */
    int32_t option;         /* the encoding (ECDSA, SM2) or the rule (Ed25519), else 0 */
    uint32_t flags;         /* ECDSA: VL_LOW_S, VL_HYBRID_KEYS, VL_SEC1_KEYS or VL_COMPRESSED_KEYS; else 0 */
    int32_t priority;       /* enum vl_priority */
    uint64_t source;        /* who sent it: a number of the caller's choice; 0: unknown */
    int64_t timeout_us;     /* 0: none. When it is over before a worker comes, the result is VL_ERROR_DEADLINE */
    const uint8_t *user_id; /* SM2: the ID for all items; NULL: messages are digests. Copied */
    uint64_t user_id_size;
} vl_request;

/* Waits for the verdict of one item: returns enum vl_verdict, or an error (< 0). key: NULL only for SM2 with VL_FISCO, where
 * the signature holds it. */
int vl_verifier_verify(vl_verifier *verifier, const vl_request *request, const uint8_t *key, size_t key_size,
                       const uint8_t *signature, size_t signature_size, const uint8_t *message, size_t message_size);

/* The same for n items: results = a verdict or an error of each. Returns VL_SUCCESS if all were taken, else an error, and
 * results mean nothing. keys: NULL as above. */
int vl_verifier_verify_many(vl_verifier *verifier, int8_t *results, size_t n, const vl_request *request,
                            const vl_column *keys, const vl_column *signatures, const vl_column *messages);

/* ---- Asking without waiting ---- */

/* What became of one call of submit. */
typedef struct {
    uint64_t tag;
    int32_t result; /* of one item: a verdict or an error; of many: VL_SUCCESS, its `results` are there */
} vl_completion;

/* Takes a copy of the item and returns at once: VL_SUCCESS, and `tag` comes back from vl_verifier_collect(), or an error, and
 * nothing was taken. *ticket (or NULL): its name for vl_verifier_cancel(). */
int vl_verifier_submit(vl_verifier *verifier, uint64_t *ticket, uint64_t tag, const vl_request *request,
                       const uint8_t *key, size_t key_size, const uint8_t *signature, size_t signature_size,
                       const uint8_t *message, size_t message_size);

/* The same for n > 0 items, all or none of which are taken; one completion tells of them all. results: n bytes that stay where
 * they are until then. */
int vl_verifier_submit_many(vl_verifier *verifier, uint64_t *ticket, uint64_t tag, int8_t *results, size_t n,
                            const vl_request *request, const vl_column *keys, const vl_column *signatures,
                            const vl_column *messages);

/* Returns how many completions were put into `completions`, 1 to `capacity` (> 0) of them; waits timeout_us for the first (0:
 * not at all, < 0: for ever). VL_ERROR_TIMEOUT; VL_ERROR_CLOSED when the verifier is closed and nothing is left. Any number
 * of threads may collect; each completion goes to one of them. */
int vl_verifier_collect(vl_verifier *verifier, vl_completion *completions, int capacity, int64_t timeout_us);

/* Items of this ticket that no worker has begun get VL_ERROR_CANCELLED. Returns how many; 0 too for a ticket that is done. */
int64_t vl_verifier_cancel(vl_verifier *verifier, uint64_t ticket);

/* ---- What it has done ---- */

/* Buckets of histograms: [i] counts what is below 2^i (and not below 2^(i-1)); the last also what is above. */
enum { VL_BATCH_BUCKETS = 12, VL_WAIT_BUCKETS = 26, VL_VERDICTS = 6 };

typedef struct {
    uint64_t depth[4];        /* items that wait, by class */
    uint64_t bytes;           /* of items that wait or are at work */
    uint64_t tickets;         /* that are not collected */
    uint64_t verdicts[4][6];  /* by class and enum vl_verdict */
    uint64_t errors[4][16];   /* by class and -error: items that got no verdict, refused ones included */
    uint64_t batches;         /* that workers did */
    uint64_t alone;           /* items that their callers did themselves */
    uint64_t batch_sizes[12]; /* histogram of batches, items */
    uint64_t waits[4][26];    /* by class: histogram of waits until a worker came, in us */
    uint64_t wait_us[4];      /* by class: their sum */
    uint64_t busy_us;         /* processor time spent verifying */
    uint64_t apart;           /* items that were kept apart for their source */
    uint64_t suspects;        /* sources that are apart now, about */
    uint64_t cache_hits, cache_misses, cache_items;
} vl_verifier_stats;

/* stats = the numbers of now: size bytes of it, sizeof(vl_verifier_stats) as the caller knows it. */
int vl_verifier_read_stats(vl_verifier *verifier, vl_verifier_stats *stats, size_t size);

/* VL_CDEF_END */

#ifdef __cplusplus
}
#endif
#endif
