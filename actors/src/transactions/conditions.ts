/** Whether a `check` holds. */
import type { Json } from '@synod/runtime/protocol'
import type { Condition } from './operations.ts'
import type { Stored } from './rows.ts'

/** What does not hold, in words; undefined when all does. */
export function failedCondition(condition: Condition, now: Stored | undefined): string | undefined {
  const { equals, exists, atLeast, version } = condition
  if (equals !== undefined && !(now !== undefined && sameJson(now.value, equals))) return 'is another value'
  if (exists !== undefined && exists !== (now !== undefined)) return exists ? 'does not exist' : 'exists'
  if (atLeast !== undefined && !(typeof now?.value === 'number' && now.value >= atLeast)) {
    return `is not at least ${atLeast}`
  }
  if (version !== undefined && version !== (now?.version ?? 0)) {
    return `is at version ${now?.version ?? 0}, not ${version}`
  }
  return undefined
}

export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = Object.entries(a)
  const right = new Map(Object.entries(b))
  if (left.length !== right.size) return false
  return left.every(([key, value]) => {
    const other = right.get(key)
    return other !== undefined && sameJson(value, other)
  })
}
