/** Damage to bytes, from a seed: what a broken peer, a stray client or a bad cable may send. */
import { decode, encode } from '@synod/runtime/protocol'
import type { Random } from '@synod/runtime/simulation'

const byteDamages = ['flip', 'set', 'truncate', 'splice', 'repeat', 'insert', 'deepen', 'random'] as const
type ByteDamage = (typeof byteDamages)[number]
/** `meaning`: sound MessagePack of another shape, for what reads after the decoder. The others damage bytes. */
export type Damage = ByteDamage | 'meaning'
export interface Mutant {
  readonly damage: Damage
  readonly bytes: Uint8Array
}

/** MessagePack's first bytes that promise most: lists, maps, strings and extensions of every width. */
const markers = [
  0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xcb, 0xcf, 0xd4, 0xd9, 0xdb, 0xdd, 0xdf, 0xff,
]
const longestNoise = 400

/** One of the recorded frames of MessagePack, damaged in its bytes or in its meaning. */
export function mutate(random: Random, recorded: readonly Uint8Array[]): Mutant {
  if (random.chance(0.3)) return { damage: 'meaning', bytes: reshaped(random, recorded) }
  return mutateBytes(random, recorded)
}

/** Damaged in one to three places; the frames may be anything. */
export function mutateBytes(random: Random, recorded: readonly Uint8Array[]): Mutant {
  const damage = random.pick(byteDamages)
  if (damage === 'random') return { damage, bytes: noise(random, random.integer(0, longestNoise)) }
  let bytes = Uint8Array.from(random.pick(recorded))
  const places = random.integer(1, 3)
  for (let place = 0; place < places; place++) bytes = apply(random, damage, bytes, recorded)
  return { damage, bytes }
}

function reshaped(random: Random, recorded: readonly Uint8Array[]): Uint8Array {
  const value = random.chance(0.2)
    ? partOf(random, decode(random.pick(recorded)))
    : strangeValues[random.integer(0, strangeValues.length - 1)]
  return encode(graft(random, decode(random.pick(recorded)), value))
}

const strangeValues: readonly unknown[] = [
  null,
  undefined,
  true,
  -1,
  0.5,
  Number.NaN,
  Number.MAX_SAFE_INTEGER,
  2 ** 63,
  '',
  'n2/',
  '\ud800',
  '__proto__',
  'x'.repeat(70_000),
  new Uint8Array(3),
  new Date(0),
  new Set([1]),
  [],
  {},
  [[[]]],
  nested(200),
]

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { type: value }
  return value
}

/** A copy of `tree` with `value` at a random place: instead of what is there, or before it in a list. */
function graft(random: Random, tree: unknown, value: unknown): unknown {
  if (random.chance(0.2)) return value
  if (Array.isArray(tree) && tree.length > 0) {
    const at = random.integer(0, tree.length - 1)
    return random.chance(0.2)
      ? tree.toSpliced(at, random.integer(0, 1), value)
      : tree.with(at, graft(random, tree[at], value))
  }
  if (!isRecord(tree)) return value
  const name = random.pick([...Object.keys(tree), 'other'])
  return { ...tree, [name]: graft(random, tree[name], value) }
}

function partOf(random: Random, tree: unknown): unknown {
  const parts = Array.isArray(tree) ? tree : isRecord(tree) ? Object.values(tree) : []
  return parts.length === 0 || random.chance(0.3)
    ? tree
    : partOf(random, parts[random.integer(0, parts.length - 1)])
}

function isRecord(tree: unknown): tree is Record<string, unknown> {
  return typeof tree === 'object' && tree !== null && Object.getPrototypeOf(tree) === Object.prototype
}

function apply(
  random: Random,
  damage: ByteDamage,
  bytes: Uint8Array,
  recorded: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const at = random.integer(0, Math.max(0, bytes.length - 1))
  const end = random.integer(at, bytes.length)
  switch (damage) {
    case 'flip':
      return changed(bytes, at, (bytes[at] ?? 0) ^ (1 << random.integer(0, 7)))
    case 'set':
      return changed(bytes, at, random.chance(0.5) ? random.pick(markers) : random.integer(0, 255))
    case 'truncate':
      return bytes.slice(0, at)
    case 'splice': {
      const other = random.pick(recorded)
      return joined(bytes.slice(0, at), other.slice(random.integer(0, other.length)))
    }
    case 'repeat':
      return joined(bytes.slice(0, end), bytes.slice(at))
    case 'insert':
      return joined(bytes.slice(0, at), noise(random, random.integer(1, 8)), bytes.slice(at))
    case 'deepen':
      // Lists of one list of one list: a reader that calls itself runs out of stack.
      return joined(bytes.slice(0, at), new Uint8Array(random.integer(1, 20_000)).fill(0x91), bytes.slice(at))
    case 'random':
      return noise(random, bytes.length)
  }
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes)
  if (at < copy.length) copy[at] = value
  return copy
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts))
}

function noise(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random.integer(0, 255))
}
