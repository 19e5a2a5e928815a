/**
 * Two checks that replicas agree: a running digest over the chosen values (equal logs), and a hash over the applied
 * state that depends neither on the order of keys nor on the order of an object's fields (equal states).
 */
const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})
/** What a byte does that is one, two, three places further from the end: four bytes a step instead of one. */
const one = crcTable.map(after)
const two = one.map(after)
const three = two.map(after)

function after(crc: number): number {
  return (crc >>> 8) ^ (crcTable[crc & 0xff] ?? 0)
}

/** CRC-32 of `bytes`, chained: `previous` is the digest of everything before. */
export function chain(previous: number, bytes: Uint8Array): number {
  let crc = ~previous
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    crc ^= ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    const near = (crcTable[crc >>> 24] ?? 0) ^ (one[(crc >>> 16) & 0xff] ?? 0)
    crc = near ^ (two[(crc >>> 8) & 0xff] ?? 0) ^ (three[crc & 0xff] ?? 0)
  }
  for (; at < bytes.length; at++) crc = after(crc ^ (bytes[at] ?? 0))
  return ~crc >>> 0
}

export function hashEntries(entries: Iterable<readonly [string, unknown]>): string {
  let low = 0
  let high = 0
  for (const [key, value] of entries) {
    const first = hashText(canonical(value), hashText(key, 0x811c9dc5))
    low = (low + first) >>> 0
    high = (high + Math.imul(first ^ (first >>> 15), 0x2c1b3c6d)) >>> 0
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${chain(0, value)}:${value.length}`
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
  }
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined')
}
