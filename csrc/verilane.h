/* Verilane's C ABI: many signatures verified at once, messages and Merkle trees hashed in lanes.
 *
 * Everything here handles PUBLIC data only: nothing is constant time. Never give it a secret. It does not sign and holds no
 * keys.
 *
 *     void *scratch = malloc(vl_scratch_size());                       // once per thread
 *     vl_column keys = {.data = k, .width = 32}, signatures = {.data = s, .width = 64}, messages = {.data = m, .width = 32};
 *     int error = vl_ed25519_verify(verdicts, n, &keys, &signatures, &messages, VL_ED25519_ZIP215, 0, seed,
 *                                   VL_ISA_AUTO, scratch, vl_scratch_size());
 *     if (error == VL_SUCCESS && verdicts[i] == VL_OK) ...             // one verdict per item, in order
 *
 * Flags for the compiler: `pkg-config --cflags --libs verilane`, or `python3 -m verilane.clib --cflags --libs`.
 *
 * Conventions
 *   1. Results come first, then inputs; the number of items `n` follows the results. n = 0 is allowed.
 *   2. A call returns VL_SUCCESS or a negative error; an error is the caller's mistake (a NULL, an unknown ISA,
 *      too little scratch), never a property of an item. What is wrong inside an item is that item's verdict. After an error
 *      no verdict means anything.
 *   3. No call allocates, starts a thread or keeps a pointer; none waits, except that calls which come while the table of
 *      a curve is being made (some milliseconds, once) wait for it. The caller lends `scratch` (vl_scratch_size() bytes,
 *      any alignment); calls may run at once in any number of threads if their scratch and their results differ, and after
 *      a fork in both processes.
 *   4. Integers inside keys, signatures and digests are big-endian, as the standards write them.
 *   5. Rules are arguments. The default (0) of each is the standard's own; README says which chain uses which.
 *
 * The text between the VL_CDEF marks is also what cffi reads: declarations only, no preprocessor.
 */
#ifndef VERILANE_H
#define VERILANE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* VL_CDEF_BEGIN */

/* ---- What this header belongs to ----
 *
 * The major number changes when a program that was compiled before would misread something; the shared library has it in
 * its name, libverilane.so.1. The minor one grows with what is added. */
enum { VL_ABI_MAJOR = 1, VL_ABI_MINOR = 0 };

/* Of the library that is loaded: 65536 * major + minor. The program may go on if the major number is the header's and the
 * minor one is not below it. */
int vl_abi_version(void);

/* ---- Verdicts, errors, columns ---- */

/* One verdict per item; these numbers are fixed. When several faults hold, the first in this order is given. */
enum vl_verdict {
    VL_UNDECIDED = 0, /* never returned; what fresh output memory means */
    VL_OK = 1,
    VL_BAD_KEY = 2,       /* not an encoding of a point on the curve */
    VL_BAD_SIGNATURE = 3, /* encoding, range or policy (low-S) */
    VL_BAD_MESSAGE = 4,   /* a digest of a wrong length, or an SM2 user ID that is too long */
    VL_MISMATCH = 5       /* well formed, but the equation does not hold */
};

enum vl_error {
    VL_SUCCESS = 0,
    VL_ERROR_ARGUMENT = -1, /* a required pointer is NULL, or an option is unknown */
    VL_ERROR_ISA = -2,      /* no such ISA, or this machine lacks it */
    VL_ERROR_SCRATCH = -3,  /* scratch is smaller than vl_scratch_size() */
    VL_ERROR_SELFTEST = -4  /* the ISA's known answers came out wrong */
};

const char *vl_verdict_name(int verdict); /* "OK", "BAD_KEY" ...; NULL if there is no such verdict */
const char *vl_error_text(int error);     /* what an error means, for people; NULL if there is no such error */

/* A column of n byte strings, in the caller's memory. Packed when offsets is NULL: item i is the `width` bytes from
 * data[i * stride] on, where stride 0 stands for `width`; another one is for rows that hold more than this column.
 * Ragged otherwise: n + 1 ascending offsets, item i is data[offsets[i] .. offsets[i + 1]); width and stride are ignored. */
typedef struct {
    const uint8_t *data;
    const int64_t *offsets;
    size_t width;
    size_t stride;
} vl_column;

/* For calls that take more than one. */
enum vl_scheme { VL_SECP256K1_ECDSA = 0, VL_P256_ECDSA = 1, VL_SM2 = 2, VL_SECP256K1_SCHNORR = 3, VL_ED25519 = 4 };

/* ---- Instruction sets: one row of the dispatch table each ---- */

enum vl_isa {
    VL_ISA_AUTO = -1,     /* the fastest for this primitive and this n, among those that work here */
    VL_ISA_SCALAR = 0,    /* 64-bit integers, one lane: works everywhere */
    VL_ISA_PORTABLE = 1,  /* 32-bit integers, one lane: the text that GPUs compile */
    VL_ISA_SHA_NI = 2,    /* SHA-256 in four interleaved streams; the rest as in scalar */
    VL_ISA_AVX512 = 3,    /* AVX-512 IFMA: 8 signature lanes, 16 or 8 hash lanes */
    VL_ISA_AVX2 = 4,      /* AVX2 and FMA: 4 signature lanes, 8 or 4 hash lanes */
    VL_ISA_ARM64_SHA2 = 5 /* SHA-256 in two interleaved streams; the rest as in scalar */
};

int vl_isa_count(void);
const char *vl_isa_name(int isa);    /* "scalar", "sha-ni", "arm64-sha2" and so on; NULL if there is no such ISA */
const char *vl_isa_missing(int isa); /* NULL if it works here, else why not, for people */
int vl_isa_signature_lanes(int isa); /* 0 if this ISA has no signature code of its own */
int vl_isa_hash_lanes(int isa);      /* of SHA-256; 0 if this ISA has no hash code of its own */

/* Known answers for every primitive of this ISA: VL_SUCCESS, VL_ERROR_SELFTEST or VL_ERROR_ISA. Milliseconds.
 * The first use of an ISA runs it too (once); an ISA that failed is reported by vl_isa_missing(). */
int vl_selftest(int isa, void *scratch, size_t scratch_size);

/* Bytes of scratch that any call needs, for any ISA and any n. A constant. */
size_t vl_scratch_size(void);

/* ---- secp256k1 ECDSA: SEC 1 v2.0 sections 4.1.4 (verify) and 4.1.6 (recover) ---- */

enum vl_encoding {
    VL_COMPACT = 0, /* r || s, 64 bytes */
    VL_DER = 1,     /* strict DER as BIP 66 defines it (without the sighash byte) */
    VL_DER_LAX = 2, /* what Bitcoin's ecdsa_signature_parse_der_lax takes: historic chain data */
    VL_FISCO = 3    /* SM2 only: r || s || x || y, 128 bytes, with the key appended (FISCO BCOS) */
};

enum vl_flag {
    VL_LOW_S = 1,            /* s > n/2 is VL_BAD_SIGNATURE */
    VL_HYBRID_KEYS = 2,      /* 65-byte keys may start with 06 or 07 (parity must agree) */
    VL_XONLY_KEYS = 4,       /* keys are BIP-340's: 32 bytes */
    VL_PREPARED_KEYS = 8,    /* keys are rows of vl_secp256k1_decode_keys (BIP-340) or vl_ed25519_prepare_keys */
    VL_PARITY_IDS = 16,      /* recover: ids 2 and 3 are VL_BAD_SIGNATURE (Ethereum knows 0 and 1 only) */
    VL_EQUATION_ALWAYS = 32, /* batch equations for the smallest batches too, where they do not pay: for tests */
    VL_SEC1_KEYS = 64,       /* keys of 64 bytes (x, y), which SEC 1 does not know, are VL_BAD_KEY */
    VL_COMPRESSED_KEYS = 128 /* all but keys of 33 bytes are VL_BAD_KEY, VL_SEC1_KEYS or not */
};

/* keys: 33, 65 or 64 bytes (x || y) each, mixed at will; digests: 32 bytes each, else VL_BAD_MESSAGE.
 * A digest is taken as an integer and reduced mod n. */
int vl_secp256k1_ecdsa_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                              const vl_column *digests, int encoding, unsigned flags, int isa, void *scratch,
                              size_t scratch_size);

/* The same over P-256 (FIPS 186-5, SEC 2 v2.0 section 2.4.2). */
int vl_p256_ecdsa_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                         const vl_column *digests, int encoding, unsigned flags, int isa, void *scratch,
                         size_t scratch_size);

/* signatures: 65 bytes, r || s || id with id 0..3 (bit 0: parity of R.y; bit 1: R.x = r + n).
 * keys64: n rows x || y, zero where the verdict is not VL_OK. No point from (r, id), or Q = O: VL_BAD_SIGNATURE. */
int vl_secp256k1_ecdsa_recover(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_column *signatures,
                               const vl_column *digests, unsigned flags, int isa, void *scratch, size_t scratch_size);

/* ---- secp256k1 Schnorr: BIP-340 ---- */

/* keys: 32 bytes each, x (y is even); signatures: 64 bytes each, r || s; messages: any length. A key is VL_BAD_KEY where
 * lift_x fails, a signature VL_BAD_SIGNATURE where r >= p or s >= n.
 * seed: 32 random bytes, secret and new for each call, or NULL. With a seed, many items are judged by one equation,
 * sum z_i (s_i G - e_i P_i - R_i) = O with R_i = lift_x(r_i) and 128-bit z_i made from the seed: a bad item passes with
 * probability 2^-128 as long as nobody who makes signatures can foresee the seed. Where it fails, bad items are looked for and
 * judged one by one, as they are without a seed. flags: VL_PREPARED_KEYS, VL_EQUATION_ALWAYS. */
int vl_secp256k1_schnorr_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                                const vl_column *messages, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                                size_t scratch_size);

/* Decodes keys once, for many uses: points64 = n rows x || y, zero where the key is none; such a row is VL_BAD_KEY
 * wherever it is used. flags: VL_HYBRID_KEYS, VL_SEC1_KEYS, VL_COMPRESSED_KEYS (ECDSA's keys; verify takes the
 * rows as keys of 64 bytes), or VL_XONLY_KEYS alone (BIP-340's, for VL_PREPARED_KEYS). */
int vl_secp256k1_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                             size_t scratch_size);

/* The same over P-256, flags: VL_HYBRID_KEYS, VL_SEC1_KEYS, VL_COMPRESSED_KEYS; and over SM2's curve, flags: 0. */
int vl_p256_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                        size_t scratch_size);
int vl_sm2_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                       size_t scratch_size);

/* ---- Ed25519: RFC 8032 section 5.1.7 ---- */

/* What is accepted beside the ordinary. S < L always. k is hashed from the bytes as received. */
enum vl_ed25519_rule {
    VL_ED25519_ZIP215 = 0,  /* any A and R that decode, 8 S B = 8 R + 8 k A (Zcash's ZIP 215; CometBFT) */
    VL_ED25519_RFC8032 = 1, /* canonical A and R, S B = R + k A */
    VL_ED25519_OPENSSL = 2, /* any A that decodes, R's bytes are those of S B - k A (OpenSSL, Go) */
    VL_ED25519_STRICT = 3   /* as OPENSSL, and neither A nor R of small order (ed25519-dalek's verify_strict; Solana) */
};

/* keys: 32 bytes each, else VL_BAD_KEY; signatures: 64 bytes each, else VL_BAD_SIGNATURE; messages: any length.
 * VL_BAD_KEY also: A does not decode, or the rule refuses it. VL_BAD_SIGNATURE also: S >= L, or the rule refuses R.
 * An R that the rule does not look at and that does not decode is a VL_MISMATCH.
 * seed: 32 random bytes, secret and new for each call, or NULL. With a seed and under ZIP215, many items are judged by one
 * equation, sum z_i (8 R_i + 8 k_i A_i - 8 S_i B) = O with 128-bit z_i made from the seed: a bad item passes with probability
 * 2^-128 as long as nobody who makes signatures can foresee the seed. Where it fails, items are judged one by one, as they
 * are without a seed. flags: any of VL_EQUATION_ALWAYS and VL_PREPARED_KEYS. */
int vl_ed25519_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                      const vl_column *messages, int rule, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                      size_t scratch_size);

/* Decodes keys once and makes tables of their multiples, for many uses with VL_PREPARED_KEYS, under any rule: rows = n rows
 * of vl_ed25519_prepared_size() bytes, aligned to 8 (to 64 is faster), for any ISA of this machine, opaque. verdicts: VL_OK, or
 * VL_BAD_KEY for a key that does not decode, whose row is VL_BAD_KEY wherever it is used.
 * As keys of vl_ed25519_verify rows come packed, or `offsets` says for each of n items where its row starts: multiples of
 * the size, in any order; a row may be used again and again, and those that are not used cost nothing. */
int vl_ed25519_prepare_keys(uint8_t *rows, uint8_t *verdicts, size_t n, const vl_column *keys, int isa, void *scratch,
                            size_t scratch_size);
size_t vl_ed25519_prepared_size(void); /* 6400 */

/* ---- SM2: GB/T 32918.2-2016 section 7.1 ---- */

/* keys: 33, 65 or 64 bytes (x || y) each, mixed at will; messages: any length, signed by e = SM3(ZA || message).
 * user_ids: n items, or a single one for all if one_user_id; an ID of more than 8191 bytes is VL_BAD_MESSAGE. Where
 * user_ids is NULL messages are the digests e themselves: 32 bytes each, else VL_BAD_MESSAGE, taken mod n.
 * encoding: VL_COMPACT, VL_DER or VL_FISCO. VL_FISCO: an appended key that differs from the one in keys is VL_BAD_KEY;
 * where keys is NULL the appended one counts. VL_BAD_SIGNATURE also: (r + s) mod n = 0. There is no low-s rule. */
int vl_sm2_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                  const vl_column *messages, const vl_column *user_ids, int one_user_id, int encoding, int isa,
                  void *scratch, size_t scratch_size);

/* ---- Hashes ---- */

enum vl_hash {
    VL_SHA256 = 0,      /* FIPS 180-4 */
    VL_SHA256D = 1,     /* SHA-256 of SHA-256, as Bitcoin hashes */
    VL_SHA512 = 2,      /* FIPS 180-4 */
    VL_SM3 = 3,         /* GB/T 32905-2016 */
    VL_KECCAK256 = 4,   /* as Ethereum hashes: the Keccak team's padding */
    VL_SHA3_256 = 5,    /* FIPS 202 */
    VL_BLAKE2B_256 = 6, /* RFC 7693, 32 bytes, no key */
    VL_HASH_COUNT
};

int vl_hash_count(void);
const char *vl_hash_name(int hash); /* "sha256" ...; NULL if there is no such hash */
size_t vl_hash_size(int hash);      /* bytes of a digest; 0 if there is no such hash */

/* digests = the digest of every message, vl_hash_size(hash) bytes each. */
int vl_digest(uint8_t *digests, size_t n, const vl_column *messages, int hash, int isa, void *scratch,
              size_t scratch_size);

/* ---- Merkle trees ---- */

enum vl_tree {
    VL_TREE_RFC6962 = 0, /* RFC 6962 section 2.1: leaf SHA-256(00 || leaf), node SHA-256(01 || left || right) */
    VL_TREE_BITCOIN = 1, /* leaves are 32-byte hashes, node double SHA-256, a lone node pairs with itself */
    VL_TREE_PLAIN = 2,   /* as RFC 6962 without prefixes: leaf SHA-256(leaf), node SHA-256(left || right) */
    VL_TREE_SORTED = 3,  /* leaves are 32-byte hashes, node Keccak-256(the smaller child || the larger), a lone node is
                            passed up; there is no empty tree */
    VL_TREE_SSZ = 4, /* leaves are 32-byte chunks, node SHA-256(left || right), zeros fill the tree up to its limit */
    VL_TREE_FISCO2 = 5, /* FISCO BCOS 2: leaves are 32-byte hashes, node Keccak-256 of up to 16 children one after the
                            other (each after its rlp(index) on level 0), root Keccak-256 of the highest node */
    VL_TREE_FISCO3 = 6  /* FISCO BCOS 3.1: leaves are 32-byte hashes, node Keccak-256(left || right), of a lone node
                            Keccak-256(node) */
};

enum vl_leaf_form {
    VL_LEAF_HASHED = 0, /* any bytes */
    VL_LEAF_NODE = 1,   /* 32 bytes, the node on level 0 itself */
    VL_LEAF_INDEXED = 2 /* the same, and hashed after rlp(index) */
};

/* What becomes of a last node that is alone, where others are hashed together. */
enum vl_lone_rule {
    VL_LONE_UP = 0,    /* it is passed up: the split at the largest power of two below n (RFC 6962 section 2.1) */
    VL_LONE_TWICE = 1, /* it is paired with itself */
    VL_LONE_HASH = 2,  /* it is hashed alone (in a tree of width 16: what there is) */
    VL_LONE_ZERO = 3   /* it is paired with the node over zeros; so on up to the level that the limit asks for */
};

typedef struct {
    int hash;                     /* its own: an enum vl_hash */
    int only_hash;                /* 1 if it takes no other */
    int leaf, lone;               /* enum vl_leaf_form, enum vl_lone_rule */
    int width;                    /* children of a node: 2 or 16 */
    int sorted;                   /* 1 if the smaller child comes first: a proof has no index */
    int hashed_top;               /* 1 if the root is the hash of the highest node */
    int leaf_prefix, node_prefix; /* the byte hashed before a leaf, before two nodes; -1 if there is none */
} vl_tree_facts;

int vl_tree_count(void);
const char *vl_tree_name(int tree); /* "rfc6962" ...; NULL if there is no such tree */
int vl_tree_describe(vl_tree_facts *facts, int tree);

/* The hash of a tree: an enum vl_hash of 32 bytes instead of the kind's own (a Bitcoin tree takes no other), or: */
enum { VL_HASH_OWN = -1 };

/* A tree over `total` leaves (an SSZ tree: chunks up to its limit, `total`) is cut in subtrees of width^height leaves (the
 * last one may be short), so that several threads can each reduce a range of leaves; vl_merkle_root then reduces what they
 * give.
 *
 * vl_merkle_nodes: nodes = those on level `height` (width^height < 2^64) over these n leaves, 32 bytes each; height 0: the
 * leaves' hashes. first: the number of the first leaf, a multiple of width^height; so is n, unless these are the last ones.
 * *mutated is set to 1 (never cleared) when two equal neighbours are paired on a level of a Bitcoin tree
 * (CVE-2012-2459); it may be NULL for other trees. */
int vl_merkle_nodes(uint8_t *nodes, int *mutated, size_t n, const vl_column *leaves, uint64_t first, uint64_t total,
                    int height, int tree, int hash, int isa, void *scratch, size_t scratch_size);

/* root = root of the whole tree from all its n nodes on level `height`. total = 0: the empty tree's root. */
int vl_merkle_root(uint8_t *root, int *mutated, size_t n, const uint8_t *nodes, uint64_t total, int height, int tree,
                   int hash, int isa, void *scratch, size_t scratch_size);

/* root = root of the tree over these n leaves, in one thread: the two calls above in one. limit: of an SSZ tree, how many
 * chunks it may have, n or more; other kinds do not look at it. (OpenZeppelin's StandardMerkleTree arranges leaves in its
 * own way where their number is no power of two; that is the caller's.) */
int vl_merkle_root_of_leaves(uint8_t *root, int *mutated, size_t n, const vl_column *leaves, uint64_t limit, int tree,
                             int hash, int isa, void *scratch, size_t scratch_size);

/* parents = those of n groups of children on level `level`, which is not the highest and has `nodes` nodes. children: n
 * rows of width * 32 bytes; a group at the end of the level has fewer, and what follows them in its row is not looked at.
 * groups: the groups' numbers on that level, or NULL: first, first + 1, ... equal[i] = 1 if two equal neighbours are paired
 * in group i, as above, else 0; it may be NULL for trees other than Bitcoin's. */
int vl_merkle_parents(uint8_t *parents, uint8_t *equal, size_t n, const uint8_t *children, const uint64_t *groups,
                      uint64_t first, uint64_t nodes, int level, int tree, int hash, int isa, void *scratch,
                      size_t scratch_size);

/* Inclusion proofs: leaf i is number indices[i] of a tree with sizes[i] leaves (an SSZ tree: its limit) and one of the
 * roots. roots: n, or one for all (n_roots = 1). A proof is the nodes that are hashed together with the leaf's, level by
 * level from below, on a level from left to right, 32 bytes each (RFC 6962 section 2.1.1 for width 2); in a Bitcoin tree
 * the twin of a lone node is one of them, in an SSZ tree so are the nodes over zeros. Trees with sorted pairs have neither
 * indices nor sizes: they may be NULL. leaf_hashes: 1 if `leaves` are their hashes, where the kind hashes leaves.
 * VL_BAD_KEY: a root that is not 32 bytes long. VL_BAD_SIGNATURE: the index is not below the size, or the proof does not
 * have as many nodes as they ask for (with sorted pairs: is no multiple of 32 bytes or longer than 64 nodes).
 * VL_BAD_MESSAGE: a leaf that is not 32 bytes long, where it is not hashed. VL_MISMATCH: another root. */
int vl_merkle_verify_proofs(uint8_t *verdicts, size_t n, size_t n_roots, const vl_column *roots,
                            const vl_column *leaves, const vl_column *proofs, const uint64_t *indices,
                            const uint64_t *sizes, int leaf_hashes, int tree, int hash, int isa, void *scratch,
                            size_t scratch_size);

/* ---- Ethereum's tries: Yellow Paper, section 4.1 and appendix D ---- */

/* Words of memory per item that a caller lends for the root of an ordered trie. */
enum { VL_TRIE_NODE_WORDS = 6 };

/* Ordered tries: the items' keys are rlp(0), rlp(1), ... in each (transactions, receipts, withdrawals of a block). `starts`:
 * n + 1 ascending numbers; trie t has the items starts[t] .. starts[t + 1], 2^56 at most; none is empty.
 *
 * vl_trie_leaves: nodes = the leaves of items first .. first + n, which `items` begins with; `nodes` has
 * VL_TRIE_NODE_WORDS words for each item of all the tries. Several threads may do a range of items each.
 * vl_trie_roots: roots = the n roots, 32 bytes each, from all leaves of these tries, which are used up; `nodes` begins with
 * those of the first one. An empty trie's root is Keccak-256(80). */
int vl_trie_leaves(uint64_t *nodes, size_t n, const vl_column *items, uint64_t first, size_t tries,
                   const int64_t *starts, int isa, void *scratch, size_t scratch_size);
int vl_trie_roots(uint8_t *roots, size_t n, uint64_t *nodes, const int64_t *starts, int isa, void *scratch,
                  size_t scratch_size);

/* Longest key of a proof whose keys are not hashed. */
enum { VL_TRIE_LONGEST_KEY = 256 };

/* Proofs that keys are in tries with these values, or (where the value is empty) that they are not. roots: n, or one for all
 * (n_roots = 1). A proof is the nodes from the root on that the key's path goes through, those embedded in others excepted:
 * nodes[starts[i] .. starts[i + 1]), n + 1 ascending numbers; no node stands for the one of an empty trie, 80.
 * hash_keys: 1 if the trie's keys are the Keccak-256 of `keys` (state and storage), else 0 (transactions, receipts).
 * memory: bytes that nodes are copied into before anything is decided on them; one, and as many as the longest proof has, at
 * least, else VL_ERROR_SCRATCH.
 * values may be NULL: any value, and none, will do. found (or NULL): 2 n numbers, where in nodes->data each proof's value
 * begins and ends; twice 0 where there is none, or the proof does not hold.
 * VL_BAD_KEY: a root that is not 32 bytes long. VL_BAD_SIGNATURE: a node is not one (RLP or hex-prefix not in their only form,
 * a wrong number of items, a reference that is neither a hash nor an embedded node; below the root: fewer than 32 bytes),
 * or they end before the path does or go on after it. VL_BAD_MESSAGE: a key of more than VL_TRIE_LONGEST_KEY bytes that is
 * not hashed. VL_MISMATCH: a node has another hash than root or parent say, or the value is another one. Whether a trie has
 * the shape that its keys ask for is not looked at: its root vouches for it. */
int vl_trie_verify(uint8_t *verdicts, int64_t *found, size_t n, size_t n_roots, const vl_column *roots,
                   const vl_column *keys, const vl_column *values, const vl_column *nodes, const int64_t *starts,
                   int hash_keys, void *memory, size_t memory_size, int isa, void *scratch, size_t scratch_size);

/* VL_CDEF_END */

#ifdef __cplusplus
}
#endif
#endif
