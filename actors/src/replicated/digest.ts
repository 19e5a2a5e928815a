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
    const first = hashValue(value, hashText(key, 0x811c9dc5)) >>> 0
    low = (low + first) >>> 0
    high = (high + Math.imul(first ^ (first >>> 15), 0x2c1b3c6d)) >>> 0
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** As JSON writes it: nearly every text is itself between quotes. */
function hashQuoted(text: string, seed: number): number {
  let hash = hashText('"', seed)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c)
      return hashText(JSON.stringify(text), seed)
    hash = Math.imul(hash ^ unit, 0x01000193)
  }
  return hashText('"', hash)
}

/**
 * Hashes a value's canonical text, piece by piece: JSON with the fields in order, those that are undefined left out.
 */
function hashValue(value: unknown, seed: number): number {
  if (typeof value === 'string') return hashQuoted(value, seed)
  if (typeof value === 'bigint') return hashText(`${value}n`, seed)
  if (Number.isFinite(value)) return hashText(`${value}`, seed)
  if (typeof value !== 'object' || value === null) return hashText(JSON.stringify(value) ?? 'undefined', seed)
  if (value instanceof Uint8Array) return hashText(`bytes:${chain(0, value)}:${value.length}`, seed)
  return Array.isArray(value) ? hashList(value, seed) : hashFields(value as Fields, seed)
}

type Fields = Readonly<Record<string, unknown>>

function hashList(list: readonly unknown[], seed: number): number {
  let hash = hashText('[', seed)
  for (let at = 0; at < list.length; at++) hash = hashValue(list[at], at === 0 ? hash : hashText(',', hash))
  return hashText(']', hash)
}

function hashFields(fields: Fields, seed: number): number {
  let hash = hashText('{', seed)
  let isFirst = true
  for (const name of Object.keys(fields).sort()) {
    const field = fields[name]
    if (field === undefined) continue
    hash = hashQuoted(name, isFirst ? hash : hashText(',', hash))
    hash = hashValue(field, hashText(':', hash))
    isFirst = false
  }
  return hashText('}', hash)
}
