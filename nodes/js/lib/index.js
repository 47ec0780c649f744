// Verilane for Node.js: many signatures verified at once. Public data only; nothing is constant time.
import { randomBytes } from 'node:crypto'
import { VerilaneError, open, packed, ragged } from './native.js'

export { VerilaneError }

/** One verdict per item; when several faults hold, the first in this order is given. */
export const Verdict = Object.freeze({ OK: 1, BAD_KEY: 2, BAD_SIGNATURE: 3, BAD_MESSAGE: 4, MISMATCH: 5 })

const ENCODINGS = { compact: 0, der: 1, 'der-lax': 2 }
const RULES = { zip215: 0, rfc8032: 1, openssl: 2, strict: 3 }
const HASHES = { sha256: 0, sha256d: 1, sha512: 2, sm3: 3, keccak256: 4, 'sha3-256': 5, 'blake2b-256': 6 }
const TREES = { rfc6962: 0, bitcoin: 1, plain: 2, 'sorted-pairs': 3, ssz: 4, fisco2: 5, fisco3: 6 }
const LOW_S = 1
const HYBRID_KEYS = 2
const KEY_FORMS = { any: 0, sec1: 64, compressed: 128 }
const PARITY_IDS = 16
const HASH_OWN = -1

function choice(name, table, value) {
  if (!Object.hasOwn(table, value)) {
    throw new RangeError(`${name}: ${String(value)}; there are: ${Object.keys(table).join(', ')}`)
  }
  return table[value]
}

function sameLength(columns) {
  const [first, ...rest] = Object.entries(columns)
  for (const [name, items] of rest) {
    if (items.length !== first[1].length) {
      throw new RangeError(`${first[1].length} ${first[0]}, but ${items.length} ${name}`)
    }
  }
  return Object.entries(columns).map(([name, items]) => ragged(name, items))
}

// Lets nothing but verdicts out, whatever C left behind.
function checked(verdicts) {
  const wrong = verdicts.findIndex((code) => code < Verdict.OK || code > Verdict.MISMATCH)
  if (wrong >= 0) throw new VerilaneError(`item ${wrong} was left with the code ${verdicts[wrong]}`)
  return verdicts
}

/**
 * Loads libverilane: path, or VERILANE_LIBRARY, or what the system finds. The result's functions take arrays of n
 * Uint8Arrays and give n verdicts, in order; what is wrong inside an item is its verdict and is never thrown.
 */
export function load(path) {
  const c = open(path)

  function ecdsa(call, keys, signatures, digests, options = {}) {
    const { encoding = 'compact', lowS = false, hybridKeys = false, keyForm = 'any' } = options
    const columns = sameLength({ keys, signatures, digests })
    const form = choice('encoding', ENCODINGS, encoding)
    const verdicts = new Uint8Array(keys.length)
    const flags = (lowS ? LOW_S : 0) | (hybridKeys ? HYBRID_KEYS : 0) | choice('key form', KEY_FORMS, keyForm)
    call(verdicts, keys.length, ...columns, form, flags)
    return checked(verdicts)
  }

  return {
    secp256k1: {
      verifyMany: (keys, signatures, digests, options) => ecdsa(c.secp256k1, keys, signatures, digests, options),
      recoverMany(signatures, digests, { lowS = false, parityIds = false } = {}) {
        const columns = sameLength({ signatures, digests })
        const keys = new Uint8Array(64 * signatures.length)
        const verdicts = new Uint8Array(signatures.length)
        c.recover(keys, verdicts, signatures.length, ...columns, (lowS ? LOW_S : 0) | (parityIds ? PARITY_IDS : 0))
        return { keys, verdicts: checked(verdicts) }
      },
    },
    p256: {
      verifyMany: (keys, signatures, digests, options) => ecdsa(c.p256, keys, signatures, digests, options),
    },
    schnorr: {
      verifyMany(keys, signatures, messages) {
        const columns = sameLength({ keys, signatures, messages })
        const verdicts = new Uint8Array(keys.length)
        c.schnorr(verdicts, keys.length, ...columns, 0, randomBytes(32))
        return checked(verdicts)
      },
    },
    ed25519: {
      verifyMany(keys, signatures, messages, { rule = 'zip215' } = {}) {
        const columns = sameLength({ keys, signatures, messages })
        const number = choice('rule', RULES, rule)
        const verdicts = new Uint8Array(keys.length)
        c.ed25519(verdicts, keys.length, ...columns, number, 0, randomBytes(32))
        return checked(verdicts)
      },
    },
    digest(message, hash = 'sha256') {
      const number = choice('hash', HASHES, hash)
      if (!(message instanceof Uint8Array)) throw new TypeError(`message: expected Uint8Array, got ${typeof message}`)
      const out = new Uint8Array(Number(c.hashSize(number)))
      c.digest(out, 1, packed(message, message.length), number)
      return out
    },
    digestMany(messages, hash = 'sha256') {
      const number = choice('hash', HASHES, hash)
      const size = Number(c.hashSize(number))
      const out = new Uint8Array(size * messages.length)
      c.digest(out, messages.length, ragged('messages', messages), number)
      return Array.from(messages, (_, i) => out.subarray(size * i, size * (i + 1)))
    },
    merkleRoot(leaves, { tree = 'rfc6962', hash, limit = leaves.length } = {}) {
      const kind = choice('tree', TREES, tree)
      const number = hash === undefined ? HASH_OWN : choice('hash', HASHES, hash)
      const root = new Uint8Array(32)
      const mutated = new Int32Array(1)
      c.merkleRoot(root, mutated, leaves.length, ragged('leaves', leaves), limit, kind, number)
      if (mutated[0]) {
        throw Object.assign(new VerilaneError('equal neighbours in a Bitcoin tree (CVE-2012-2459)'), { root })
      }
      return root
    },
  }
}
