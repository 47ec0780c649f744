#include "merkle/trie_node.h"

#include "merkle/hex_prefix.h"
#include "merkle/rlp.h"

#define WIDTH 16
#define BRANCH_ITEMS (WIDTH + 1)
#define SHORT_ITEMS 2 /* a leaf's, an extension's */

typedef struct {
    rlp_item item[BRANCH_ITEMS];
    int count; /* BRANCH_ITEMS or SHORT_ITEMS */
} node_items;

/* Takes a node apart; 0 if it is no list of so many items in RLP's only form. */
static int open_node(node_items *items, vl_bytes node) {
    rlp_item list;
    if (!rlp_take(&list, &node) || node.length || !list.is_list) return 0;
    for (items->count = 0; list.body.length; items->count++)
        if (items->count == BRANCH_ITEMS || !rlp_take(&items->item[items->count], &list.body)) return 0;
    return items->count == BRANCH_ITEMS || items->count == SHORT_ITEMS;
}

/* An embedded node is at least two bytes shorter than the one around it (a list's header, a path), so that this is 15 calls
 * deep at most. */
static int is_reference(const rlp_item *item) {
    if (!item->is_list) return item->body.length == VL_TRIE_HASH;
    return item->whole.length < VL_TRIE_HASH && vl_trie_is_node(item->whole);
}

static int is_branch(const node_items *items) {
    for (int i = 0; i < WIDTH; i++) {
        const rlp_item *item = &items->item[i];
        const int is_empty = !item->is_list && item->body.length == 0;
        if (!is_empty && !is_reference(item)) return 0;
    }
    return !items->item[WIDTH].is_list;
}

static int is_short(const node_items *items) {
    const rlp_item *path = &items->item[0], *second = &items->item[1];
    if (path->is_list || !hp_is_path(path->body)) return 0;
    if (hp_is_leaf(path->body)) return !second->is_list && second->body.length > 0;
    return hp_length(path->body) > 0 && is_reference(second);
}

int vl_trie_is_node(vl_bytes node) {
    node_items items;
    if (!open_node(&items, node)) return 0;
    return items.count == BRANCH_ITEMS ? is_branch(&items) : is_short(&items);
}

/* Whether the key goes on with this path; if so, puts it behind. */
static int goes_along(vl_trie_path *path, vl_bytes encoded) {
    const size_t start = hp_start(encoded), length = hp_length(encoded);
    if (length > path->nibbles - path->at) return 0;
    for (size_t i = 0; i < length; i++)
        if (nibble_at(encoded.data, start + i) != nibble_at(path->key, path->at + i)) return 0;
    path->at += length;
    return 1;
}

static enum vl_trie_step value_found(vl_trie_path *path, const rlp_item *value) {
    path->found = value->body;
    return value->body.length ? VL_TRIE_VALUE : VL_TRIE_ABSENT;
}

enum vl_trie_step vl_trie_follow(vl_trie_path *path, vl_bytes node) {
    for (;;) { /* each node is embedded in the one before it, hence shorter */
        node_items items;
        const rlp_item *child = &items.item[1];
        if (!open_node(&items, node)) return VL_TRIE_ABSENT; /* never, as required */
        if (items.count == BRANCH_ITEMS) {
            if (path->at == path->nibbles) return value_found(path, &items.item[WIDTH]);
            child = &items.item[nibble_at(path->key, path->at++)];
            if (!child->is_list && child->body.length == 0) return VL_TRIE_ABSENT;
        } else {
            if (!goes_along(path, items.item[0].body)) return VL_TRIE_ABSENT;
            if (hp_is_leaf(items.item[0].body))
                return path->at == path->nibbles ? value_found(path, child) : VL_TRIE_ABSENT;
        }
        if (!child->is_list) {
            path->found = child->body;
            return VL_TRIE_NODE;
        }
        node = child->whole;
    }
}
