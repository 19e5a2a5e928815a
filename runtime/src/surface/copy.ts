/**
 * What crosses from one actor to another, or to the caller outside, is a copy: nobody holds a part of another's state,
 * and a message that works on one node works between two.
 */
import type { Json } from '../actor.ts'
import { decode, encode } from '../codec.ts'

export function copy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? decode(encode(value)) : value
}

/** Something close to the value that can be shown: for `describe`. */
export function picture(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'object':
      return value === null ? null : pictureOf(value)
    default:
      return String(value)
  }
}

function pictureOf(value: object): Json {
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, picture)
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (value instanceof Date) return value.toISOString()
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [String(key), picture(item)]))
}
