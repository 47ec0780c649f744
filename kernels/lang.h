/* The dialect: C11, OpenCL C 1.2 and CUDA C++ in common.
 *
 * Rules of the dialect: no recursion, no heap, no libc; structs by value or by private pointer; a pointer into GLOBAL
 * memory is never passed where a private one is expected, and one to CONST data is a CONST_ARG pointer; fixed-width
 * integers only.
 * Nothing in kernels/ is constant time: it handles public data only. Keep secrets out.
 *
 * VERIFY_BITS(x, n) states a bound, x < 2^n, in code. It does nothing unless built with -DVERIFY. */
#ifndef VL_LANG_H
#define VL_LANG_H

#if defined(__OPENCL_VERSION__)
typedef uchar u8;
typedef uint u32;
typedef ulong u64;
typedef long i64;
#define FN static
#define GLOBAL __global
#define CONST __constant
#define CONST_ARG __constant const
#if defined(VL_LOCAL_SIZE) /* groups of one size only: compilers need not keep others in mind */
#define KERNEL __kernel __attribute__((reqd_work_group_size(VL_LOCAL_SIZE, 1, 1))) void
#else
#define KERNEL __kernel void
#endif
#define LANE_ID() ((u32)get_global_id(0))
#elif defined(__CUDACC__) || defined(__CUDACC_RTC__)
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
#define FN static __device__ __forceinline__
#define GLOBAL
#define CONST static __device__ const
#define CONST_ARG const
/* The block that _cuda.py launches. Up to 128 registers four of them are on a multiprocessor, and no kernel needs more. */
#define KERNEL extern "C" __global__ void __launch_bounds__(128)
#define LANE_ID() (blockIdx.x * blockDim.x + threadIdx.x)
#else
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;
#define FN static inline
#define GLOBAL
#define CONST static const
#define CONST_ARG const
#define KERNEL void
#endif

/* On CPUs: arithmetic that must melt into its caller, and whole steps that must not (compile time, code size). With
 * -DARITHMETIC_CALLS nothing must melt: sanitizers would take half an hour to compile it. */
#if defined(ARITHMETIC_CALLS)
#define FN_INLINE static inline __attribute__((unused))
#define FN_STEP static __attribute__((noinline, unused))
#elif defined(__GNUC__) && !defined(__CUDACC__) && !defined(__OPENCL_VERSION__)
#define FN_INLINE static inline __attribute__((always_inline, unused))
#define FN_STEP static __attribute__((noinline, unused))
#else
#define FN_INLINE FN
#define FN_STEP FN
#endif

/* A multiplication in a kernel: melts into its caller too, or with -DPRODUCT_CALLS is a function that is called, where the time
 * to compile counts for more than speed. */
#if !defined(PRODUCT_CALLS)
#define FN_PRODUCT FN_INLINE
#elif defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define FN_PRODUCT static __device__ __noinline__
#else
#define FN_PRODUCT static __attribute__((noinline, unused))
#endif

/* Four u32 between private and global memory at once, where that is aligned to 16 bytes. */
#if defined(__OPENCL_VERSION__)
#define LOAD4(to, from) \
    do { \
        uint4 quad_ = vload4(0, from); \
        (to)[0] = quad_.x, (to)[1] = quad_.y, (to)[2] = quad_.z, (to)[3] = quad_.w; \
    } while (0)
#define STORE4(to, from) vstore4((uint4)((from)[0], (from)[1], (from)[2], (from)[3]), 0, to)
#elif defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define LOAD4(to, from) \
    do { \
        uint4 quad_ = *(const uint4 *)(from); \
        (to)[0] = quad_.x, (to)[1] = quad_.y, (to)[2] = quad_.z, (to)[3] = quad_.w; \
    } while (0)
#define STORE4(to, from) (*(uint4 *)(to) = make_uint4((from)[0], (from)[1], (from)[2], (from)[3]))
#else
#define LOAD4(to, from) \
    do { \
        for (int i_ = 0; i_ < 4; i_++) (to)[i_] = (from)[i_]; \
    } while (0)
#define STORE4(to, from) LOAD4(to, from)
#endif

/* NVIDIA's compilers take PTX, which has a carry flag; -DEMULATE_PTX gives the same text in C, for tests. */
#if (defined(__NV_CL_C_VERSION) || defined(__CUDACC__) || defined(__CUDACC_RTC__)) && !defined(NO_PTX)
#define CARRY_CHAINS 1
#elif defined(EMULATE_PTX)
#define CARRY_CHAINS 1
#else
#define CARRY_CHAINS 0
#endif

/* Before the short loops over limbs, which must disappear: gcc leaves some of them at -O2. NO_UNROLL: before loops that GPU
 * compilers must not unroll, lest they take minutes. UNROLL_LONG: before loops of long bodies, which must disappear on GPUs,
 * where an array is in registers only then; on a CPU (VL_ON_CPU: OpenCL's) they would but compile longer. UNROLL_ROUNDS: the
 * same, and compilers for CPUs do as they like. */
#if defined(__OPENCL_VERSION__) || defined(__CUDACC__)
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#elif defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 16")
#define NO_UNROLL
#else
#define UNROLL
#define NO_UNROLL
#endif
#if defined(VL_ON_CPU)
#define UNROLL_LONG NO_UNROLL
#else
#define UNROLL_LONG UNROLL
#endif
#if (defined(__OPENCL_VERSION__) || defined(__CUDACC__)) && !defined(VL_ON_CPU)
#define UNROLL_ROUNDS UNROLL
#else
#define UNROLL_ROUNDS
#endif

/* A hint, never a need. */
#if defined(__GNUC__) && !defined(__CUDACC__) && !defined(__OPENCL_VERSION__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)0)
#endif

#if defined(VERIFY) && !defined(__OPENCL_VERSION__) && !defined(__CUDACC__)
#include <stdio.h>
#include <stdlib.h>
#define VERIFY_CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: bound broken: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)
#else
#define VERIFY_CHECK(condition) ((void)0)
#endif

#endif
