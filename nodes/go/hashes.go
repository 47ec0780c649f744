package verilane

// Hash is one of those that the engine has.
type Hash int

const (
	SHA256     Hash = iota
	SHA256D         // SHA-256 of SHA-256, as Bitcoin hashes
	SHA512          // FIPS 180-4
	SM3             // GB/T 32905-2016
	Keccak256       // as Ethereum hashes: the Keccak team's padding
	SHA3_256        // FIPS 202
	BLAKE2b256      // RFC 7693, 32 bytes, no key
)

// Digests hashes every message, of any lengths, in lanes.
func Digests(messages [][]byte, hash Hash) ([][]byte, error) {
	size := hashSize(hash)
	if size == 0 {
		return nil, ErrArgument
	}
	if len(messages) == 0 {
		return nil, nil
	}
	out := make([]byte, size*len(messages))
	if err := digests(out, columnOf(messages), hash); err != nil {
		return nil, err
	}
	rows := make([][]byte, len(messages))
	for i := range rows {
		rows[i] = out[size*i : size*(i+1) : size*(i+1)]
	}
	return rows, nil
}

// Tree is a kind of Merkle tree.
type Tree int

const (
	TreeRFC6962     Tree = iota // Certificate Transparency, CometBFT: SHA-256, leaves prefixed by 00, nodes by 01
	TreeBitcoin                 // leaves of 32 bytes, double SHA-256
	TreePlain                   // as RFC 6962 without prefixes
	TreeSortedPairs             // leaves of 32 bytes, Keccak-256, the smaller child first, a lone node is passed up
	TreeSSZ                     // chunks of 32 bytes, SHA-256, zeros up to Limit
	TreeFISCO2                  // FISCO BCOS 2: leaves of 32 bytes, width 16
	TreeFISCO3                  // FISCO BCOS 3.1: leaves of 32 bytes, a lone node is hashed alone
)

// Merkle is what a root is made with; the zero value is RFC 6962 with SHA-256.
type Merkle struct {
	Tree  Tree
	Hash  *Hash  // nil: the tree's own; any hash of 32 bytes (Bitcoin's tree takes no other than its own)
	Limit uint64 // of an SSZ tree: how many chunks it may have; 0: as many as there are
}

// MerkleRoot returns the root over all leaves, in order. ErrMutated comes with the root, where equal neighbours are paired
// in a Bitcoin tree.
func MerkleRoot(leaves [][]byte, options Merkle) ([32]byte, error) {
	if options.Limit == 0 {
		options.Limit = uint64(len(leaves))
	}
	root, mutated, err := merkleRoot(columnOf(leaves), options)
	if err == nil && mutated {
		err = ErrMutated
	}
	return root, err
}

// OrderedTrieRoot returns the root of an Ethereum trie with the keys rlp(0), rlp(1), ... (a block's transactions, receipts
// or withdrawals; go-ethereum's DeriveSha). No item may be empty.
func OrderedTrieRoot(items [][]byte) ([32]byte, error) { return trieRoot(columnOf(items)) }
