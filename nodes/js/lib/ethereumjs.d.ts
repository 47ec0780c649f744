import type { Engine } from './index.js'

/** What is asked of a transaction of @ethereumjs/tx. */
export interface SignedTransaction {
  readonly v?: bigint
  readonly r?: bigint
  readonly s?: bigint
  readonly common: { chainId(): bigint }
  readonly cache?: { senderPubKey?: Uint8Array }
  isSigned(): boolean
  supports(capability: number): boolean
  getMessageToVerifySignature(): Uint8Array
}

export interface EthereumCrypto {
  /** For `new Common({ chain, customCrypto })`. */
  customCrypto: {
    ecrecover(digest: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint): Uint8Array
    keccak256(message: Uint8Array): Uint8Array
    sha256(message: Uint8Array): Uint8Array
  }
  /** Recovers the senders of a block, or of these transactions, in one call; returns how many it did. */
  prefetch(
    blockOrTransactions: { readonly transactions: readonly SignedTransaction[] } | readonly SignedTransaction[],
  ): number
  engine: Engine
}

/** capacity: how many recovered senders are kept (65536), the oldest goes first. */
export declare function createEthereumCrypto(options?: {
  library?: string
  engine?: Engine
  capacity?: number
}): EthereumCrypto
