/* The memory of the CUDA device that there isn't (fake_cuda.c): the host's. New memory is filled with a5, and so is what lies
 * behind its end, which must stay so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 64
#define MEMORY ((size_t)1 << 30)

typedef struct block {
    unsigned char *start;
    size_t size;
    int pinned;
    struct block *next;
} block;

static block *blocks;
static size_t used;

static block *block_of(const void *address, size_t size) {
    const unsigned char *start = address;
    for (block *b = blocks; b; b = b->next)
        if (start >= b->start && start + size <= b->start + b->size) return b;
    return NULL;
}

static void check(const block *b) {
    for (int i = 0; i < GUARD; i++)
        if (b->start[b->size + i] != 0xa5) {
            fprintf(stderr, "fake CUDA: written behind the end of %zu bytes\n", b->size);
            abort();
        }
}

static int lend(void **out, size_t size, int pinned) {
    if (size == 0) return INVALID;
    if (size > MEMORY || (!pinned && used + size > MEMORY)) return NO_MEMORY;
    block *b = malloc(sizeof *b);
    b->start = aligned_alloc(256, (size + GUARD + 255) / 256 * 256);
    b->size = size, b->pinned = pinned, b->next = blocks, blocks = b;
    memset(b->start, 0xa5, size + GUARD);
    used += pinned ? 0 : size;
    *out = b->start;
    return OK;
}

static int take_back(void *start) {
    for (block **at = &blocks; *at; at = &(*at)->next) {
        block *b = *at;
        if (b->start != start) continue;
        check(b);
        *at = b->next;
        used -= b->pinned ? 0 : b->size;
        memset(b->start, 0x5a, b->size);
        free(b->start);
        free(b);
        return OK;
    }
    return INVALID;
}
