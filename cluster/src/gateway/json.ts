/** Anything an actor may hold, as JSON for people: bytes by their length and beginning, maps as objects. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replace)
}

const shownBytes = 32

function replace(this: unknown, key: string, value: unknown): unknown {
  // `toJSON` of a Buffer runs before the replacer: look at what was there.
  const raw = (this as Record<string, unknown>)[key]
  if (raw instanceof Uint8Array) {
    const shown = Buffer.from(raw.subarray(0, shownBytes)).toString('hex')
    return `${raw.length} bytes: ${shown}${raw.length > shownBytes ? '…' : ''}`
  }
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, held]) => [nameOf(name), held]))
  }
  if (value instanceof Set) return [...value]
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : toJson(key)
}
