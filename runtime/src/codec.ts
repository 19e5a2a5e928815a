/**
 * One encoding for rows, log batches and frames: MessagePack, each piece of bytes to be read alone, so that no step
 * of a stream can be lost. Objects are maps, or, where their shape is listed (`shapes.ts`), records without names.
 */
import { addExtension, Packr, Unpackr } from 'msgpackr'
import { replaced, shapes } from './shapes.ts'

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
  const prototype: unknown = Object.getPrototypeOf(object)
  // Fields that it inherits would be counted here and not written.
  if (prototype !== Object.prototype && prototype !== null) return false
  let at = root
  for (const key in object) {
    const next = at.next[key]
    if (next === undefined) return false
    at = next
  }
  return at.listed
}

const plain = {
  variableMapSize: true,
  moreTypes: true,
  mapsAsObjects: true,
  // A field of this name is data, not something to call.
  useToJSON: false,
  // Bytes cannot make one object appear in two places, nor within itself.
  structuredClone: false,
}

function listing(table = shapes) {
  return {
    ...plain,
    // So marked, a shape may be defined anew by a piece of bytes for itself, but not for the next one.
    structures: table.map(shape => Object.assign(shape.split(','), { isShared: true })),
    maxSharedStructures: shapes.length,
  }
}

/** Extensions that `encode` never writes; strings in bundles take quadratic time to read. */
for (const [type, what] of [
  [0x62, 'a bundle of strings'],
  [0x65, 'an error'],
  [0x78, 'a regular expression'],
] as const) {
  addExtension({
    type,
    unpack: () => {
      throw new Error(`${what} is not data`)
    },
  })
}

const packr = new Packr({
  ...listing(),
  useRecords: isListed as unknown as boolean,
  // Each record in one pass over its fields instead of two. The library's types do not know it, and it asks for
  // room to define a shape; as only listed ones come here, none ever is.
  ...({ progressiveRecords: true } as object),
  maxOwnStructures: 1,
})
const stored = new Unpackr(listing())
const storedBefore = [
  new Unpackr(listing(shapes.map(shape => replaced[shape] ?? shape))),
  // Before the table names stood in the bytes, and 64 to 95 were numbers, not shapes.
  new Unpackr({ ...plain, useRecords: true }),
]
const fixed = listing()
/** A byte string that is kept must not keep the whole frame alive. */
const received = new Unpackr({ ...fixed, copyBuffers: true })
// Who sends us bytes cannot define shapes: each would stay, and be code.
Object.freeze(fixed.structures)

/**
 * Fresh bytes that nobody else holds. For plain data: objects, arrays, strings, numbers, booleans, null, bytes, Date,
 * Set. A `Map` comes back as an object, a function as undefined, half of a surrogate pair as the replacement
 * character.
 */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value)
}

/**
 * What a store of ours holds, of this format or an older one. Throws on what `encode` did not make. Byte strings
 * within share memory with `bytes`: neither is changed later.
 */
export function decode(bytes: Uint8Array): unknown {
  try {
    return stored.unpack(bytes)
  } catch (error) {
    // A number taken for a shape, or a shape for a longer one, asks for more values than there are: older bytes are
    // never misread without an error.
    for (const before of storedBefore) {
      try {
        return before.unpack(bytes)
      } catch {
        // Of another time.
      }
    }
    throw error
  }
}

/** What somebody sent. Throws on whatever `encode` would not have made. */
export function decodeReceived(bytes: Uint8Array): unknown {
  return received.unpack(bytes)
}
