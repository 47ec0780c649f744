/* The coalescing verifier's C API: whatever is asked of it, and in whatever order, each call ends with the verdict that the item
 * has by itself, or with an error that has a name; and each ticket comes back once.
 *
 * header[0]: options; header[1]: scheme, encoding or rule, flags; the first item's key: what is done, a byte each; the other
 * items: what is verified. */
#include <string.h>

#include "fuzz.h"
#include "verilane_verifier.h"

enum { DEEDS = 64 };

typedef struct {
    vl_request request;
    const fuzz_input *in;
    uint8_t expected[FUZZ_ITEMS]; /* by item; 0: the request means nothing */
    vl_verifier *verifier;
    size_t n; /* items that are verified: all but the first */
    vl_column keys, signatures, messages;
    /* By tag: what was submitted. */
    size_t submitted, item[DEEDS];
    uint64_t ticket[DEEDS];
    int taken[DEEDS], many[DEEDS], back[DEEDS];
    int8_t results[DEEDS][FUZZ_ITEMS];
} session;

static const fuzz_bytes *part(const session *s, size_t item, int p) { return &s->in->item[item].part[p]; }

/* The verdict of an item by a call that waits for nobody. */
static int alone(const session *s, size_t item) {
    vl_column column[FUZZ_PARTS];
    uint8_t verdict = VL_UNDECIDED;
    const vl_request *r = &s->request;
    for (int p = 0; p < FUZZ_PARTS; p++)
        column[p] = (vl_column){.data = part(s, item, p)->data, .width = part(s, item, p)->size};
    const vl_column *k = &column[0], *sig = &column[1], *m = &column[2];
    const vl_column id = {.data = r->user_id, .width = r->user_id_size};
    int error;
    if (r->scheme == VL_SECP256K1_ECDSA)
        error = vl_secp256k1_ecdsa_verify(&verdict, 1, k, sig, m, r->option, r->flags, VL_ISA_SCALAR, fuzz_scratch,
                                          fuzz_scratch_size);
    else if (r->scheme == VL_P256_ECDSA)
        error = vl_p256_ecdsa_verify(&verdict, 1, k, sig, m, r->option, r->flags, VL_ISA_SCALAR, fuzz_scratch,
                                     fuzz_scratch_size);
    else if (r->scheme == VL_SM2)
        error = vl_sm2_verify(&verdict, 1, k, sig, m, r->user_id ? &id : NULL, 1, r->option, VL_ISA_SCALAR,
                              fuzz_scratch, fuzz_scratch_size);
    else if (r->scheme == VL_SECP256K1_SCHNORR)
        error = vl_secp256k1_schnorr_verify(&verdict, 1, k, sig, m, 0, NULL, VL_ISA_SCALAR, fuzz_scratch,
                                            fuzz_scratch_size);
    else
        error = vl_ed25519_verify(&verdict, 1, k, sig, m, r->option, 0, NULL, VL_ISA_SCALAR, fuzz_scratch,
                                  fuzz_scratch_size);
    FUZZ_CHECK(error == VL_SUCCESS);
    return verdict;
}

static void make_request(session *s) {
    const uint8_t what = s->in->header[1];
    s->request = (vl_request){.scheme = what % 5, .priority = what >> 6};
    const int scheme = s->request.scheme;
    if (scheme == VL_ED25519) s->request.option = what >> 3 & 3;
    else if (scheme == VL_SM2) {
        s->request.option = what & 8 ? VL_DER : VL_COMPACT;
        if (what & 16) s->request.user_id = (const uint8_t *)"1234567812345678", s->request.user_id_size = 16;
    } else if (scheme != VL_SECP256K1_SCHNORR) {
        s->request.option = (what >> 3) % 3;
        if (what & 32) s->request.flags = VL_LOW_S;
    }
}

static void create(session *s) {
    const uint8_t what = s->in->header[0];
    vl_verifier_options options;
    vl_verifier_defaults(&options);
    options.threads = 1 + (what & 1);
    for (int p = 0; p < VL_PRIORITIES; p++) {
        if (what & 2) options.items[p] = 3;
        if (what & 4) options.max_wait_us[p] = 100;
        if (what & 8) options.batch_items[p] = 2;
    }
    if (what & 16) options.tickets = 2;
    if (what & 32) options.bytes = 2000, options.item_bytes = 500;
    options.cache_items = what & 64 ? 16 : 0;
    FUZZ_CHECK(vl_verifier_create(&s->verifier, &options) == VL_SUCCESS);
}

static int is_named(int error) { return error <= VL_ERROR_BUSY && error >= VL_ERROR_TIMEOUT; }

static void look_at(const session *s, size_t item, int result) {
    if (result > 0) fuzz_expect(&s->in->item[item], result, s->expected[item], "a call by itself");
    else FUZZ_CHECK(is_named(result));
}

static void look_at_all(const session *s, const int8_t *results) {
    for (size_t i = 0; i < s->n; i++) look_at(s, 1 + i, results[i]);
}

static void collect(session *s, int64_t timeout_us) {
    vl_completion done[4];
    const int n = vl_verifier_collect(s->verifier, done, 4, timeout_us);
    if (n < 0) FUZZ_CHECK(n == VL_ERROR_TIMEOUT || n == VL_ERROR_CLOSED);
    for (int i = 0; i < n; i++) {
        const size_t tag = done[i].tag;
        FUZZ_CHECK(tag < s->submitted && s->taken[tag] && !s->back[tag]);
        s->back[tag] = 1;
        if (!s->many[tag]) look_at(s, s->item[tag], done[i].result);
        else {
            FUZZ_CHECK(done[i].result == VL_SUCCESS);
            look_at_all(s, s->results[tag]);
        }
    }
}

static void submit(session *s, size_t item, int many) {
    const size_t tag = s->submitted++;
    const fuzz_bytes *k = part(s, item, FUZZ_KEY), *sig = part(s, item, FUZZ_SIGNATURE),
                     *m = part(s, item, FUZZ_MESSAGE);
    s->item[tag] = item;
    s->many[tag] = many;
    s->back[tag] = 0;
    const int error = many ? vl_verifier_submit_many(s->verifier, &s->ticket[tag], tag, s->results[tag], s->n,
                                                     &s->request, &s->keys, &s->signatures, &s->messages)
                           : vl_verifier_submit(s->verifier, &s->ticket[tag], tag, &s->request, k->data, k->size,
                                                sig->data, sig->size, m->data, m->size);
    s->taken[tag] = error == VL_SUCCESS;
    FUZZ_CHECK(error == VL_SUCCESS || is_named(error));
}

static void ask_and_wait(session *s, size_t item) {
    const fuzz_bytes *k = part(s, item, FUZZ_KEY), *sig = part(s, item, FUZZ_SIGNATURE),
                     *m = part(s, item, FUZZ_MESSAGE);
    look_at(s, item,
            vl_verifier_verify(s->verifier, &s->request, k->data, k->size, sig->data, sig->size, m->data, m->size));
}

static void ask_many_and_wait(session *s) {
    int8_t results[FUZZ_ITEMS];
    const int error =
        vl_verifier_verify_many(s->verifier, results, s->n, &s->request, &s->keys, &s->signatures, &s->messages);
    if (error == VL_SUCCESS) look_at_all(s, results);
    else FUZZ_CHECK(is_named(error));
}

/* What has no meaning is refused at once. */
static void ask_nonsense(session *s, uint8_t deed) {
    vl_request request = s->request;
    const uint8_t byte[1] = {0};
    if (deed & 8) request.scheme = 5 + deed;
    else if (deed & 16) request.option = 77;
    else request.priority = VL_PRIORITIES;
    const int error = vl_verifier_verify(s->verifier, &request, byte, 1, byte, 1, byte, 1);
    FUZZ_CHECK(error == VL_ERROR_ARGUMENT);
}

static void do_one(session *s, uint8_t deed) {
    const size_t item = 1 + (deed >> 4) % s->n;
    vl_verifier_stats stats;
    s->request.timeout_us = deed & 8 ? 1 + 50 * (deed >> 6) : 0;
    s->request.source = deed >> 5;
    switch (deed % 8) {
    case 0:
        ask_and_wait(s, item);
        break;
    case 1:
        ask_many_and_wait(s);
        break;
    case 2:
    case 3:
        submit(s, item, deed % 8 == 3);
        break;
    case 4:
        if (s->submitted && s->taken[s->submitted - 1])
            FUZZ_CHECK(vl_verifier_cancel(s->verifier, s->ticket[s->submitted - 1]) >= 0);
        break;
    case 5:
        collect(s, deed & 16 ? 100 : 0);
        break;
    case 6:
        FUZZ_CHECK(vl_verifier_read_stats(s->verifier, &stats, sizeof stats) == VL_SUCCESS);
        ask_nonsense(s, deed);
        break;
    default:
        if (deed == 0xff) FUZZ_CHECK(vl_verifier_close(s->verifier, 0) == VL_SUCCESS);
        else if (deed == 0x7f) FUZZ_CHECK(vl_verifier_close(s->verifier, 1) == VL_SUCCESS);
        s->request.priority = (deed >> 3) % VL_PRIORITIES;
    }
}

static void end(session *s) {
    FUZZ_CHECK(vl_verifier_close(s->verifier, s->in->header[2] & 1) == VL_SUCCESS);
    for (size_t left = s->submitted + 1; left; left--) collect(s, 0);
    for (size_t tag = 0; tag < s->submitted; tag++) FUZZ_CHECK(s->back[tag] == s->taken[tag]);
    vl_completion none;
    FUZZ_CHECK(vl_verifier_collect(s->verifier, &none, 1, 0) == VL_ERROR_CLOSED);
    vl_verifier_free(s->verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    static session s;
    fuzz_column columns[FUZZ_PARTS];
    fuzz_begin();
    if (!fuzz_read(&in, data, size) || in.n < 2) return 0;
    memset(&s, 0, sizeof s);
    s.in = &in;
    s.n = in.n - 1;
    for (int p = 0; p < FUZZ_PARTS; p++) {
        vl_bytes items[FUZZ_ITEMS];
        for (size_t i = 0; i < s.n; i++) items[i] = (vl_bytes){part(&s, 1 + i, p)->data, part(&s, 1 + i, p)->size};
        fuzz_column_make(&columns[p], s.n, items, 1);
    }
    s.keys = columns[FUZZ_KEY].column;
    s.signatures = columns[FUZZ_SIGNATURE].column;
    s.messages = columns[FUZZ_MESSAGE].column;
    make_request(&s);
    for (size_t i = 1; i < in.n; i++) s.expected[i] = (uint8_t)alone(&s, i);
    create(&s);
    const fuzz_bytes *deeds = &in.item[0].part[FUZZ_KEY];
    for (size_t i = 0; i < deeds->size && i < DEEDS; i++) do_one(&s, deeds->data[i]);
    end(&s);
    for (int p = 0; p < FUZZ_PARTS; p++) fuzz_column_free(&columns[p]);
    return 0;
}

/* Items are changed by their bytes; what is done, by more of it. */
static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    fuzz_bytes *deeds = &in->item[0].part[FUZZ_KEY];
    if (item != &in->item[0] && fuzz_below(random, 3) == 0) {
        fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE];
        if (signature->size) signature->data[fuzz_below(random, signature->size)] ^= 1;
        return;
    }
    const uint8_t deed = (uint8_t)fuzz_next(random);
    if (deeds->size < DEEDS) fuzz_append(deeds, &deed, 1);
    else deeds->data[fuzz_below(random, deeds->size)] = deed;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return fuzz_mutate(data, size, most, seed, change);
}
