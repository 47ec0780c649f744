/** Public data only; nothing is constant time. */

/** A call of the engine that did not take place: a wrong option, or no library that can be used. */
export class VerilaneError extends Error {
  /** The root, where equal neighbours were paired in a Bitcoin tree. */
  root?: Uint8Array
}

/** One verdict per item; when several faults hold, the first in this order is given. */
export declare const Verdict: {
  readonly OK: 1
  readonly BAD_KEY: 2
  readonly BAD_SIGNATURE: 3
  readonly BAD_MESSAGE: 4
  readonly MISMATCH: 5
}

/** n items of bytes. */
export type Column = readonly Uint8Array[]

/** n verdicts, in order. */
export type Verdicts = Uint8Array

export interface EcdsaOptions {
  /** "compact": r || s, 64 bytes; "der": BIP 66; "der-lax": Bitcoin's historic blocks. */
  encoding?: 'compact' | 'der' | 'der-lax'
  /** s > n/2 is BAD_SIGNATURE. */
  lowS?: boolean
  /** 65-byte keys may start with 06 or 07. */
  hybridKeys?: boolean
  /** Keys of 33, 65 or 64 bytes; "sec1": not of 64; "compressed": of 33 only. Others are BAD_KEY. */
  keyForm?: 'any' | 'sec1' | 'compressed'
}

export interface RecoverOptions {
  /** s > n/2 is BAD_SIGNATURE: Ethereum's transactions since Homestead. */
  lowS?: boolean
  /** ids 2 and 3 are BAD_SIGNATURE: Ethereum. */
  parityIds?: boolean
}

export type HashName = 'sha256' | 'sha256d' | 'sha512' | 'sm3' | 'keccak256' | 'sha3-256' | 'blake2b-256'
export type TreeName = 'rfc6962' | 'bitcoin' | 'plain' | 'sorted-pairs' | 'ssz' | 'fisco2' | 'fisco3'

export interface Engine {
  secp256k1: {
    /** keys: 33, 65 or 64 bytes each; digests: 32 bytes each. */
    verifyMany(keys: Column, signatures: Column, digests: Column, options?: EcdsaOptions): Verdicts
    /** signatures: 65 bytes each, r || s || id. keys: n times 64 bytes x || y, zero where the verdict is not OK. */
    recoverMany(signatures: Column, digests: Column, options?: RecoverOptions): { keys: Uint8Array; verdicts: Verdicts }
  }
  p256: {
    verifyMany(keys: Column, signatures: Column, digests: Column, options?: EcdsaOptions): Verdicts
  }
  schnorr: {
    /** BIP-340. keys: 32 bytes each; signatures: 64 bytes each; messages of any length. */
    verifyMany(keys: Column, signatures: Column, messages: Column): Verdicts
  }
  ed25519: {
    /** keys: 32 bytes each; signatures: 64 bytes each; messages of any length. */
    verifyMany(
      keys: Column,
      signatures: Column,
      messages: Column,
      options?: { rule?: 'zip215' | 'rfc8032' | 'openssl' | 'strict' },
    ): Verdicts
  }
  digest(message: Uint8Array, hash?: HashName): Uint8Array
  digestMany(messages: Column, hash?: HashName): Uint8Array[]
  /** limit: of an "ssz" tree, how many chunks it may have. */
  merkleRoot(leaves: Column, options?: { tree?: TreeName; hash?: HashName; limit?: number }): Uint8Array
}

/**
 * Loads libverilane: path, or the environment's VERILANE_LIBRARY, or what the system finds. What is wrong inside an item is
 * its verdict. Throws TypeError for what is no Uint8Array, RangeError for columns of different lengths and for unknown
 * options, VerilaneError where the engine can't be used.
 */
export declare function load(path?: string): Engine
