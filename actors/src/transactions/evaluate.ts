/**
 * What a group's share of a transaction would do now: its results, or why it cannot be. Reads and writes of the same
 * key see each other in the order of the operations. Changes nothing.
 */
import type { Json } from '@synod/runtime/protocol'
import { judge, nothingPending, type Reservation, unbounded } from '../concurrency/escrow.ts'
import type { ReadonlyStore, ReadonlyTable } from '../replicated/state-machine.ts'
import type { NumberedResult, Refused } from './commands.ts'
import { failedCondition } from './conditions.ts'
import { limits, sizeOf } from './limits.ts'
import type { Operation, OperationResult } from './operations.ts'
import { type Stored, table } from './rows.ts'
import { scanValues } from './scan-values.ts'
import type { ItemLock, Step, Work } from './work.ts'

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

type Taken = { readonly result: OperationResult } | Omit<Refused, 'operation'>
interface View {
  readonly store: ReadonlyStore
  readonly values: ReadonlyTable<Stored>
  readonly version: number
  /** What the operations so far made of keys (undefined: deleted), where there are more to come. */
  readonly written: Map<string, Stored | undefined> | undefined
}

export function evaluate(store: ReadonlyStore, work: Work, circumstances: Circumstances): Evaluation {
  const { version, decides } = circumstances
  const written = work.steps.length > 1 ? new Map<string, Stored | undefined>() : undefined
  const view: View = { store, values: table.values(store), version, written }
  const results: NumberedResult[] = []
  for (const step of work.steps) {
    const taken = take(view, step)
    if ('reason' in taken) {
      const { reason, detail } = taken
      return { verdict: 'refused', operation: step.index, reason, detail }
    }
    results.push({ index: step.index, result: taken.result })
  }
  return judgeAdds(view, work, results, decides)
}

function take(view: View, step: Step): Taken {
  if (step.lock === undefined)
    return { result: { entries: scanValues(view.store, step.operation, view.written) } }
  const { operation } = step
  const { item, mode } = step.lock
  if (operation.op === 'add' && mode === 'add') return escrowed(view, item, operation)
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
  view.written?.set(item, next.value === undefined ? undefined : { value: next.value, version: view.version })
  if (operation.op === 'add') return { result: { value: next.value as number } }
  return { result: { version: view.version } }
}

function valueNow({ values, written }: View, item: string): Stored | undefined {
  return written?.has(item) ? written.get(item) : values.get(item)
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

/** An add that excludes no other: part of the sum of its key, which is judged when nothing else speaks against it. */
function escrowed(view: View, item: string, add: Extract<Operation, { op: 'add' }>): Taken {
  const start = startOf(add, view.values.get(item)?.value)
  if (typeof start !== 'number') {
    // What pending adds create may be there soon: left to the judgement below.
    const comes = start.reason === 'missing' && table.escrow(view.store).has(item)
    if (!comes) return { reason: start.reason, detail: `${item}: ${start.detail}` }
  }
  return unknownValue
}

const unknownValue: Taken = { result: { value: null } }

function startOf(
  add: Extract<Operation, { op: 'add' }>,
  before: Json | undefined,
): number | Omit<Refused, 'operation'> {
  if (before === undefined) return add.initial ?? { reason: 'missing', detail: 'does not exist' }
  if (Number.isSafeInteger(before)) return before as number
  return { reason: 'notANumber', detail: 'not an integer' }
}

function judgeAdds(
  { store, values }: View,
  { steps, locks }: Work,
  results: readonly NumberedResult[],
  decides: boolean,
): Evaluation {
  const waits: string[] = []
  let known: Map<ItemLock, number> | undefined
  for (const lock of locks) {
    const { item, mode, sum } = lock
    if (mode !== 'add' || sum === undefined) continue
    const value = values.get(item)?.value as number | undefined
    const pending = table.escrow(store).get(item) ?? nothingPending
    const verdict = judgeOne(value, pending, sum)
    const start = value ?? sum.initial ?? 0
    if (verdict === 'wait') waits.push(item)
    else if (verdict === 'outOfBounds') {
      const operation = steps.find(step => step.lock === lock)?.index ?? 0
      const { reason, detail } = outOfBounds(start, sum.amount, sum)
      return { verdict: 'refused', reason, operation, detail: `${item}: ${detail}` }
    } else if (decides && pending.count === 0) {
      known ??= new Map()
      known.set(lock, start)
    }
  }
  if (waits.length > 0) return { verdict: 'wait', items: waits }
  return {
    verdict: 'possible',
    results: known === undefined ? results : withNewValues(steps, results, known),
  }
}

function judgeOne(value: number | undefined, pending: typeof nothingPending, sum: Reservation) {
  if (!Number.isSafeInteger(sum.amount)) return 'outOfBounds'
  if (value !== undefined) return judge(value, pending, sum)
  // Two that would create the key must take it for the same number, whichever comes first.
  if (pending.count > 0 && pending.initial !== sum.initial) return 'wait'
  return judge(sum.initial ?? 0, pending, sum)
}

function withNewValues(
  steps: readonly Step[],
  results: readonly NumberedResult[],
  known: Map<ItemLock, number>,
): readonly NumberedResult[] {
  return results.map((numbered, at) => {
    const { lock, operation } = steps[at] ?? {}
    const before = lock === undefined ? undefined : known.get(lock)
    if (lock === undefined || before === undefined || operation?.op !== 'add') return numbered
    const value = before + operation.amount
    known.set(lock, value)
    return { index: numbered.index, result: { value } }
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
