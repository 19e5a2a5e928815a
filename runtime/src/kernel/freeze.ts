/**
 * Deep-freezes what an actor passed on, so that changing it afterwards throws. Without that, a message that is shared
 * on one node and copied between two would behave differently, and only sometimes.
 */
const seen = new WeakSet<object>()

export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  // The language cannot freeze bytes.
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return
  seen.add(value)
  if (value instanceof Map) {
    for (const [key, item] of value) {
      deepFreeze(key)
      deepFreeze(item)
    }
  } else if (value instanceof Set) for (const item of value) deepFreeze(item)
  else for (const item of Object.values(value)) deepFreeze(item)
  Object.freeze(value)
}
