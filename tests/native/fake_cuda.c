/* libcuda.so.1 without a GPU: the part of CUDA's driver API that numba-cuda and cuda.core use, for tests. Memory is the
 * host's; a kernel is its text as plain C (tests/fake_cuda.py), run thread by thread.
 *
 * It is as mean as the API allows. Work on a stream is not done before something has to wait for it, and then no more of
 * it than that needs; a copy reads pinned memory when it is done, not when it is asked for. With FAKE_CUDA_SEED set, calls
 * also do some work of any stream, by chance. Numbers of errors and attributes are CUDA's (cuda.h).
 *
 * FAKE_CUDA_PROGRAMS: a folder with the kernels of every image that may be loaded (fake_cuda_name). FAKE_CUDA_BROKEN=name:
 * that function fails. FAKE_CUDA_VERSION: of the driver, 13000 if unset. FAKE_CUDA_DEVICES: 1 if unset. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NO_DEVICE = 100, BAD_DEVICE = 101, NOT_AN_IMAGE = 200, NO_CONTEXT = 201 };
enum { NO_IMAGE = 209, NOT_FOUND = 500, NOT_READY = 600, TOO_MUCH = 701, LAUNCH_FAILED = 719, NOT_SUPPORTED = 801 };
enum { UNKNOWN = 999 };

#include "fake_cuda_memory.h"

#define MOST_ARGUMENTS 16

typedef uint64_t u64;
typedef struct {
    void *so;
} library;
typedef void kernel_run(unsigned lanes, void **arguments);
typedef struct {
    kernel_run *run;
    const size_t *sizes;
} kernel;
typedef struct stream stream;
typedef struct {
    enum { COPY, FILL, RUN, WAIT } kind;
    unsigned char *to;
    const unsigned char *from; /* of a WAIT: the stream */
    size_t size;               /* of a RUN: threads; of a WAIT: how far */
    unsigned char byte;
    const kernel *what;
    u64 arguments[MOST_ARGUMENTS];
} work;
struct stream {
    work *works;
    size_t count, done, room;
    stream *next;
};
typedef struct {
    stream *on;
    size_t until;
} event;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static stream *streams;
static u64 chance;
static char context_of_all;
static _Thread_local int depth;

static int broken(const char *name) {
    const char *wanted = getenv("FAKE_CUDA_BROKEN");
    return wanted && !strcmp(wanted, name);
}

static int setting(const char *name, int otherwise) {
    const char *given = getenv(name);
    return given ? atoi(given) : otherwise;
}

/* ---- Work ---- */

static int do_until(stream *s, size_t until);

static void do_one(work *w) {
    if (w->kind == COPY) memmove(w->to, w->from, w->size);
    if (w->kind == FILL) memset(w->to, w->byte, w->size);
    if (w->kind == WAIT) do_until((stream *)w->from, w->size);
    if (w->kind == RUN) {
        void *arguments[MOST_ARGUMENTS];
        for (int i = 0; i < MOST_ARGUMENTS; i++) arguments[i] = w->arguments + i;
        w->what->run((unsigned)w->size, arguments);
        for (block *b = blocks; b; b = b->next) check(b);
    }
}

static int do_until(stream *s, size_t until) {
    while (s->done < until) {
        work w = s->works[s->done];
        do_one(&w);
        s->done++;
    }
    return OK;
}

static int do_all(void) {
    for (stream *s = streams; s; s = s->next) do_until(s, s->count);
    return OK;
}

static void do_some(void) {
    if (!getenv("FAKE_CUDA_SEED")) return;
    if (!chance) chance = 2 * (u64)setting("FAKE_CUDA_SEED", 1) + 1;
    for (stream *s = streams; s; s = s->next) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        if (chance >> 62 == 0 && s->done < s->count) do_until(s, s->done + 1 + (chance >> 40) % (s->count - s->done));
    }
}

static int ask(stream *s, work w) {
    if (s->count == s->room) s->works = realloc(s->works, (s->room = 2 * s->room + 16) * sizeof w);
    s->works[s->count++] = w;
    do_some();
    return OK;
}

static int copy(stream *s, void *to, const void *from, size_t size) {
    block *b = block_of(to, size), *a = block_of(from, size);
    if (!a && !b) return INVALID;
    int r = ask(s, (work){.kind = COPY, .to = to, .from = from, .size = size});
    if (!a || !b) do_until(s, s->count); /* memory that is not pinned: done at once */
    return r;
}

/* ---- The API ---- */

#define LOCKED(call) \
    if (broken(__func__)) return UNKNOWN; \
    pthread_mutex_lock(&lock); \
    const int result = (call); \
    pthread_mutex_unlock(&lock); \
    return result

static int given(int *to, int value) { return *to = value, OK; }

int cuInit(unsigned flags) {
    if (flags || broken(__func__)) return UNKNOWN;
    return setting("FAKE_CUDA_DEVICES", 1) ? OK : NO_DEVICE;
}

int cuDriverGetVersion(int *version) { return given(version, setting("FAKE_CUDA_VERSION", 13000)); }

/* NVRTC asks for it, and goes on without. */
int cuGetExportTable(const void **table, const void *id) { return (void)id, *table = NULL, NOT_SUPPORTED; }

int cuGetErrorName(int error, const char **text) {
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {INVALID, "CUDA_ERROR_INVALID_VALUE"}, {NO_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},   {NO_IMAGE, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},   {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
        {UNKNOWN, "CUDA_ERROR_UNKNOWN"},
    };
    *text = "CUDA_ERROR";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == error) *text = names[i].name;
    return OK;
}

int cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }

int cuDeviceGetCount(int *count) { return broken(__func__) ? UNKNOWN : given(count, setting("FAKE_CUDA_DEVICES", 1)); }

int cuDeviceGet(int *device, int number) {
    return number < setting("FAKE_CUDA_DEVICES", 1) ? given(device, number) : BAD_DEVICE;
}

int cuDeviceGetName(char *name, int room, int device) { return snprintf(name, room, "plain C, no GPU %d", device), OK; }

int cuDeviceGetUuid_v2(unsigned char uuid[16], int device) { return memset(uuid, device, 16), OK; }

int cuDeviceTotalMem_v2(size_t *size, int device) { return (void)device, *size = MEMORY, OK; }

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    enum { THREADS_OF_A_BLOCK = 1, BLOCK_X = 2, GRID_Z = 7, WARP = 10, MULTIPROCESSORS = 16, MAJOR = 75 };
    (void)device;
    *value = 0;
    if (attribute == THREADS_OF_A_BLOCK || (attribute >= BLOCK_X && attribute <= GRID_Z)) *value = 1024;
    if (attribute == WARP) *value = 32;
    if (attribute == MULTIPROCESSORS) *value = 2;
    if (attribute == MAJOR) *value = setting("FAKE_CUDA_MAJOR", 9);
    return OK;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    (void)device;
    if (broken(__func__)) return NO_MEMORY;
    return *context = &context_of_all, OK;
}

int cuDevicePrimaryCtxRelease_v2(int device) { return (void)device, OK; }

int cuDevicePrimaryCtxReset_v2(int device) { return (void)device, OK; }

int cuCtxGetCurrent(void **context) { return *context = depth ? &context_of_all : NULL, OK; }

int cuCtxSetCurrent(void *context) {
    if (!context) depth = 0;
    else if (!depth) depth = 1;
    return OK;
}

int cuCtxPushCurrent_v2(void *context) { return (void)context, depth++, OK; }

int cuCtxPopCurrent_v2(void **context) {
    if (!depth) return NO_CONTEXT;
    return depth--, *context = &context_of_all, OK;
}

int cuCtxGetDevice(int *device) { return depth ? given(device, 0) : NO_CONTEXT; }

int cuCtxSynchronize(void) { LOCKED(do_all()); }

int cuMemGetInfo_v2(size_t *left, size_t *all) { return *left = MEMORY - used, *all = MEMORY, OK; }

int cuMemAlloc_v2(void **start, size_t size) { LOCKED(lend(start, size, 0)); }

int cuMemHostAlloc(void **start, size_t size, unsigned flags) { LOCKED(((void)flags, lend(start, size, 1))); }

int cuMemFree_v2(void *start) { LOCKED((do_all(), take_back(start))); }

int cuMemFreeHost(void *start) { LOCKED((do_all(), take_back(start))); }

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t n, stream *s) { LOCKED(copy(s, to, from, n)); }

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t n, stream *s) { LOCKED(copy(s, to, from, n)); }

int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t n, stream *s) {
    LOCKED(block_of(to, n) && block_of(from, n) ? copy(s, to, from, n) : INVALID);
}

int cuMemsetD8Async(void *to, unsigned char byte, size_t n, stream *s) {
    LOCKED(block_of(to, n) ? ask(s, (work){.kind = FILL, .to = to, .byte = byte, .size = n}) : INVALID);
}

static int new_stream(stream **s) {
    *s = calloc(1, sizeof **s);
    (*s)->next = streams, streams = *s;
    return OK;
}

int cuStreamCreate(stream **s, unsigned flags) { LOCKED(((void)flags, new_stream(s))); }

/* Its memory stays: events refer to it. */
int cuStreamDestroy_v2(stream *s) { LOCKED(do_until(s, s->count)); }

int cuStreamSynchronize(stream *s) { LOCKED(do_until(s, s->count)); }

int cuStreamWaitEvent(stream *s, event *e, unsigned flags) {
    (void)flags;
    LOCKED(e->on ? ask(s, (work){.kind = WAIT, .from = (void *)e->on, .size = e->until}) : OK);
}

int cuEventCreate(event **e, unsigned flags) { LOCKED(((void)flags, (*e = calloc(1, sizeof **e)) ? OK : NO_MEMORY)); }

int cuEventDestroy_v2(event *e) { return free(e), OK; }

int cuEventRecord(event *e, stream *s) { LOCKED((*e = (event){s, s->count}, OK)); }

int cuEventQuery(event *e) { LOCKED((do_some(), !e->on || e->on->done >= e->until ? OK : NOT_READY)); }

int cuEventSynchronize(event *e) { LOCKED(e->on ? do_until(e->on, e->until) : OK); }

/* ---- Kernels ---- */

/* The name of an image, made of all its bytes (ELF: the tables of sections and of segments are last). */
void fake_cuda_name(char name[17], const unsigned char *image) {
    u64 phoff, shoff, hash = 14695981039346656037u;
    uint16_t sizes[4];
    memcpy(&phoff, image + 32, 8);
    memcpy(&shoff, image + 40, 8);
    memcpy(sizes, image + 54, 8);
    const u64 segments = phoff + sizes[0] * sizes[1], sections = shoff + sizes[2] * sizes[3];
    for (u64 i = 0; i < (segments > sections ? segments : sections); i++) hash = (hash ^ image[i]) * 1099511628211u;
    snprintf(name, 17, "%016llx", (unsigned long long)hash);
}

int cuLibraryLoadData(library **loaded, const void *image, void *jit_options, void *jit_values, unsigned jit_count,
                      void *options, void *values, unsigned count) {
    char name[17], path[4096];
    (void)jit_options, (void)jit_values, (void)jit_count, (void)options, (void)values, (void)count;
    if (broken(__func__)) return NO_IMAGE;
    if (memcmp(image, "\177ELF", 4)) return NOT_AN_IMAGE;
    fake_cuda_name(name, image);
    snprintf(path, sizeof path, "%s/%s.so", getenv("FAKE_CUDA_PROGRAMS"), name);
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so) return NO_IMAGE;
    *loaded = malloc(sizeof **loaded);
    (*loaded)->so = so;
    return OK;
}

int cuLibraryUnload(library *loaded) { return free(loaded), OK; }

int cuLibraryGetKernel(kernel **k, library *from, const char *name) {
    char symbol[256];
    kernel found;
    snprintf(symbol, sizeof symbol, "run_%s", name);
    *(void **)&found.run = dlsym(from->so, symbol);
    snprintf(symbol, sizeof symbol, "sizes_%s", name);
    found.sizes = dlsym(from->so, symbol);
    if (!found.run || !found.sizes) return NOT_FOUND;
    *k = malloc(sizeof **k);
    **k = found;
    return OK;
}

int cuKernelGetAttribute(int *value, int attribute, kernel *k, int device) {
    (void)k, (void)device;
    return given(value, attribute == 0 ? 1024 : 0);
}

int cuKernelGetFunction(void **function, kernel *k) { return *function = k, OK; }

int cuKernelGetParamInfo(kernel *k, size_t index, size_t *offset, size_t *size) {
    size_t i = 0;
    while (k->sizes[i] && i < index) i++;
    if (!k->sizes[i]) return INVALID;
    *offset = 8 * i;
    if (size) *size = k->sizes[i];
    return OK;
}

static int start(kernel *k, const unsigned grid[3], const unsigned block[3], stream *s, void **arguments) {
    work w = {.kind = RUN, .size = (size_t)grid[0] * block[0], .what = k};
    if (grid[1] * grid[2] * block[1] * block[2] != 1 || !grid[0] || !block[0]) return INVALID;
    if (block[0] > 1024) return TOO_MUCH;
    if (broken("launch")) return LAUNCH_FAILED;
    for (int i = 0; k->sizes[i]; i++) memcpy(w.arguments + i, arguments[i], k->sizes[i]);
    return ask(s, w);
}

typedef struct {
    unsigned grid[3], block[3], shared;
    stream *on;
    void *attributes;
    unsigned count;
} launch_config;

int cuLaunchKernelEx(const launch_config *config, kernel *k, void **arguments, void **extra) {
    LOCKED(((void)extra, start(k, config->grid, config->block, config->on, arguments)));
}

int cuLaunchKernel(kernel *k, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned shared, stream *s, void **arguments, void **extra) {
    const launch_config config = {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, s, NULL, 0};
    return cuLaunchKernelEx(&config, k, arguments, extra);
}

/* Everything else is missing. */
int cuGetProcAddress_v2(const char *symbol, void **function, int version, u64 flags, int *status) {
    static const char *const suffixes[] = {"_v2", ""};
    char name[256];
    (void)version, (void)flags;
    *function = NULL;
    for (int i = 0; i < 2 && !*function; i++) {
        snprintf(name, sizeof name, "%s%s", symbol, suffixes[i]);
        *function = dlsym(RTLD_DEFAULT, name);
    }
    if (status) *status = *function ? 0 : 1;
    return *function ? OK : NOT_FOUND;
}
