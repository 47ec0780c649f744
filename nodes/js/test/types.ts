// Compiled by tsc, never run: the types fit ethereumjs's own.
import { createBlock } from '@ethereumjs/block'
import { Common, Mainnet, type CustomCrypto } from '@ethereumjs/common'
import { createFeeMarket1559Tx, createLegacyTx, type TypedTransaction } from '@ethereumjs/tx'
import { load, Verdict, type Engine, type Verdicts } from 'verilane'
import { createEthereumCrypto } from 'verilane/ethereumjs'

const { customCrypto, prefetch, engine } = createEthereumCrypto({ library: '/a/path', capacity: 10 })
const fits: CustomCrypto = customCrypto
const common = new Common({ chain: Mainnet, customCrypto: fits })
const many: number = prefetch(createBlock({}, { common }))
const transactions: TypedTransaction[] = [createLegacyTx({}), createFeeMarket1559Tx({})]
const more: number = prefetch(transactions)

const same: Engine = load()
const verdicts: Verdicts = engine.ed25519.verifyMany([], [], [], { rule: 'zip215' })
const good: boolean = verdicts[0] === Verdict.OK
const root: Uint8Array = same.merkleRoot([], { tree: 'bitcoin' })
// @ts-expect-error there is no such rule
same.ed25519.verifyMany([], [], [], { rule: 'lax' })
export { good, many, more, root }
