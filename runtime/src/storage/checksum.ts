/** The CRC-32 that each row carries. SQLite itself does not notice a flipped bit in a page. */
import { crc32 } from 'node:zlib'

/** Covers the names too, so that bytes which end up under another key are noticed. */
export function rowChecksum(owner: string, key: string, value: Uint8Array | string): number {
  return crc32(value, crc32(`${owner}\0${key}\0`))
}
