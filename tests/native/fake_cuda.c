/* libcuda.so.1 without a GPU: the part of CUDA's driver API that numba-cuda and cuda.core use, for tests. Memory is the
 * host's; a kernel is its text as plain C (tests/fake_cuda.py), run thread by thread.
 *
 * It is as mean as the API allows. Work on a stream is not done before something has to wait for it, and then no more of
 * it than that needs; a copy reads pinned memory when it is done, not when it is asked for. With FAKE_CUDA_SEED set, calls
 * also do some work of any stream, by chance. New memory is filled with a5, and so is what lies behind its end, which must
 * stay so. Numbers of errors and attributes are CUDA's (cuda.h).
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

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NO_DEVICE = 100, BAD_DEVICE = 101, NO_IMAGE = 209, NOT_FOUND = 500 };
enum { NOT_READY = 600, TOO_MUCH = 701, LAUNCH_FAILED = 719, NOT_SUPPORTED = 801, UNKNOWN = 999 };

#define GUARD 64
#define MEMORY ((size_t)1 << 30)
#define MOST_ARGUMENTS 16

typedef uint64_t u64;
typedef struct block {
    unsigned char *start;
    size_t size;
    int pinned;
    struct block *next;
} block;
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
static block *blocks;
static stream *streams;
static size_t used;
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

/* ---- Memory ---- */

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

/* ---- Work ---- */

static void do_until(stream *s, size_t until);

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

static void do_until(stream *s, size_t until) {
    while (s->done < until) {
        work w = s->works[s->done];
        do_one(&w);
        s->done++;
    }
}

static void do_all(void) {
    for (stream *s = streams; s; s = s->next) do_until(s, s->count);
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

#define API __attribute__((visibility("default"))) int
#define BEGIN \
    if (broken(__func__)) return UNKNOWN; \
    pthread_mutex_lock(&lock);
#define END(r) \
    { \
        int r_ = (r); \
        pthread_mutex_unlock(&lock); \
        return r_; \
    }

API cuInit(unsigned flags) { return flags || broken("cuInit") ? UNKNOWN : setting("FAKE_CUDA_DEVICES", 1) ? OK : NO_DEVICE; }
API cuGetExportTable(const void **table, const void *id) { return (void)id, *table = NULL, NOT_SUPPORTED; } /* for NVRTC */
API cuDriverGetVersion(int *version) { return *version = setting("FAKE_CUDA_VERSION", 13000), OK; }
API cuGetErrorName(int error, const char **text) {
    static const struct {
        int number;
        const char *name;
    } names[] = {{INVALID, "CUDA_ERROR_INVALID_VALUE"},     {NO_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
                 {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},       {NO_IMAGE, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
                 {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},       {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
                 {UNKNOWN, "CUDA_ERROR_UNKNOWN"}};
    *text = "CUDA_ERROR";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == error) *text = names[i].name;
    return OK;
}
API cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }

API cuDeviceGetCount(int *count) { return broken(__func__) ? UNKNOWN : (*count = setting("FAKE_CUDA_DEVICES", 1), OK); }
API cuDeviceGet(int *device, int number) {
    return number < setting("FAKE_CUDA_DEVICES", 1) ? (*device = number, OK) : BAD_DEVICE;
}
API cuDeviceGetName(char *name, int room, int device) { return snprintf(name, room, "plain C, no GPU %d", device), OK; }
API cuDeviceGetUuid_v2(unsigned char uuid[16], int device) { return memset(uuid, device, 16), OK; }
API cuDeviceTotalMem_v2(size_t *size, int device) { return (void)device, *size = MEMORY, OK; }
API cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    switch (attribute) {
    case 1: return *value = 1024, OK; /* threads of a block */
    case 10: return *value = 32, OK;  /* of a warp */
    case 16: return *value = 2, OK;   /* multiprocessors */
    case 75: return *value = setting("FAKE_CUDA_MAJOR", 9), OK;
    case 2: case 3: case 4: case 5: case 6: case 7: return *value = 1024, OK;
    default: return *value = 0, OK;
    }
}
API cuDevicePrimaryCtxRetain(void **context, int device) {
    (void)device;
    return broken(__func__) ? NO_MEMORY : (*context = &context_of_all, OK);
}
API cuDevicePrimaryCtxRelease_v2(int device) { return (void)device, OK; }
API cuDevicePrimaryCtxReset_v2(int device) { return (void)device, OK; }
API cuCtxGetCurrent(void **context) { return *context = depth ? &context_of_all : NULL, OK; }
API cuCtxSetCurrent(void *context) { return depth = context ? depth ? depth : 1 : 0, OK; }
API cuCtxPushCurrent_v2(void *context) { return (void)context, depth++, OK; }
API cuCtxPopCurrent_v2(void **context) { return depth ? (depth--, *context = &context_of_all, OK) : 201; }
API cuCtxGetDevice(int *device) { return depth ? (*device = 0, OK) : 201; }
API cuCtxSynchronize(void) { BEGIN do_all(); END(OK) }

API cuMemGetInfo_v2(size_t *left, size_t *all) { return *left = MEMORY - used, *all = MEMORY, OK; }
API cuMemAlloc_v2(void **start, size_t size) { BEGIN END(lend(start, size, 0)) }
API cuMemHostAlloc(void **start, size_t size, unsigned flags) { BEGIN(void) flags; END(lend(start, size, 1)) }
API cuMemFree_v2(void *start) { BEGIN do_all(); END(take_back(start)) }
API cuMemFreeHost(void *start) { BEGIN do_all(); END(take_back(start)) }
API cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t n, stream *s) { BEGIN END(copy(s, to, from, n)) }
API cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t n, stream *s) { BEGIN END(copy(s, to, from, n)) }
API cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t n, stream *s) {
    BEGIN
    if (!block_of(to, n) || !block_of(from, n)) END(INVALID)
    END(copy(s, to, from, n))
}
API cuMemsetD8Async(void *to, unsigned char byte, size_t n, stream *s) {
    BEGIN
    if (!block_of(to, n)) END(INVALID)
    END(ask(s, (work){.kind = FILL, .to = to, .byte = byte, .size = n}))
}

API cuStreamCreate(stream **s, unsigned flags) {
    BEGIN
    (void)flags;
    *s = calloc(1, sizeof **s);
    (*s)->next = streams, streams = *s;
    END(OK)
}
API cuStreamDestroy_v2(stream *s) { BEGIN do_until(s, s->count); END(OK) } /* its memory stays: events refer to it */
API cuStreamSynchronize(stream *s) { BEGIN do_until(s, s->count); END(OK) }
API cuStreamQuery(stream *s) { BEGIN do_some(); END(s->done == s->count ? OK : NOT_READY) }
API cuStreamWaitEvent(stream *s, event *e, unsigned flags) {
    BEGIN
    (void)flags;
    END(e->on ? ask(s, (work){.kind = WAIT, .from = (void *)e->on, .size = e->until}) : OK)
}
API cuEventCreate(event **e, unsigned flags) { BEGIN(void) flags; END((*e = calloc(1, sizeof **e)) ? OK : NO_MEMORY) }
API cuEventDestroy_v2(event *e) { return free(e), OK; }
API cuEventRecord(event *e, stream *s) { BEGIN e->on = s, e->until = s->count; END(OK) }
API cuEventQuery(event *e) { BEGIN do_some(); END(!e->on || e->on->done >= e->until ? OK : NOT_READY) }
API cuEventSynchronize(event *e) {
    BEGIN
    if (e->on) do_until(e->on, e->until);
    END(OK)
}

/* ---- Kernels ---- */

/* The name of an image, made of all its bytes (ELF: the tables of sections and of segments are last). */
__attribute__((visibility("default"))) void fake_cuda_name(char name[17], const unsigned char *image) {
    u64 phoff, shoff, hash = 14695981039346656037u;
    uint16_t sizes[4];
    memcpy(&phoff, image + 32, 8);
    memcpy(&shoff, image + 40, 8);
    memcpy(sizes, image + 54, 8);
    const u64 segments = phoff + sizes[0] * sizes[1], sections = shoff + sizes[2] * sizes[3];
    for (u64 i = 0; i < (segments > sections ? segments : sections); i++) hash = (hash ^ image[i]) * 1099511628211u;
    snprintf(name, 17, "%016llx", (unsigned long long)hash);
}

API cuLibraryLoadData(library **loaded, const unsigned char *image, void *a, void *b, unsigned c, void *d, void *e, unsigned f) {
    char name[17], path[4096];
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    if (broken(__func__)) return NO_IMAGE;
    if (memcmp(image, "\177ELF", 4)) return 200;
    fake_cuda_name(name, image);
    snprintf(path, sizeof path, "%s/%s.so", getenv("FAKE_CUDA_PROGRAMS"), name);
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so) return NO_IMAGE;
    *loaded = malloc(sizeof **loaded);
    (*loaded)->so = so;
    return OK;
}
API cuLibraryUnload(library *loaded) { return free(loaded), OK; }
API cuLibraryGetKernel(kernel **k, library *from, const char *name) {
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
API cuKernelGetAttribute(int *value, int attribute, kernel *k, int device) {
    (void)k, (void)device;
    return *value = attribute == 0 ? 1024 : 0, OK;
}
API cuKernelGetFunction(void **function, kernel *k) { return *function = k, OK; }
API cuKernelGetParamInfo(kernel *k, size_t index, size_t *offset, size_t *size) {
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

API cuLaunchKernel(kernel *k, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   stream *s, void **arguments, void **extra) {
    BEGIN
    (void)shared, (void)extra;
    END(start(k, (unsigned[]){gx, gy, gz}, (unsigned[]){bx, by, bz}, s, arguments))
}
typedef struct {
    unsigned grid[3], block[3], shared;
    stream *on;
    void *attributes;
    unsigned count;
} launch_config;
API cuLaunchKernelEx(const launch_config *config, kernel *k, void **arguments, void **extra) {
    BEGIN
    (void)extra;
    END(start(k, config->grid, config->block, config->on, arguments))
}

/* Everything else is missing. */
API cuGetProcAddress_v2(const char *symbol, void **function, int version, u64 flags, int *status) {
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
API cuGetProcAddress(const char *symbol, void **function, int version, u64 flags) {
    return cuGetProcAddress_v2(symbol, function, version, flags, NULL);
}
