// The C ABI through koffi: all that sees libverilane. koffi brings its own binary, so that nothing is compiled when this
// package is installed.
import koffi from 'koffi'

const ABI_MAJOR = 1
const AUTO = -1
const FILE = process.platform === 'darwin' ? 'libverilane.dylib' : `libverilane.so.${ABI_MAJOR}`

const column = koffi.struct('vl_column', {
  data: 'const uint8_t *',
  offsets: 'const int64_t *',
  width: 'size_t',
  stride: 'size_t',
})
const columnIn = koffi.pointer(column)
// Results, and what C works in: written in place. C keeps no pointer after a call.
const LENT = 'void *'
const SCRATCH = [LENT, 'size_t']
const SIGNED = [columnIn, columnIn, columnIn]

/** A call of the engine that did not take place: a wrong option, or no library that can be used. */
export class VerilaneError extends Error {
  name = 'VerilaneError'
}

/** A column of C from n items of bytes, copied into one piece of memory. */
export function ragged(name, items) {
  const ends = new BigInt64Array(items.length + 1)
  let size = 0
  for (let i = 0; i < items.length; i++) {
    if (!(items[i] instanceof Uint8Array)) {
      throw new TypeError(`${name}: expected Uint8Array, got ${typeof items[i]} as item ${i}`)
    }
    size += items[i].length
    ends[i + 1] = BigInt(size)
  }
  const data = new Uint8Array(size)
  for (let i = 0; i < items.length; i++) data.set(items[i], Number(ends[i]))
  return { data, offsets: ends, width: 0, stride: 0 }
}

/** A column of C from packed bytes. */
export function packed(data, width) {
  return { data, offsets: null, width, stride: 0 }
}

/**
 * Loads libverilane and returns its functions. path: the file, by default VERILANE_LIBRARY or what the system's loader finds
 * under the library's name.
 */
export function open(path = process.env.VERILANE_LIBRARY || FILE) {
  let lib
  try {
    lib = koffi.load(path)
  } catch (error) {
    throw new VerilaneError(
      `${path} can't be loaded (${error.message}); set VERILANE_LIBRARY to what ` +
        '`python3 -m verilane.clib --library` prints',
      { cause: error },
    )
  }
  const found = lib.func('vl_abi_version', 'int', [])()
  if (found >> 16 !== ABI_MAJOR) {
    throw new VerilaneError(`${path} has the ABI ${found >> 16}.${found & 65535}, expected ${ABI_MAJOR}`)
  }
  const text = lib.func('vl_error_text', 'const char *', ['int'])
  const scratch = new Uint8Array(Number(lib.func('vl_scratch_size', 'size_t', [])()))

  // A function that lends scratch and throws what is no success. JavaScript makes one call at a time.
  const bind = (name, parameters) => {
    const call = lib.func(name, 'int', [...parameters, 'int', ...SCRATCH])
    return (...given) => {
      const code = call(...given, AUTO, scratch, scratch.length)
      if (code !== 0) throw new VerilaneError(`${name}: ${text(code)}`)
    }
  }
  return {
    hashSize: lib.func('vl_hash_size', 'size_t', ['int']),
    recover: bind('vl_secp256k1_ecdsa_recover', [LENT, LENT, 'size_t', columnIn, columnIn, 'unsigned int']),
    secp256k1: bind('vl_secp256k1_ecdsa_verify', [LENT, 'size_t', ...SIGNED, 'int', 'unsigned int']),
    p256: bind('vl_p256_ecdsa_verify', [LENT, 'size_t', ...SIGNED, 'int', 'unsigned int']),
    schnorr: bind('vl_secp256k1_schnorr_verify', [LENT, 'size_t', ...SIGNED, 'unsigned int', 'const uint8_t *']),
    ed25519: bind('vl_ed25519_verify', [LENT, 'size_t', ...SIGNED, 'int', 'unsigned int', 'const uint8_t *']),
    digest: bind('vl_digest', [LENT, 'size_t', columnIn, 'int']),
    merkleRoot: bind('vl_merkle_root_of_leaves', [LENT, LENT, 'size_t', columnIn, 'uint64_t', 'int', 'int']),
  }
}
