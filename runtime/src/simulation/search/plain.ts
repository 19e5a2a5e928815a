/**
 * States as values: copied before an event may change them, and spelled out in one canonical way, so that two that are
 * equal have the same text. What is frozen is a message, a row or a part of them: it never changes, so it is shared,
 * and spelled out once.
 */

/** A deep copy. What was one object in two places is one object in the copy too. */
export function copyOf<Value>(value: Value, copies: Map<object, unknown> = new Map()): Value {
  return copied(value, copies) as Value
}

function copied(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value === 'function') throw new TypeError('a state that holds a function cannot be searched')
  if (typeof value !== 'object' || value === null) return value
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const list: unknown[] = []
    copies.set(value, list)
    for (const item of value) list.push(copied(item, copies))
    return list
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>()
    copies.set(value, map)
    for (const [key, item] of value) map.set(copied(key, copies), copied(item, copies))
    return map
  }
  if (value instanceof Set) {
    const set = new Set<unknown>()
    copies.set(value, set)
    for (const item of value) set.add(copied(item, copies))
    return set
  }
  // Views over plain state, such as a reader of a store, keep their methods.
  const object: Record<string, unknown> = Object.create(Object.getPrototypeOf(value))
  copies.set(value, object)
  for (const [key, item] of Object.entries(value)) object[key] = copied(item, copies)
  return object
}

const texts = new WeakMap<object, string>()

/**
 * Equal values have equal texts. Maps, sets and objects have no order, and a key that is undefined is none. An object
 * that is met again is spelled by its number: whether two places share one object is part of a state.
 */
export function textOf(value: unknown, met: Map<object, number> = new Map()): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : textOfObject(value, met)
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    default:
      throw new TypeError(`a state that holds a ${typeof value} cannot be searched`)
  }
}

function textOfObject(value: object, met: Map<object, number>): string {
  const isBytes = value instanceof Uint8Array
  if (isBytes || Object.isFrozen(value)) {
    let text = texts.get(value)
    if (text === undefined) {
      text = isBytes ? `<${Buffer.from(value).toString('latin1')}>` : spelled(value, new Map())
      texts.set(value, text)
    }
    return text
  }
  const number = met.get(value)
  if (number !== undefined) return `#${number}`
  met.set(value, met.size)
  return spelled(value, met)
}

function spelled(value: object, met: Map<object, number>): string {
  if (Array.isArray(value)) return `[${value.map(item => textOf(item, met)).join()}]`
  if (value instanceof Map) return `{${pairs(keyed(value), met)}}`
  if (value instanceof Set)
    return `(${[...value]
      .map(item => textOf(item))
      .sort()
      .join()})`
  return `{${pairs(Object.entries(value), met)}}`
}

function keyed(map: ReadonlyMap<unknown, unknown>): (readonly [string, unknown])[] {
  return [...map].map(([key, item]) => [textOf(key), item] as const)
}

function pairs(entries: readonly (readonly [string, unknown])[], met: Map<object, number>): string {
  return [...entries]
    .filter(([, item]) => item !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([key, item]) => `${key}:${textOf(item, met)}`)
    .join()
}

/** Hashes have 52 bits, so that the sum of two is exact. */
const hashes = 2 ** 52

/**
 * Of a text: two lanes of 32 bits that are multiplied and mixed apart. Among n states the chance that any two different
 * ones share a hash is about n² / 2⁵³: one in 9,000 for a million. Then one of them is not looked at.
 */
export function hashOf(text: string): number {
  let low = 0x9e3779b9
  let high = 0x85ebca6b
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x5bd1e995)
    high ^= high >>> 15
  }
  low = mixed(low ^ (high >>> 16))
  high = mixed(high ^ low)
  return (high & 0xfffff) * 2 ** 32 + (low >>> 0)
}

/** Of several things together, in whatever order. */
export function joined(left: number, right: number): number {
  const sum = left + right
  return sum < hashes ? sum : sum - hashes
}

const known = new WeakMap<object, number>()

/** Of something frozen: worked out once. */
export function hashOfFrozen(value: object): number {
  let hash = known.get(value)
  if (hash === undefined) {
    hash = hashOf(textOf(value))
    known.set(value, hash)
  }
  return hash
}

function mixed(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
  return bits ^ (bits >>> 15)
}
