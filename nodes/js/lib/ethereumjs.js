// Verilane under ethereumjs: what Common({ customCrypto }) takes, and prefetch, which recovers the senders of a block in one
// call before its transactions are asked for them one by one.
import { load } from './index.js'

const EIP155 = 155 // Capability.EIP155ReplayProtection of @ethereumjs/tx

/** The id from v, as @ethereumjs/util has it: 0 or 1, 27 or 28, or EIP-155's. */
function recoveryId(v, chainId) {
  if (v === 0n || v === 1n) return v
  return chainId === undefined ? v - 27n : v - (chainId * 2n + 35n)
}

/** 65 bytes r || s || id, or null where they can't be ones. r and s come without the zeros that they begin with. */
function signatureOf(id, r, s) {
  if ((id !== 0n && id !== 1n) || r.length > 32 || s.length > 32) return null
  const signature = new Uint8Array(65)
  signature.set(r, 32 - r.length)
  signature.set(s, 64 - s.length)
  signature[64] = Number(id)
  return signature
}

function bytesOf(number) {
  const text = number.toString(16)
  return Buffer.from(text.padStart(text.length + (text.length & 1), '0'), 'hex')
}

const nameOf = (digest, signature) => Buffer.concat([digest, signature]).latin1Slice()

/**
 * Returns { customCrypto, prefetch, engine }. options.library: the path of libverilane; options.engine: one that is loaded
 * already; options.capacity: how many recovered senders are kept (65536), the oldest goes first.
 */
export function createEthereumCrypto({ library, engine = load(library), capacity = 65536 } = {}) {
  if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity: ${capacity}, expected 1 or more`)
  const known = new Map() // digest || r || s || id -> key; null where there is none

  function remember(name, key) {
    known.delete(name)
    if (known.size >= capacity) known.delete(known.keys().next().value)
    known.set(name, key)
  }

  /** Recovers those that are not known, in one call. */
  function recover(digests, signatures) {
    const { keys, verdicts } = engine.secp256k1.recoverMany(signatures, digests, { parityIds: true })
    return signatures.map((_, i) => (verdicts[i] === 1 ? keys.slice(64 * i, 64 * (i + 1)) : null))
  }

  function ecrecover(digest, v, r, s, chainId) {
    const id = recoveryId(v, chainId)
    if (id !== 0n && id !== 1n) throw new Error('Invalid signature v value')
    const signature = signatureOf(id, r, s)
    if (signature === null || digest.length !== 32) throw new Error('Invalid signature: a wrong length')
    const name = nameOf(digest, signature)
    let key = known.get(name)
    if (key === undefined) {
      ;[key] = recover([digest], [signature])
      remember(name, key)
    }
    if (key === null) throw new Error('Invalid signature: there is no such key')
    return key.slice()
  }

  /**
   * Recovers the senders of a block, or of a list of transactions, in one call; returns how many it did. Those that are not
   * signed, or that can't be hashed, are left to ethereumjs, which says what is wrong with them.
   */
  function prefetch(blockOrTransactions) {
    const transactions = blockOrTransactions.transactions ?? blockOrTransactions
    const asked = new Map()
    for (const tx of transactions) {
      if (!tx.isSigned() || tx.cache?.senderPubKey !== undefined) continue
      let digest
      try {
        digest = tx.getMessageToVerifySignature()
      } catch {
        continue
      }
      const id = recoveryId(tx.v, tx.supports(EIP155) ? tx.common.chainId() : undefined)
      const signature = signatureOf(id, bytesOf(tx.r), bytesOf(tx.s))
      if (signature === null) continue
      const name = nameOf(digest, signature)
      if (!known.has(name)) asked.set(name, [digest, signature])
    }
    const items = [...asked.values()]
    const keys = recover(
      items.map((item) => item[0]),
      items.map((item) => item[1]),
    )
    let i = 0
    for (const name of asked.keys()) remember(name, keys[i++])
    return asked.size
  }

  const customCrypto = {
    ecrecover,
    keccak256: (message) => engine.digest(message, 'keccak256'),
    sha256: (message) => engine.digest(message, 'sha256'),
  }
  return { customCrypto, prefetch, engine }
}
