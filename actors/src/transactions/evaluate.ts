/**
 * What a group's share of a transaction would do now: its results, or why it cannot be. Reads and writes of the same
 * key see each other in the order of the operations. Changes nothing.
 */
import type { Json } from '@synod/runtime/protocol'
import { judge, nothingPending, type Reservation, unbounded } from '../concurrency/escrow.ts'
import { itemOf, type LockRequest, locksOf } from '../concurrency/lock-modes.ts'
import type { ReadonlyStore } from '../replicated/state-machine.ts'
import type { NumberedResult, Refused } from './commands.ts'
import { failedCondition } from './conditions.ts'
import { limits, sizeOf } from './limits.ts'
import type { Numbered } from './messages.ts'
import type { Operation, OperationResult } from './operations.ts'
import { row, type Stored } from './rows.ts'
import { scanValues } from './scan-values.ts'

export type Evaluation =
  | { readonly verdict: 'possible'; readonly results: readonly NumberedResult[] }
  | ({ readonly verdict: 'refused' } & Refused)
  /** Pending adds to these items leave it open. */
  | { readonly verdict: 'wait'; readonly items: readonly string[] }

/** `decides`: this group alone decides, and now; else new values of adds are not known yet. */
export interface Circumstances {
  readonly version: number
  readonly decides: boolean
}

type Step = { readonly result: OperationResult } | Omit<Refused, 'operation'>
interface View {
  readonly store: ReadonlyStore
  readonly modes: LockRequest['items']
  readonly version: number
  /** What the operations so far made of keys; undefined: deleted. */
  readonly written: Map<string, Stored | undefined>
  /** What is added to a key that is only added to, and what it holds. */
  readonly sums: Map<string, { readonly sum: Reservation; readonly value: number | undefined }>
}

export function evaluate(
  store: ReadonlyStore,
  operations: readonly Numbered[],
  circumstances: Circumstances,
  request: LockRequest = locksOf(operations.map(({ operation }) => operation)),
): Evaluation {
  const modes = request.items
  const view: View = { store, modes, version: circumstances.version, written: new Map(), sums: new Map() }
  const results: NumberedResult[] = []
  for (const { index, operation } of operations) {
    const step = stepOf(view, operation)
    if ('reason' in step) return { verdict: 'refused', operation: index, ...step }
    results.push({ index, result: step.result })
  }
  return judgeAdds(view, operations, results, circumstances.decides)
}

function stepOf(view: View, operation: Operation): Step {
  if (operation.op === 'scan') return { result: { entries: scanValues(view.store, operation, view.written) } }
  const item = itemOf(operation)
  if (operation.op === 'add' && view.modes.get(item) === 'add') return escrowed(view, item, operation)
  const overwrites = operation.op === 'put' || operation.op === 'delete'
  const now = overwrites ? undefined : valueNow(view, item)
  if (operation.op === 'get') return { result: { value: now?.value ?? null, version: now?.version ?? 0 } }
  if (operation.op === 'check') {
    const failed = failedCondition(operation, now)
    if (failed === undefined) return { result: { ok: true } }
    return { reason: 'checkFailed', detail: `${item}: ${failed}` }
  }
  const next = changed(operation, now?.value)
  if ('reason' in next) return { reason: next.reason, detail: `${item}: ${next.detail}` }
  view.written.set(item, next.value === undefined ? undefined : { value: next.value, version: view.version })
  if (operation.op === 'add') return { result: { value: next.value as number } }
  return { result: { version: view.version } }
}

function valueNow({ store, written }: View, item: string): Stored | undefined {
  return written.size > 0 && written.has(item) ? written.get(item) : row.value(store, item)
}

type Change = Extract<Operation, { op: 'put' | 'delete' | 'append' | 'add' }>

/** The value after a change of a key that nobody else may touch. */
function changed(
  operation: Change,
  before: Json | undefined,
): { readonly value: Json | undefined } | Omit<Refused, 'operation'> {
  switch (operation.op) {
    case 'put':
      return { value: operation.value }
    case 'delete':
      return { value: undefined }
    case 'append': {
      if (before !== undefined && !Array.isArray(before)) return { reason: 'notAList', detail: 'not a list' }
      const list = [...((before as readonly Json[] | undefined) ?? []), operation.value]
      if (sizeOf(list) <= limits.valueBytes) return { value: list }
      return { reason: 'tooLarge', detail: `the list would be larger than ${limits.valueBytes} bytes` }
    }
    case 'add': {
      const start = startOf(operation, before)
      if (typeof start !== 'number') return start
      const value = start + operation.amount
      const { min = unbounded.min, max = unbounded.max } = operation
      return value < min || value > max ? outOfBounds(start, operation.amount, { min, max }) : { value }
    }
  }
}

/** An add that excludes no other: taken into the sum of its key, judged when all are known. */
function escrowed(view: View, item: string, add: Extract<Operation, { op: 'add' }>): Step {
  const value = row.value(view.store, item)?.value
  const start = startOf(add, value)
  if (typeof start !== 'number') {
    // What pending adds create may be there soon: left to the judgement below.
    const comes = start.reason === 'missing' && row.escrow(view.store, item) !== undefined
    if (!comes) return { reason: start.reason, detail: `${item}: ${start.detail}` }
  }
  view.sums.set(item, { sum: summed(view.sums.get(item)?.sum, add), value: value as number | undefined })
  return { result: { value: null } }
}

function startOf(
  add: Extract<Operation, { op: 'add' }>,
  before: Json | undefined,
): number | Omit<Refused, 'operation'> {
  if (before === undefined) return add.initial ?? { reason: 'missing', detail: 'does not exist' }
  if (Number.isSafeInteger(before)) return before as number
  return { reason: 'notANumber', detail: 'not an integer' }
}

/** All adds of a transaction to one key: one sum within all their bounds. */
function summed(before: Reservation | undefined, add: Extract<Operation, { op: 'add' }>): Reservation {
  const initial = before?.initial ?? add.initial
  return {
    amount: (before?.amount ?? 0) + add.amount,
    min: Math.max(before?.min ?? unbounded.min, add.min ?? unbounded.min),
    max: Math.min(before?.max ?? unbounded.max, add.max ?? unbounded.max),
    ...(initial === undefined ? {} : { initial }),
  }
}

function judgeAdds(
  view: View,
  operations: readonly Numbered[],
  results: readonly NumberedResult[],
  decides: boolean,
): Evaluation {
  const waits: string[] = []
  const known = new Map<string, number>()
  for (const [item, { sum, value }] of view.sums) {
    const pending = row.escrow(view.store, item) ?? nothingPending
    const verdict = judgeOne(value, pending, sum)
    if (verdict === 'wait') waits.push(item)
    else if (verdict === 'outOfBounds') {
      const first = operations.find(({ operation }) => operation.op === 'add' && itemOf(operation) === item)
      const { detail } = outOfBounds(value ?? sum.initial ?? 0, sum.amount, sum)
      return {
        verdict: 'refused',
        reason: 'outOfBounds',
        operation: first?.index ?? 0,
        detail: `${item}: ${detail}`,
      }
    } else if (decides && pending.count === 0) known.set(item, value ?? sum.initial ?? 0)
  }
  if (waits.length > 0) return { verdict: 'wait', items: waits }
  return { verdict: 'possible', results: withNewValues(operations, results, known) }
}

function judgeOne(value: number | undefined, pending: typeof nothingPending, sum: Reservation) {
  if (!Number.isSafeInteger(sum.amount)) return 'outOfBounds'
  if (value !== undefined) return judge(value, pending, sum)
  // Two that would create the key must take it for the same number, whichever comes first.
  if (pending.count > 0 && pending.initial !== sum.initial) return 'wait'
  return judge(sum.initial ?? 0, pending, sum)
}

function withNewValues(
  operations: readonly Numbered[],
  results: readonly NumberedResult[],
  known: Map<string, number>,
): readonly NumberedResult[] {
  if (known.size === 0) return results
  return results.map((numbered, at) => {
    const operation = operations[at]?.operation
    if (operation?.op !== 'add') return numbered
    const item = itemOf(operation)
    const before = known.get(item)
    if (before === undefined) return numbered
    known.set(item, before + operation.amount)
    return { index: numbered.index, result: { value: before + operation.amount } }
  })
}

function outOfBounds(
  start: number,
  amount: number,
  { min, max }: { readonly min: number; readonly max: number },
): Omit<Refused, 'operation'> {
  const sum = `${start} ${amount < 0 ? '−' : '+'} ${Math.abs(amount)}`
  const detail = start + amount < min ? `${sum} is below ${min}` : `${sum} is above ${max}`
  return { reason: 'outOfBounds', detail }
}

/** What an add-only key is reserved for, by item. */
export function reservationsOf(
  operations: readonly Numbered[],
  modes: LockRequest['items'],
): Map<string, Reservation> {
  const sums = new Map<string, Reservation>()
  for (const { operation } of operations) {
    if (operation.op !== 'add') continue
    const item = itemOf(operation)
    if (modes.get(item) === 'add') sums.set(item, summed(sums.get(item), operation))
  }
  return sums
}
