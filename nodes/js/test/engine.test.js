import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { keccak_256, sha3_256 } from '@noble/hashes/sha3.js'
import { Verdict, VerilaneError, load } from 'verilane'
import { accepts, bytes, generator, mutated } from './hostile.js'

const engine = load()
const sha256 = (data) => new Uint8Array(createHash('sha256').update(data).digest())

/** Items of (key, signature, message), honest and hostile ones, and the engine's verdicts against what the peer accepts. */
function sameAsPeer(honest, random, count, verify, peer) {
  const items = [...honest]
  while (items.length < count) {
    items.push(mutated(random, honest[random(honest.length)], honest[random(honest.length)]))
  }
  const verdicts = verify(...[0, 1, 2].map((k) => items.map((item) => item[k])))
  let accepted = 0
  items.forEach((item, i) => {
    const expected = accepts(() => peer(...item))
    accepted += expected ? 1 : 0
    assert.equal(verdicts[i] === Verdict.OK, expected, `item ${i}: ${item.map((part) => Buffer.from(part).toString('hex'))}`)
  })
  assert.ok(accepted >= honest.length && accepted < count)
}

/** Signatures of messages of any length, all of which the peer made. */
function honestItems(random, peer) {
  return Array.from({ length: 40 }, () => {
    const secret = bytes(random, 32)
    const message = bytes(random, random(100))
    return [peer.getPublicKey(secret), peer.sign(message, secret), message]
  })
}

for (const [name, curve] of [
  ['secp256k1', secp256k1],
  ['p256', p256],
]) {
  for (const lowS of [false, true]) {
    test(`${name}, low S ${lowS ? 'only' : 'or not'}, is noble's`, () => {
      const random = generator(1)
      const options = { prehash: false, lowS }
      const honest = Array.from({ length: 40 }, (_, i) => {
        const secret = bytes(random, 32)
        const digest = bytes(random, 32)
        const key = curve.getPublicKey(secret, i % 2 === 0)
        return [key, curve.sign(digest, secret, { prehash: false, lowS: true }), digest]
      })
      sameAsPeer(
        honest,
        random,
        400,
        (k, s, m) => engine[name].verifyMany(k, s, m, { lowS }),
        (key, signature, digest) => digest.length === 32 && curve.verify(signature, digest, key, options),
      )
    })
  }
}

test("Ed25519 under ZIP 215 is noble's", () => {
  const random = generator(2)
  const honest = honestItems(random, ed25519)
  const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))
  honest.push([identity, Uint8Array.from([...identity, ...new Uint8Array(32)]), bytes(random, 5)])
  sameAsPeer(honest, random, 400, engine.ed25519.verifyMany, (key, signature, message) =>
    ed25519.verify(signature, message, key, { zip215: true }),
  )
})

test("BIP-340 is noble's", () => {
  const random = generator(3)
  sameAsPeer(honestItems(random, schnorr), random, 400, engine.schnorr.verifyMany, (key, signature, message) =>
    schnorr.verify(signature, message, key),
  )
})

test('digests', () => {
  const random = generator(4)
  const messages = Array.from({ length: 200 }, () => bytes(random, random(300)))
  const peers = {
    sha256,
    sha256d: (m) => sha256(sha256(m)),
    sha512,
    keccak256: keccak_256,
    'sha3-256': sha3_256,
    'blake2b-256': (m) => blake2b(m, { dkLen: 32 }),
  }
  for (const [hash, peer] of Object.entries(peers)) {
    const many = engine.digestMany(messages, hash)
    messages.forEach((message, i) => {
      assert.deepEqual(Buffer.from(many[i]), Buffer.from(peer(message)))
      assert.deepEqual(engine.digest(message, hash), new Uint8Array(peer(message)))
    })
  }
  assert.deepEqual(engine.digestMany([], 'sha256'), [])
  assert.equal(
    Buffer.from(engine.digest(Buffer.from('abc'), 'sm3')).toString('hex'),
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
  )
})

test('Merkle roots', () => {
  const random = generator(5)
  const rfc6962 = (leaves) => {
    if (leaves.length === 0) return sha256(new Uint8Array())
    if (leaves.length === 1) return sha256(Uint8Array.from([0, ...leaves[0]]))
    let k = 1
    while (2 * k < leaves.length) k *= 2
    return sha256(Uint8Array.from([1, ...rfc6962(leaves.slice(0, k)), ...rfc6962(leaves.slice(k))]))
  }
  for (let n = 0; n < 40; n++) {
    const leaves = Array.from({ length: n }, () => bytes(random, random(80)))
    assert.deepEqual(engine.merkleRoot(leaves), rfc6962(leaves))
  }
  const twice = [new Uint8Array(32), new Uint8Array(32)]
  assert.throws(
    () => engine.merkleRoot(twice, { tree: 'bitcoin' }),
    (error) => error instanceof VerilaneError && error.root.length === 32,
  )
})

test('what callers get wrong', () => {
  const one = [new Uint8Array(1)]
  assert.throws(() => engine.secp256k1.verifyMany(one, [], one), RangeError)
  assert.throws(() => engine.secp256k1.recoverMany(one, []), RangeError)
  assert.throws(() => engine.ed25519.verifyMany(['text'], one, one), TypeError)
  assert.throws(() => engine.ed25519.verifyMany(one, one, [undefined]), TypeError)
  assert.throws(() => engine.ed25519.verifyMany(one, one, one, { rule: 'toString' }), RangeError)
  assert.throws(() => engine.p256.verifyMany(one, one, one, { encoding: 'fisco' }), RangeError)
  assert.throws(() => engine.digest('text'), TypeError)
  assert.throws(() => engine.digestMany(one, 'md5'), RangeError)
  assert.throws(() => engine.merkleRoot(one, { tree: 'oak' }), RangeError)
  assert.throws(() => engine.merkleRoot(one, { tree: 'bitcoin' }), VerilaneError) // a leaf of one byte
  assert.throws(() => engine.merkleRoot(one, { hash: 'sha512' }), VerilaneError)
  assert.deepEqual([...engine.secp256k1.verifyMany(one, one, one)], [Verdict.BAD_KEY])
  assert.equal(engine.secp256k1.verifyMany([], [], []).length, 0)
  assert.throws(() => load('/there/is/no/such/library.so'), VerilaneError)
})
