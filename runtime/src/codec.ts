/**
 * One encoding for rows, log batches and frames: MessagePack with inline record definitions, so that every piece of
 * bytes can be read alone, and no step of a stream can be lost.
 */
import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: true, moreTypes: true, mapsAsObjects: true })

/**
 * Fresh bytes that nobody else holds. For plain data: objects, arrays, strings, numbers, booleans, null, bytes, Date, Set.
 * A `Map` comes back as an object, a function as undefined, half of a surrogate pair as the replacement character.
 */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** Throws on bytes that `encode` did not make. Byte strings within share memory with `bytes`: neither is changed later. */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}
