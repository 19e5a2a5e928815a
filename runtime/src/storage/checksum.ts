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

export interface Flip {
  readonly at: number
  readonly mask: number
}

/** The bit of `length` bytes that, flipped, changes their CRC by `difference`; undefined when no single one does. */
export function flippedBit(length: number, difference: number): Flip | undefined {
  let left = difference >>> 0
  for (let at = length - 1; at >= 0; at--) {
    // The CRC takes in a byte as `table[(crc ^ byte) & 255] ^ (crc >>> 8)`; high bytes in the table are all different.
    const index = byHighByte[left >>> 24] as number
    const change = table[index] as number
    if (change === left && isOneBit(index)) return { at, mask: index }
    left = (((left ^ change) << 8) | index) >>> 0
  }
  return undefined
}

export function isOneBit(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})
const byHighByte = new Uint8Array(256)
for (const [index, crc] of table.entries()) byHighByte[crc >>> 24] = index
