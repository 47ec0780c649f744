// Senders of a block of 300 transfers: noble (what ethereumjs does by itself) beside prefetch. CPU time, medians.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createFeeMarket1559Tx, createTxFromRLP } from '@ethereumjs/tx'
import { createEthereumCrypto } from 'verilane/ethereumjs'

const N = 300
const ROUNDS = 5
const to = '0x' + '22'.repeat(20)
const plain = new Common({ chain: Mainnet, hardfork: Hardfork.Prague })
const raw = Array.from({ length: N }, (_, i) => {
  const fields = { nonce: BigInt(i), maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, gasLimit: 21000n, to, value: 1n, chainId: 1n }
  const secret = new Uint8Array(32).fill((i % 200) + 1)
  return createFeeMarket1559Tx(fields, { common: plain }).sign(secret).serialize()
})

function noble() {
  for (const bytes of raw) createTxFromRLP(bytes, { common: plain }).getSenderAddress()
}

function verilane() {
  const { customCrypto, prefetch } = shared
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague, customCrypto })
  const read = raw.map((bytes) => createTxFromRLP(bytes, { common }))
  if (prefetch(read) !== N) throw new Error('they were known already')
  for (const tx of read) tx.getSenderAddress()
}

let shared
function timed(work) {
  shared = createEthereumCrypto()
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / N
}

const times = { noble: [], verilane: [] }
for (const work of [noble, verilane]) timed(work)
for (let i = 0; i < ROUNDS; i++) {
  times.noble.push(timed(noble))
  times.verilane.push(timed(verilane))
}
for (const [name, all] of Object.entries(times)) {
  console.log(`${name}: ${all.sort((a, b) => a - b)[ROUNDS >> 1].toFixed(1)} µs a sender, parsing included`)
}
