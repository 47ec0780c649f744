// Numbers that look random and are always the same, and mutations of honest items.

/** Returns random(n): a whole number below n (xorshift32, Marsaglia 2003). */
export function generator(seed) {
  let state = seed
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

export const bytes = (random, length) => Uint8Array.from({ length }, () => random(256))

/** One part of an item changed, or none: a bit, a byte, the length, another item's part. */
export function mutated(random, item, other) {
  const made = item.map((part) => part.slice())
  const k = random(made.length)
  const part = made[k]
  const at = random(Math.max(part.length, 1))
  switch (random(7)) {
    case 0:
    case 1:
      if (part.length) part[at] ^= 1 << random(8)
      break
    case 2:
      if (part.length) part[at] = random(256)
      break
    case 3:
      made[k] = other[k].slice()
      break
    case 4:
      made[k] = part.slice(0, at)
      break
    case 5:
      made[k] = Uint8Array.from([...part, random(256)])
      break
  }
  return made
}

/** What a call that may throw says: true only if it returns true. */
export function accepts(call) {
  try {
    return call() === true
  } catch {
    return false
  }
}
