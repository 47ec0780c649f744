import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import {
  createAccessList2930Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx,
  createTxFromRLP,
} from '@ethereumjs/tx'
import { bytesToHex, createAddressFromPrivateKey, ecrecover } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { load } from 'verilane'
import { createEthereumCrypto } from 'verilane/ethereumjs'
import { bytes, generator, mutated } from './hostile.js'

/** An engine that counts its calls of recoverMany. */
function counting() {
  const engine = load()
  const calls = []
  const recoverMany = (signatures, ...rest) => {
    calls.push(signatures.length)
    return engine.secp256k1.recoverMany(signatures, ...rest)
  }
  return { calls, engine: { ...engine, secp256k1: { ...engine.secp256k1, recoverMany } } }
}

const random = generator(7)
const secrets = Array.from({ length: 12 }, () => bytes(random, 32))
const to = '0x' + '11'.repeat(20)

/** Signed transactions of every type, of these hard forks, with this crypto. */
function transactions(customCrypto, n) {
  const chain = Mainnet
  const prague = new Common({ chain, hardfork: Hardfork.Prague, customCrypto })
  const homestead = new Common({ chain, hardfork: Hardfork.Homestead, customCrypto })
  const frontier = new Common({ chain, hardfork: Hardfork.Chainstart, customCrypto })
  const authorization = {
    chainId: '0x1',
    address: to,
    nonce: '0x0',
    yParity: '0x0',
    r: '0x' + '01'.repeat(32),
    s: '0x' + '01'.repeat(32),
  }
  const fees = { maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, gasLimit: 100000n, to }
  return Array.from({ length: n }, (_, i) => {
    const data = bytes(generator(i + 1), i % 50)
    const legacy = { nonce: BigInt(i), gasPrice: 10n ** 9n, gasLimit: 100000n, to, value: 1n, data }
    const common = i % 6 === 0 ? homestead : i % 6 === 1 ? frontier : prague
    const tx =
      i % 6 < 3
        ? createLegacyTx(legacy, { common })
        : i % 6 === 3
          ? createAccessList2930Tx({ ...legacy, chainId: 1n, accessList: [] }, { common })
          : i % 6 === 4
            ? createFeeMarket1559Tx({ ...fees, nonce: BigInt(i), chainId: 1n, data }, { common })
            : createEOACode7702Tx(
                { ...fees, nonce: BigInt(i), chainId: 1n, data, authorizationList: [authorization] },
                { common },
              )
    return tx.sign(secrets[i % secrets.length])
  })
}

test("ecrecover is @ethereumjs/util's", () => {
  const { customCrypto } = createEthereumCrypto()
  const honest = Array.from({ length: 30 }, (_, i) => {
    const digest = bytes(random, 32)
    const signed = secp256k1.sign(digest, secrets[i % 12], { prehash: false, format: 'recovered', lowS: i % 3 > 0 })
    return { digest, id: BigInt(signed[0]), parts: [signed.slice(1, 33), signed.slice(33)] }
  })
  let same = 0
  for (let i = 0; i < 600; i++) {
    const { digest, id, parts } = honest[random(30)]
    const [r, s] = mutated(random, parts, honest[random(30)].parts)
    const unpadded = (part) => part.slice(Math.max(part.findIndex((byte) => byte !== 0), 0))
    for (const [v, chainId] of [
      [id, undefined],
      [id ^ 1n, 1n],
      [id + 27n, undefined],
      [id + 35n + 2n * 5n, 5n],
      [BigInt(random(60)), BigInt(random(3))],
      [BigInt(random(60)), undefined],
    ]) {
      const call = (f) => {
        try {
          return bytesToHex(f(digest, v, unpadded(r), unpadded(s), chainId))
        } catch {
          return 'an error'
        }
      }
      const expected = call(ecrecover)
      assert.equal(call(customCrypto.ecrecover), expected)
      assert.equal(call(customCrypto.ecrecover), expected, 'from the table')
      same += expected === 'an error' ? 0 : 1
    }
  }
  assert.ok(same > 600 && same < 3600, `${same} keys`)
  assert.throws(() => customCrypto.ecrecover(new Uint8Array(31), 0n, honest[0].parts[0], honest[0].parts[1]))
})

test('senders of every type of transaction, in one call', () => {
  const { calls, engine } = counting()
  const { customCrypto, prefetch } = createEthereumCrypto({ engine })
  const signed = transactions(customCrypto, 60)
  assert.equal(prefetch(signed), 60)
  signed.forEach((tx, i) => {
    const sender = createAddressFromPrivateKey(secrets[i % 12])
    assert.equal(tx.getSenderAddress().toString(), sender.toString(), `transaction ${i}`)
    assert.ok(tx.verifySignature())
  })
  assert.deepEqual(calls, [60], 'nothing was recovered one by one')
  assert.equal(prefetch(signed), 0, 'they are known')
})

test('a block, as its bytes come from the network', () => {
  const { calls, engine } = counting()
  const { customCrypto, prefetch } = createEthereumCrypto({ engine })
  const plain = transactions(undefined, 60).filter((tx) => tx.common.hardfork() === Hardfork.Prague)
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague, customCrypto })
  const read = plain.map((tx) => createTxFromRLP(tx.serialize(), { common }))
  const block = createBlock({ transactions: read }, { common, skipConsensusFormatValidation: true })
  assert.equal(prefetch(block), read.length)
  read.forEach((tx, i) => {
    assert.deepEqual(tx.hash(), plain[i].hash())
    assert.deepEqual(tx.getSenderPublicKey(), plain[i].getSenderPublicKey())
  })
  assert.deepEqual(calls, [read.length])
})

test('what is not prefetched is recovered by itself', () => {
  const { calls, engine } = counting()
  const { customCrypto } = createEthereumCrypto({ engine })
  const signed = transactions(customCrypto, 6)
  signed.forEach((tx, i) => {
    assert.equal(tx.getSenderAddress().toString(), createAddressFromPrivateKey(secrets[i]).toString())
  })
  assert.deepEqual(calls, [1, 1, 1, 1, 1, 1])
})

test('tampered transactions: the same answers as without the engine', () => {
  const { customCrypto, prefetch } = createEthereumCrypto()
  const plain = transactions(undefined, 60)
  const own = transactions(customCrypto, 60)
  const order = secp256k1.Point.CURVE().n
  const changes = [
    (tx) => ({ ...tx, r: tx.r ^ 1n }),
    (tx) => ({ ...tx, r: 0n }),
    (tx) => ({ ...tx, s: 0n }),
    (tx) => ({ ...tx, s: order - tx.s }), // high S
    (tx) => ({ ...tx, r: order }),
    (tx) => ({ ...tx, s: order - 1n }),
    (tx) => ({ ...tx, nonce: tx.nonce + 1n }),
    (tx) => ({ ...tx, value: tx.value + 1n }),
  ]
  const create = [createLegacyTx, createAccessList2930Tx, createFeeMarket1559Tx, undefined, createEOACode7702Tx]
  const sender = (tx) => {
    try {
      return tx.getSenderAddress().toString()
    } catch (error) {
      return error.message.replace(/\(.*/s, '')
    }
  }
  const again = (tx, change) => {
    try {
      return create[tx.type](change({ ...tx }), { common: tx.common })
    } catch (error) {
      return error // where ethereumjs does not even make it
    }
  }
  const seen = { made: 0, senders: 0, errors: new Set() }
  for (const change of changes) {
    const theirs = plain.map((tx) => again(tx, change))
    const ours = own.map((tx) => again(tx, change))
    prefetch(ours.filter((tx) => !(tx instanceof Error)))
    ours.forEach((tx, i) => {
      if (tx instanceof Error) {
        assert.equal(tx.message, theirs[i].message)
        return
      }
      const found = sender(tx)
      assert.equal(found, sender(theirs[i]), `transaction ${i}, ${change}`)
      seen.made += 1
      if (found.startsWith('0x')) seen.senders += 1
      else seen.errors.add(found)
    })
  }
  assert.ok(seen.made > 300 && seen.senders > 100 && seen.errors.size > 1, JSON.stringify([seen, [...seen.errors]]))
})

test('what is no transaction to recover is left alone', () => {
  const { customCrypto, prefetch } = createEthereumCrypto()
  const common = new Common({ chain: Mainnet, customCrypto })
  assert.equal(prefetch([createLegacyTx({}, { common })]), 0)
  assert.equal(prefetch([]), 0)
  assert.equal(prefetch({ transactions: [] }), 0)
})

test('the table is bounded, and a key is the caller’s own', () => {
  const { calls, engine } = counting()
  const { customCrypto, prefetch } = createEthereumCrypto({ engine, capacity: 10 })
  const signed = transactions(customCrypto, 36)
  prefetch(signed)
  signed.forEach((tx, i) => {
    assert.equal(tx.getSenderAddress().toString(), createAddressFromPrivateKey(secrets[i % 12]).toString())
  })
  assert.ok(calls.length > 20, 'those that were put out were recovered again')
  const digest = bytes(random, 32)
  const made = secp256k1.sign(digest, secrets[0], { prehash: false, format: 'recovered' })
  const key = () => customCrypto.ecrecover(digest, BigInt(made[0]), made.slice(1, 33), made.slice(33))
  const first = key()
  first.fill(0)
  assert.deepEqual(key(), secp256k1.getPublicKey(secrets[0], false).slice(1))
  for (const capacity of [0, -1, 1.5, '7', null]) assert.throws(() => createEthereumCrypto({ engine, capacity }), RangeError)
})
