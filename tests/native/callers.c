/* Many native threads that verify one item after the other, each waiting for its verdict: for tests and benchmarks of
 * vl_verifier. Functions come as pointers, so that nothing is linked here but threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

typedef struct vl_verifier vl_verifier;

/* Of verilane_verifier.h; request: a vl_request. */
typedef int (*verify_function)(vl_verifier *v, const void *request, const uint8_t *key, size_t key_size,
                               const uint8_t *signature, size_t signature_size, const uint8_t *message,
                               size_t message_size);

/* Of secp256k1.h: its objects are 64 bytes each. */
typedef struct {
    void *context;
    int (*parse_key)(const void *context, void *key, const uint8_t *bytes, size_t size);
    int (*parse_signature)(const void *context, void *signature, const uint8_t *compact);
    int (*verify)(const void *context, const void *signature, const uint8_t *digest, const void *key);
} peer_functions;

/* n items in rows of keys of 33 bytes, signatures of 64, digests of 32. */
typedef struct {
    size_t n;
    const uint8_t *keys, *signatures, *digests;
} item_rows;

typedef struct {
    item_rows items;
    int8_t *results;
    int64_t *took_ns; /* of each call; may be NULL */
    size_t threads, pause_us;
    verify_function verify;
    vl_verifier *verifier;
    const void *request;
    const peer_functions *peer; /* or NULL */
    pthread_barrier_t *begin;
} plan;

typedef struct {
    plan *plan;
    size_t number;
} caller;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int ask_peer(const peer_functions *peer, const uint8_t *key, const uint8_t *signature, const uint8_t *digest) {
    uint8_t parsed_key[64], parsed_signature[64];
    if (!peer->parse_key(peer->context, parsed_key, key, 33)) return 2;
    if (!peer->parse_signature(peer->context, parsed_signature, signature)) return 3;
    return peer->verify(peer->context, parsed_signature, digest, parsed_key) ? 1 : 5;
}

static int ask(const plan *p, size_t i) {
    const uint8_t *key = p->items.keys + 33 * i, *signature = p->items.signatures + 64 * i,
                  *digest = p->items.digests + 32 * i;
    if (p->peer) return ask_peer(p->peer, key, signature, digest);
    return p->verify(p->verifier, p->request, key, 33, signature, 64, digest, 32);
}

static void *run(void *argument) {
    const caller *c = argument;
    const plan *p = c->plan;
    pthread_barrier_wait(p->begin);
    for (size_t i = c->number; i < p->items.n; i += p->threads) {
        const int64_t start = now_ns();
        p->results[i] = (int8_t)ask(p, i);
        if (p->took_ns) p->took_ns[i] = now_ns() - start;
        if (p->pause_us) nanosleep(&(struct timespec){0, (long)p->pause_us * 1000}, NULL);
    }
    return NULL;
}

/* Runs the items in so many threads; returns how long it took in ns, or -1. results: a verdict or an error each. took_ns (or
 * NULL): how long each call took. pause_us: what a thread sleeps after each. */
int64_t native_callers(int8_t *results, int64_t *took_ns, size_t threads, size_t pause_us, const item_rows *items,
                       verify_function verify, vl_verifier *verifier, const void *request, const peer_functions *peer) {
    pthread_t *ids = calloc(threads, sizeof *ids);
    caller *callers = calloc(threads, sizeof *callers);
    pthread_barrier_t begin;
    plan p = {*items, results, took_ns, threads, pause_us, verify, verifier, request, peer, &begin};
    if (!ids || !callers || pthread_barrier_init(&begin, NULL, (unsigned)threads + 1)) return -1;
    for (size_t t = 0; t < threads; t++) {
        callers[t] = (caller){&p, t};
        if (pthread_create(&ids[t], NULL, run, &callers[t])) abort();
    }
    pthread_barrier_wait(&begin);
    const int64_t start = now_ns();
    for (size_t t = 0; t < threads; t++) pthread_join(ids[t], NULL);
    const int64_t took = now_ns() - start;
    pthread_barrier_destroy(&begin);
    free(ids);
    free(callers);
    return took;
}
