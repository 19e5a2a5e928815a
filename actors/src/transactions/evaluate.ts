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
import type { OperationResult } from './operations.ts'
import { type Stored, table } from './rows.ts'
import { scanValues } from './scan-values.ts'
import type { Add, ItemLock, Step, Work } from './work.ts'

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

type Refusing = Omit<Refused, 'operation'>
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
    const result = resultOf(view, step)
    if ('reason' in result) {
      const { reason, detail } = result
      return { verdict: 'refused', operation: step.index, reason, detail }
    }
    results.push({ index: step.index, result })
  }
  return judgeAdds(view, work, results, decides)
}

function resultOf(view: View, step: Step): OperationResult | Refusing {
  if (step.lock === undefined) return { entries: scanValues(view.store, step.operation, view.written) }
  const { operation } = step
  const { item, mode } = step.lock
  switch (operation.op) {
    case 'put':
      return written(view, item, operation.value)
    case 'delete':
      return written(view, item, undefined)
    case 'get': {
      const now = valueNow(view, item)
      return { value: now?.value ?? null, version: now?.version ?? 0 }
    }
    case 'check': {
      const failed = failedCondition(operation, valueNow(view, item))
      return failed === undefined ? holds : { reason: 'checkFailed', detail: `${item}: ${failed}` }
    }
    case 'append':
      return appended(view, item, operation.value)
    case 'add':
      return mode === 'add' ? escrowed(view, item, operation) : added(view, item, operation)
  }
}

const holds: OperationResult = { ok: true }
/** Of an add that others may be pending beside. */
const notKnownYet: OperationResult = { value: null }

function valueNow({ values, written }: View, item: string): Stored | undefined {
  return written?.has(item) ? written.get(item) : values.get(item)
}

function written(view: View, item: string, value: Json | undefined): OperationResult {
  const { version } = view
  view.written?.set(item, value === undefined ? undefined : { value, version })
  return { version }
}

function appended(view: View, item: string, value: Json): OperationResult | Refusing {
  const before = valueNow(view, item)?.value
  if (before !== undefined && !Array.isArray(before)) {
    return { reason: 'notAList', detail: `${item}: not a list` }
  }
  const list = [...((before as readonly Json[] | undefined) ?? []), value]
  if (sizeOf(list) <= limits.valueBytes) return written(view, item, list)
  const detail = `${item}: the list would be larger than ${limits.valueBytes} bytes`
  return { reason: 'tooLarge', detail }
}

/** An add to a key that nobody else may touch. */
function added(view: View, item: string, add: Add): OperationResult | Refusing {
  const start = startOf(add, item, valueNow(view, item)?.value)
  if (typeof start !== 'number') return start
  const value = start + add.amount
  const { min = unbounded.min, max = unbounded.max } = add
  if (value < min || value > max) return outOfBounds(item, start, { amount: add.amount, min, max })
  written(view, item, value)
  return { value }
}

/** An add that excludes no other: part of the sum of its key, which is judged when nothing else speaks against it. */
function escrowed(view: View, item: string, add: Add): OperationResult | Refusing {
  const start = startOf(add, item, view.values.get(item)?.value)
  // What pending adds create may be there soon: left to the judgement below.
  const comes = typeof start !== 'number' && start.reason === 'missing' && table.escrow(view.store).has(item)
  return typeof start === 'number' || comes ? notKnownYet : start
}

function startOf(add: Add, item: string, before: Json | undefined): number | Refusing {
  if (before === undefined) return add.initial ?? { reason: 'missing', detail: `${item}: does not exist` }
  if (Number.isSafeInteger(before)) return before as number
  return { reason: 'notANumber', detail: `${item}: not an integer` }
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
      return { verdict: 'refused', operation, ...outOfBounds(item, start, sum) }
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
  item: string,
  start: number,
  { amount, min, max }: Pick<Reservation, 'amount' | 'min' | 'max'>,
): Refusing {
  const sum = `${start} ${amount < 0 ? '−' : '+'} ${Math.abs(amount)}`
  const detail = start + amount < min ? `${sum} is below ${min}` : `${sum} is above ${max}`
  return { reason: 'outOfBounds', detail: `${item}: ${detail}` }
}
