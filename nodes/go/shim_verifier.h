/* C's verifier for cgo: its structs are filled here, on C's stack. A key of no bytes is one, whatever its pointer: to C no
 * pointer would mean that an SM2 signature brings its own key. */
#include <verilane_verifier.h>

static inline int go_verifier_create(vl_verifier **verifier, int32_t threads, uint64_t items, int64_t cache) {
    vl_verifier_options options;
    vl_verifier_defaults(&options);
    options.threads = threads;
    for (int i = 0; items && i < VL_PRIORITIES; i++) options.items[i] = items;
    if (cache) options.cache_items = cache < 0 ? 0 : (uint64_t)cache;
    return vl_verifier_create(verifier, &options);
}

static inline int go_verifier_submit(vl_verifier *verifier, uint64_t *ticket, uint64_t tag, int32_t scheme, int32_t option,
                                     uint32_t flags, int32_t priority, uint64_t source, int64_t timeout_us,
                                     const uint8_t *user_id, size_t user_id_size, const uint8_t *key, size_t key_size,
                                     const uint8_t *signature, size_t signature_size, const uint8_t *message,
                                     size_t message_size) {
    const vl_request request = {scheme, option, flags, priority, source, timeout_us, user_id, user_id_size};
    static const uint8_t none;
    return vl_verifier_submit(verifier, ticket, tag, &request, key ? key : &none, key_size, signature, signature_size,
                              message, message_size);
}
