/**
 * Is the history of one register linearizable? Wing & Gong's search with Lowe's memoisation (Testing for
 * linearizability, 2017), small and on its own, so that the suites do not rest on the checker that `verify` uses.
 */
import { assert } from '@synod/runtime/protocol'

/** One operation on one register. `returned` is Infinity when nobody knows whether it happened. */
export interface Operation {
  readonly op: 'put' | 'cas' | 'get'
  readonly value?: number | null
  readonly from?: number
  /** What a `get` returned; undefined when unknown. */
  readonly output?: unknown
  /** Whether a `cas` swapped; undefined when unknown. */
  readonly swapped?: boolean
  readonly called: number
  readonly returned: number
}

interface Entry {
  readonly operation: Operation
  readonly index: number
  readonly isCall: boolean
  match: Entry | undefined
  previous: Entry | undefined
  next: Entry | undefined
}

const maxSteps = 2_000_000
/** Lines shown of a history that is not linearizable. */
const shownOperations = 20

/** Throws when a history is not linearizable, and shows the end of its shortest part that is not. */
export function assertLinearizable(name: string, operations: readonly Operation[]): void {
  if (isLinearizable(operations)) return
  const ends = operations.map(one => one.returned).sort(compare)
  let good = -1
  let bad = ends.length - 1
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    if (isLinearizable(until(operations, ends[middle] ?? 0))) good = middle
    else bad = middle
  }
  const part = until(operations, ends[bad] ?? 0).sort((a, b) => compare(a.called, b.called))
  const lines = part.slice(-shownOperations).map(one => JSON.stringify(one))
  assert(
    false,
    `the history of ${name} is not linearizable; it is up to the last of these:\n${lines.join('\n')}`,
  )
}

/** What a client could know at that time: later answers are not there yet. */
function until(operations: readonly Operation[], time: number): Operation[] {
  return operations
    .filter(({ called }) => called <= time)
    .map(one => (one.returned <= time ? one : unanswered(one)))
    .filter(one => one.op !== 'get' || one.returned <= time)
}

function unanswered({ swapped: _swapped, output: _output, ...rest }: Operation): Operation {
  return { ...rest, returned: Number.POSITIVE_INFINITY }
}

/** True or false; throws when the search takes too long to say. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const head = listOf(operations)
  const seen = new Set<string>()
  const stack: { readonly entry: Entry; readonly state: unknown }[] = []
  let state: unknown = null
  let linearized = 0n
  let entry = head.next
  for (let steps = 0; head.next !== undefined; steps++) {
    if (steps > maxSteps) throw new Error(`linearizability: no answer after ${maxSteps} steps`)
    if (entry === undefined) throw new Error('linearizability: a return is missing')
    if (entry.isCall) {
      const after = step(state, entry.operation)
      const done = linearized | (1n << BigInt(entry.index))
      const key = after === undefined ? '' : `${done.toString(36)} ${JSON.stringify(after.state)}`
      if (after !== undefined && !seen.has(key)) {
        seen.add(key)
        stack.push({ entry, state })
        state = after.state
        linearized = done
        lift(entry)
        entry = head.next
      } else entry = entry.next
      continue
    }
    const last = stack.pop()
    if (last === undefined) return false
    state = last.state
    linearized &= ~(1n << BigInt(last.entry.index))
    unlift(last.entry)
    entry = last.entry.next
  }
  return true
}

/** What the register holds after an operation; undefined when the operation cannot have had its result here. */
function step(
  state: unknown,
  { op, value, from, output, swapped }: Operation,
): { state: unknown } | undefined {
  switch (op) {
    case 'put':
      return { state: value }
    case 'get':
      return output === undefined || output === state ? { state } : undefined
    case 'cas': {
      const swaps = state === from
      if (swapped !== undefined && swapped !== swaps) return undefined
      return { state: swaps ? value : state }
    }
  }
}

function listOf(operations: readonly Operation[]): Entry {
  const blank = { match: undefined, previous: undefined, next: undefined }
  const entries: Entry[] = []
  for (const [index, operation] of operations.entries()) {
    const ends: Entry = { operation, index, isCall: false, ...blank }
    entries.push({ operation, index, isCall: true, ...blank, match: ends }, ends)
  }
  const timeOf = ({ operation, isCall }: Entry) => (isCall ? operation.called : operation.returned)
  entries.sort(
    (a, b) => compare(timeOf(a), timeOf(b)) || Number(b.isCall) - Number(a.isCall) || a.index - b.index,
  )
  const head: Entry = { operation: { op: 'get', called: 0, returned: 0 }, index: -1, isCall: false, ...blank }
  let last = head
  for (const entry of entries) {
    last.next = entry
    entry.previous = last
    last = entry
  }
  return head
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function lift(entry: Entry): void {
  unlink(entry)
  if (entry.match !== undefined) unlink(entry.match)
}

function unlift(entry: Entry): void {
  if (entry.match !== undefined) link(entry.match)
  link(entry)
}

function unlink({ previous, next }: Entry): void {
  if (previous !== undefined) previous.next = next
  if (next !== undefined) next.previous = previous
}

function link(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry
  if (entry.next !== undefined) entry.next.previous = entry
}
