/**
 * One encoding for rows, log batches and frames: MessagePack, each piece of bytes to be read alone, so that no step of a
 * stream can be lost. Objects are maps, or, where their shape is listed (`shapes.ts`), records without names.
 */
import { Packr, Unpackr } from 'msgpackr'
import { shapes } from './shapes.ts'

/** The tree of the listed shapes, by one field name after the other. */
interface Shape {
  readonly next: Record<string, Shape>
  listed: boolean
}
const root = noShape()
for (const shape of shapes) list(shape.split(','))

function noShape(): Shape {
  return { next: Object.create(null), listed: false }
}

function list(keys: readonly string[]): void {
  let at = root
  for (const key of keys) {
    at.next[key] ??= noShape()
    at = at.next[key]
  }
  at.listed = true
}

/**
 * Every object that is not listed is written as a map: left to itself the library would define its shape along with it,
 * for which each reader makes code, and remember it.
 */
function isListed(object: object): boolean {
  let at = root
  for (const key in object) {
    const next = at.next[key]
    if (next === undefined) return false
    at = next
  }
  return at.listed
}

function options() {
  return {
    // So marked, a shape may be defined anew by a piece of bytes for itself, but not for the next one.
    structures: shapes.map(shape => Object.assign(shape.split(','), { isShared: true })),
    maxSharedStructures: shapes.length,
    maxOwnStructures: 0,
    useRecords: isListed as unknown as boolean,
    variableMapSize: true,
    moreTypes: true,
    mapsAsObjects: true,
  }
}

const packr = new Packr(options())
const unpackr = new Unpackr(options())
const copying = new Unpackr({ ...options(), copyBuffers: true })

/**
 * Fresh bytes that nobody else holds. For plain data: objects, arrays, strings, numbers, booleans, null, bytes, Date, Set.
 * A `Map` comes back as an object, a function as undefined, half of a surrogate pair as the replacement character.
 */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** Throws on bytes that `encode` did not make. Byte strings within share memory with `bytes`: neither is changed later. */
export function decode(bytes: Uint8Array): unknown {
  return unpackr.unpack(bytes)
}

/** The same with byte strings of their own, for who keeps one of them and not the rest. */
export function decodeApart(bytes: Uint8Array): unknown {
  return copying.unpack(bytes)
}
