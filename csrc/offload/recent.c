/* What a device was asked of late. A signature's R is new each time; who repeats one wants an answer to be taken for another. */
#include <string.h>

#include "offload/curves.h"
#include "scheme/u256.h"

enum {
    LOG_WINDOW = 20,
    WINDOW = 1 << LOG_WINDOW,
    LOG_HEADS = LOG_WINDOW + 1,
    CHUNK = 64,
    TARGET_WORDS = 4,
    TERMS_WORDS = 17 /* u, v, Q and the scheme */
};

/* A ring of entries, in chains of those with the same hash, the newest first. Places are numbers of entries since the start,
 * mod 2^32; what is older than the window is gone, so that nothing has to be unlinked. Zero: places that are too old. */
typedef struct {
    uint32_t entered; /* entries so far, less WINDOW + 1 */
    uint32_t head[1 << LOG_HEADS];
    uint32_t previous[WINDOW];
    struct {
        uint64_t target, terms;
    } hash[WINDOW];
} recent;

/* A bit of an entry's terms: another item with its target was there before. */
static const uint64_t CONTESTED = 1;

typedef struct {
    uint64_t target, terms;
} pair;

/* Keys of hash(): 1 + words pairs each. */
_Static_assert(VL_RECENT_KEY >= 16 * (1 + TARGET_WORDS + 1 + TERMS_WORDS), "a key for both hashes");

size_t vl_recent_size(void) { return sizeof(recent); }

/* The high half of k_0 + k_1 w_1 + .. mod 2^128, for random k of 128 bits: two different rows of words get the same value with
 * probability 2^-64, whoever chose them without knowing k. (Lemire, Kaser, "Strongly universal string hashing is fast", 2014:
 * multilinear.) */
static uint64_t hash(const uint64_t *key, const uint64_t *words, size_t n) {
    unsigned __int128 sum = (unsigned __int128)key[1] << 64 | key[0];
    for (size_t i = 0; i < n; i++) {
        const unsigned __int128 k = (unsigned __int128)key[2 * i + 3] << 64 | key[2 * i + 2];
        sum += k * words[i];
    }
    return (uint64_t)(sum >> 64);
}

static uint32_t *head_of(recent *r, uint64_t target) { return &r->head[target >> (64 - LOG_HEADS)]; }

static uint32_t now(const recent *r) { return r->entered + WINDOW + 1; }

/* Whether an item is there that has this target and other terms. The newest one with the target knows: it is another one itself,
 * or there was another one when it was entered. So that whoever repeats one item does not make a chain that others must walk. */
static int is_there(recent *r, const pair *item) {
    uint32_t age = 0;
    for (uint32_t place = *head_of(r, item->target);; place = r->previous[place % WINDOW]) {
        const uint32_t next = now(r) - place;
        if (next <= age || next > WINDOW) return 0;
        age = next;
        if (r->hash[place % WINDOW].target == item->target) return r->hash[place % WINDOW].terms != item->terms;
    }
}

static void enter(recent *r, const pair *item, int other_is_there) {
    const uint32_t place = now(r);
    uint32_t *head = head_of(r, item->target);
    r->hash[place % WINDOW].target = item->target;
    r->hash[place % WINDOW].terms = item->terms | (other_is_there ? CONTESTED : 0);
    r->previous[place % WINDOW] = *head;
    *head = place;
    r->entered++;
}

/* A target below p - n is met by two x; BIP-340 has targets from n on. One that is met by the x that it says, and by no other,
 * can be compared with what another scheme, or another curve, was asked for. On edwards25519 a sum begins with a point of small
 * order: a device may have it without having done anything, and no honest R is one. */
static int is_ambiguous(const uint64_t *target, int scheme) {
    vl_u256 t;
    memcpy(&t, target, sizeof t);
    if (scheme == VL_ED25519) {
        const vl_ed25519_encoding e = vl_ed25519_encoding_of_target(&t);
        return vl_ed25519_is_small_order(&e);
    }
    const vl_curve *curve = vl_offload_curve(scheme);
    return u256_less(&t, &curve->p_minus_n) || !u256_less(&t, &curve->n);
}

/* n <= CHUNK; unfit items are known. Memory is asked for before it is needed: it lies far apart. */
static void enter_chunk(uint8_t *unfit, size_t n, const pair *items, int always, recent *r) {
    for (size_t i = 0; i < n; i++) __builtin_prefetch(head_of(r, items[i].target), 1);
    for (size_t i = 0; i < n; i++) __builtin_prefetch(&r->hash[*head_of(r, items[i].target) % WINDOW]);
    for (size_t i = 0; i < n; i++) {
        const int other = is_there(r, &items[i]);
        unfit[i] |= (uint8_t)other;
        if (always || !unfit[i]) enter(r, &items[i], other);
    }
}

int vl_recent_enter(uint8_t *unfit, size_t n, const uint64_t *targets, const uint64_t *u, const uint64_t *v,
                    const uint64_t *q, int scheme, int always, void *memory, const uint8_t *key) {
    if (memory == NULL || key == NULL || !vl_offload_is_scheme(scheme)) return VL_ERROR_ARGUMENT;
    if (n && (unfit == NULL || targets == NULL || u == NULL || v == NULL || q == NULL)) return VL_ERROR_ARGUMENT;
    uint64_t keys[VL_RECENT_KEY / 8];
    memcpy(keys, key, sizeof keys);
    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t count = n - first < CHUNK ? n - first : CHUNK;
        pair items[CHUNK];
        for (size_t i = 0; i < count; i++) {
            uint64_t terms[TERMS_WORDS];
            memcpy(terms, u + 4 * (first + i), 32);
            memcpy(terms + 4, v + 4 * (first + i), 32);
            memcpy(terms + 8, q + 8 * (first + i), 64);
            terms[16] = (uint64_t)scheme;
            unfit[first + i] = (uint8_t)is_ambiguous(targets + 4 * (first + i), scheme);
            items[i].target = hash(keys, targets + 4 * (first + i), TARGET_WORDS);
            items[i].terms = hash(keys + 2 * (1 + TARGET_WORDS), terms, TERMS_WORDS) & ~CONTESTED;
        }
        enter_chunk(unfit + first, count, items, always, memory);
    }
    return VL_SUCCESS;
}
