/* Sources that sent a signature that was none of late. Whoever calls holds the verifier's lock. */
#ifndef VL_VERIFIER_SOURCES_H
#define VL_VERIFIER_SOURCES_H

#include <stdint.h>

/* So many are kept, in sets of neighbours; where a set is full, the one that was bad longest ago is forgotten. */
enum { VL_SOURCES = 4096, VL_SOURCE_WAYS = 8 };

typedef struct {
    uint64_t source; /* 0: nobody */
    int64_t until_ns;
} vl_suspect;

typedef struct {
    vl_suspect suspects[VL_SOURCES];
    uint64_t salt; /* so that nobody can choose who shares a set with whom */
} vl_sources;

void vl_sources_suspect(vl_sources *sources, uint64_t source, int64_t until_ns);
int vl_sources_is_suspect(const vl_sources *sources, uint64_t source, int64_t now_ns);
uint64_t vl_sources_count(const vl_sources *sources, int64_t now_ns);

#endif
