/* Instruction sets are switched on for a region of a file, not by compiler flags, so that one build serves every CPU
 * and setup.py needs no per-file options. gcc has a pragma for it; clang ignores that one and has an attribute. Include
 * immintrin.h (and every system header) before VL_TARGET_BEGIN. */
#ifndef VL_TARGET_H
#define VL_TARGET_H

#define VL_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define VL_TARGET_BEGIN(features) \
    VL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define VL_TARGET_END VL_PRAGMA(clang attribute pop)
#else
#define VL_TARGET_BEGIN(features) VL_PRAGMA(GCC push_options) VL_PRAGMA(GCC target(features))
#define VL_TARGET_END VL_PRAGMA(GCC pop_options)
#endif

#endif
