#include "verifier/cache.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/random.h"

int vl_cache_init(vl_cache *cache, uint64_t items) {
    memset(cache, 0, sizeof *cache);
    for (int i = 0; i < VL_CACHE_LOCKS; i++)
        if (pthread_mutex_init(&cache->locks[i], NULL)) return 0;
    if (items == 0) return 1;
    size_t sets = VL_CACHE_LOCKS;
    while (sets * VL_CACHE_WAYS < items) sets *= 2;
    cache->entries = calloc(sets * VL_CACHE_WAYS, sizeof *cache->entries);
    cache->next = calloc(sets, 1);
    cache->sets = sets;
    return cache->entries && cache->next && vl_random(cache->salt, sizeof cache->salt);
}

void vl_cache_destroy(vl_cache *cache) {
    free(cache->entries);
    free(cache->next);
    for (int i = 0; i < VL_CACHE_LOCKS; i++) pthread_mutex_destroy(&cache->locks[i]);
}

/* Bytes 0 .. 15 of a digest are the entry, 16 .. 23 say in which set it is. */
typedef struct {
    vl_cache_entry entry;
    size_t set;
    pthread_mutex_t *lock;
    uint64_t *used;
} place;

static place place_of(vl_cache *cache, const uint8_t digest[VL_DIGEST]) {
    place p;
    uint64_t number;
    memcpy(&p.entry, digest, sizeof p.entry);
    memcpy(&number, digest + sizeof p.entry, sizeof number);
    p.set = (size_t)(number & (cache->sets - 1));
    p.lock = &cache->locks[p.set % VL_CACHE_LOCKS];
    p.used = &cache->used[p.set % VL_CACHE_LOCKS];
    return p;
}

static int is_free(const vl_cache_entry *entry) { return (entry->w[0] | entry->w[1]) == 0; }

/* The entry in its set, or NULL. Free ones are never equal to one. */
static vl_cache_entry *find(vl_cache *cache, const place *p) {
    vl_cache_entry *set = cache->entries + p->set * VL_CACHE_WAYS;
    for (int i = 0; i < VL_CACHE_WAYS && !is_free(&p->entry); i++)
        if (set[i].w[0] == p->entry.w[0] && set[i].w[1] == p->entry.w[1]) return &set[i];
    return NULL;
}

int vl_cache_has(vl_cache *cache, const uint8_t digest[VL_DIGEST]) {
    const place p = place_of(cache, digest);
    pthread_mutex_lock(p.lock);
    const int found = find(cache, &p) != NULL;
    pthread_mutex_unlock(p.lock);
    return found;
}

/* The oldest of a set makes room. */
void vl_cache_add(vl_cache *cache, const uint8_t digest[VL_DIGEST]) {
    const place p = place_of(cache, digest);
    pthread_mutex_lock(p.lock);
    if (!find(cache, &p)) {
        uint8_t *next = &cache->next[p.set];
        vl_cache_entry *entry = cache->entries + p.set * VL_CACHE_WAYS + *next;
        *next = (uint8_t)((*next + 1) % VL_CACHE_WAYS);
        *p.used += is_free(entry);
        *entry = p.entry;
    }
    pthread_mutex_unlock(p.lock);
}

uint64_t vl_cache_used(vl_cache *cache) {
    uint64_t used = 0;
    for (int i = 0; i < VL_CACHE_LOCKS; i++) {
        pthread_mutex_lock(&cache->locks[i]);
        used += cache->used[i];
        pthread_mutex_unlock(&cache->locks[i]);
    }
    return used;
}
