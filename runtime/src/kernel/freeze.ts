/**
 * Deep-freezes what an actor passed on, so that changing it afterwards throws. Without that, a message that is shared
 * on one node and copied between two would behave differently, and only sometimes.
 *
 * What is frozen already is taken to be frozen all the way down: looking again costs more than all the rest.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  if (Array.isArray(value)) {
    Object.freeze(value)
    for (const item of value) if (typeof item === 'object') deepFreeze(item)
    return
  }
  // The language cannot freeze bytes.
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return
  Object.freeze(value)
  if (value instanceof Map) {
    for (const [key, item] of value) {
      deepFreeze(key)
      deepFreeze(item)
    }
  } else if (value instanceof Set) for (const item of value) deepFreeze(item)
  else freezeFields(value as Readonly<Record<string, unknown>>)
}

function freezeFields(fields: Readonly<Record<string, unknown>>): void {
  for (const key in fields) {
    const field = fields[key]
    if (typeof field === 'object') deepFreeze(field)
  }
}
