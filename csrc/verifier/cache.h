/* Valid items that are remembered by a salted hash of all that their verdict depends on. Only VL_OK is. */
#ifndef VL_VERIFIER_CACHE_H
#define VL_VERIFIER_CACHE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { VL_CACHE_LOCKS = 16, VL_CACHE_WAYS = 8 };

/* What stands for an item: half of a SHA-256, of which another part says where it is looked for. All zero: no item. */
typedef struct {
    uint64_t w[2];
} vl_cache_entry;

typedef struct {
    vl_cache_entry *entries; /* sets of VL_CACHE_WAYS; NULL: nothing is remembered */
    size_t sets;             /* a power of two, or 0 */
    uint8_t *next;           /* of each set: which entry is replaced next */
    uint8_t salt[32];        /* secret */
    uint64_t used[VL_CACHE_LOCKS];
    pthread_mutex_t locks[VL_CACHE_LOCKS];
} vl_cache;

enum { VL_DIGEST = 32 };

/* items: how many are remembered at most, rounded up; 0: none. Returns 0 if there is no memory, or no random salt. */
int vl_cache_init(vl_cache *cache, uint64_t items);
void vl_cache_destroy(vl_cache *cache);

/* Whether an item of this digest is remembered. */
int vl_cache_has(vl_cache *cache, const uint8_t digest[VL_DIGEST]);
void vl_cache_add(vl_cache *cache, const uint8_t digest[VL_DIGEST]);

/* Items remembered now. */
uint64_t vl_cache_used(vl_cache *cache);

#endif
