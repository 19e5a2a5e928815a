/** The CRC-32 that each row carries. SQLite itself does not notice a flipped bit in a page. */
import { crc32 } from 'node:zlib'

/** Covers the names too, so that bytes which end up under another key are noticed. */
export function rowChecksum(owner: string, key: string, value: Uint8Array | string): number {
  return crc32(value, crc32(`${owner}\0${key}\0`))
}

/** Of a turn in the journal. The number takes part: an entry of another turn is not taken for this one's. */
export function entryChecksum(turn: number, entry: Uint8Array): number {
  return crc32(entry, turn >>> 0)
}
