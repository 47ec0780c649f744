#include "verifier/sources.h"

/* The set that a source belongs to, by the finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t first_of(const vl_sources *sources, uint64_t source) {
    uint64_t z = source ^ sources->salt;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % (VL_SOURCES / VL_SOURCE_WAYS) * VL_SOURCE_WAYS;
}

void vl_sources_suspect(vl_sources *sources, uint64_t source, int64_t until_ns) {
    if (source == 0) return;
    vl_suspect *set = sources->suspects + first_of(sources, source), *place = set;
    for (int i = 0; i < VL_SOURCE_WAYS; i++) {
        if (set[i].source == source) {
            place = &set[i];
            break;
        }
        if (set[i].until_ns < place->until_ns) place = &set[i];
    }
    place->source = source;
    place->until_ns = until_ns;
}

int vl_sources_is_suspect(const vl_sources *sources, uint64_t source, int64_t now_ns) {
    if (source == 0) return 0;
    const vl_suspect *set = sources->suspects + first_of(sources, source);
    for (int i = 0; i < VL_SOURCE_WAYS; i++)
        if (set[i].source == source) return set[i].until_ns > now_ns;
    return 0;
}

uint64_t vl_sources_count(const vl_sources *sources, int64_t now_ns) {
    uint64_t n = 0;
    for (int i = 0; i < VL_SOURCES; i++)
        n += sources->suspects[i].source != 0 && sources->suspects[i].until_ns > now_ns;
    return n;
}
