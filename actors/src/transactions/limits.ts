/** What a transaction may be, and what a leader takes on. */
import type { Json } from '@synod/runtime/protocol'
import type { Refused } from './commands.ts'
import type { Share } from './messages.ts'
import type { Operation } from './operations.ts'

export const limits = {
  valueBytes: 1 << 20,
  operations: 1_000,
  keyLength: 1_024,
  scanEntries: 1_000,
  /** Transactions that a leader runs at once, and those that wait for locks beside them. */
  running: 10_000,
  waiting: 5_000,
  reads: 10_000,
} as const

/** Roughly the bytes of a value's JSON text; stops counting beyond `enough`. */
export function sizeOf(value: Json, enough: number = limits.valueBytes): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return sizeOfList(value, enough)
  return sizeOfFields(value as Readonly<Record<string, Json>>, enough)
}

function sizeOfList(list: readonly Json[], enough: number): number {
  let size = 2
  for (const part of list) {
    size += 1 + sizeOf(part, enough - size)
    if (size > enough) break
  }
  return size
}

function sizeOfFields(fields: Readonly<Record<string, Json>>, enough: number): number {
  let size = 2
  for (const [key, part] of Object.entries(fields)) {
    size += key.length + 4 + sizeOf(part, enough - size)
    if (size > enough) break
  }
  return size
}

/** [TX19] Depends on the request alone: a retry gets the same answer, so that nothing needs to be recorded. */
export function firstUnfit(shares: readonly Pick<Share, 'operations'>[]): Refused | undefined {
  let count = 0
  for (const share of shares) count += share.operations.length
  if (count > limits.operations) {
    const detail = `${count} operations: a transaction may have ${limits.operations}`
    return { reason: 'tooLarge', operation: limits.operations, detail }
  }
  for (const share of shares) {
    for (const { index, operation } of share.operations) {
      const unfit = unfitness(operation)
      if (unfit !== undefined) return { operation: index, ...unfit }
    }
  }
  return undefined
}

function unfitness(operation: Operation): Omit<Refused, 'operation'> | undefined {
  if (operation.key.length > limits.keyLength) {
    return {
      reason: 'tooLarge',
      detail: `a key of ${operation.key.length} characters; at most ${limits.keyLength}`,
    }
  }
  if (operation.op === 'put' || operation.op === 'append') {
    if (sizeOf(operation.value) > limits.valueBytes) {
      return { reason: 'tooLarge', detail: `the value is larger than ${limits.valueBytes} bytes` }
    }
  }
  if (operation.op === 'add') {
    const numbers = [operation.amount, operation.min ?? 0, operation.max ?? 0, operation.initial ?? 0]
    if (!numbers.every(Number.isSafeInteger)) {
      return {
        reason: 'invalid',
        detail: 'amount, min, max and initial of an add are integers within ±(2^53 − 1)',
      }
    }
  }
  return undefined
}
