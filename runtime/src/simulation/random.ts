/**
 * Seeded randomness: sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded through FNV-1a and splitmix32.
 *
 * Every part of a simulation draws from a stream of its own (`fork('network')`), so that one more draw in one part
 * does not change what the others see: failing seeds stay comparable while code changes.
 */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number, `from` and `to` included. */
  integer(from: number, to: number): number
  /** A number, `from` included, `to` excluded. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  shuffle<T>(items: readonly T[]): T[]
  /** An independent stream: depends on the seed and the names only, not on what was drawn before. */
  fork(name: string): Random
}

export function seededRandom(seed: number | string): Random {
  return randomOf(String(seed))
}

function randomOf(path: string): Random {
  const next = sfc32(path)
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    integer,
    between: (from, to) => from + next() * (to - from),
    chance: probability => probability > 0 && next() < probability,
    pick: items => {
      const item = items[integer(0, items.length - 1)]
      if (item === undefined) throw new RangeError('pick from an empty list')
      return item
    },
    shuffle: items => shuffled(items, integer),
    fork: name => randomOf(`${path}/${name}`),
  }
}

/** Fisher–Yates. */
function shuffled<T>(items: readonly T[], integer: (from: number, to: number) => number): T[] {
  const list = [...items]
  for (let last = list.length - 1; last > 0; last--) {
    const other = integer(0, last)
    const moved = list[last] as T
    list[last] = list[other] as T
    list[other] = moved
  }
  return list
}

function sfc32(path: string): () => number {
  let seed = fnv1a(path)
  const word = () => {
    seed = (seed + 0x9e3779b9) | 0
    let mixed = seed ^ (seed >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
  let a = word()
  let b = word()
  let c = word()
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 4294967296
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

/** FNV-1a over UTF-16 code units, 32 bits: also the first step of the trace's hash. */
export function fnv1a(text: string, start = 0x811c9dc5): number {
  let hash = start
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash
}
