/**
 * One encoding for rows, log batches and frames: MessagePack with inline record definitions, so that every piece of
 * bytes can be read alone, and no step of a stream can be lost.
 */
import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: true, moreTypes: true, mapsAsObjects: true })

/** Fresh bytes that nobody else holds. Throws on what is not structured-cloneable. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** Throws on bytes that `encode` did not make. */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}
