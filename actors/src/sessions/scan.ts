/** Scans: asked of every group that can hold keys of the prefix, merged in key order. */
import type { NodeId } from '@synod/runtime/protocol'
import type { KeysScanned } from '../transactions/messages.ts'
import { type Asker, answer } from './asker.ts'
import { answered, closeCall, openCall, troubleOf } from './calls.ts'
import type { ScanAnswer, SessionRequest } from './messages.ts'
import { scanGroups, unknownKeyspace } from './plan.ts'
import { type Call, type Context, type ScanAsk, takeNumber } from './state.ts'

type Scan = Extract<SessionRequest, { type: 'scan' }>
type Page = Pick<KeysScanned, 'entries' | 'more'>

export function onScan(context: Context, asker: Asker, request: Scan): void {
  const number = takeNumber(context.state)
  const deadlineAt = context.nowMs + request.deadlineMs
  const ask: ScanAsk = { kind: 'scan', number, asker, deadlineAt, request, pages: [], missing: 0 }
  context.state.asks.set(number, ask)
  askGroups(context, ask)
}

function askGroups(context: Context, ask: ScanAsk) {
  const { keyspace, prefix } = ask.request
  const groups = scanGroups(context.state.map, keyspace, prefix)
  if (groups === undefined) {
    return endScan(context, ask, 'refused', unknownKeyspace(context.state.map, keyspace))
  }
  ask.pages.length = 0
  ask.missing = groups.length
  for (const group of groups) openCall(context, { kind: 'scan', ask: ask.number }, group, ask.deadlineAt)
}

export function onKeysScanned(context: Context, call: Call, from: NodeId, message: KeysScanned): void {
  if (call.work.kind !== 'scan') return
  const ask = context.state.asks.get(call.work.ask)
  if (ask?.kind !== 'scan') return
  closeCall(context, call)
  answered(context, call, from)
  ask.pages.push(message)
  ask.missing -= 1
  if (ask.missing > 0) return
  context.state.asks.delete(ask.number)
  const result: ScanAnswer = { type: 'scanned', status: 'ok', ...mergePages(ask.pages, ask.request.limit) }
  answer(ask.asker, result, context.out)
}

/** The first `limit` entries of all pages. Beyond the end of a page that was cut short nothing is known. */
export function mergePages(pages: readonly Page[], limit: number): Page {
  let end: string | undefined
  for (const page of pages) {
    const last = page.entries.at(-1)?.key
    if (page.more && last !== undefined && (end === undefined || last < end)) end = last
  }
  const known = pages
    .flatMap(page => page.entries)
    .filter(entry => end === undefined || entry.key <= end)
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const total = pages.reduce((sum, page) => sum + page.entries.length, 0)
  const entries = known.slice(0, limit)
  return { entries, more: entries.length < total || pages.some(page => page.more) }
}

/** Pages of two maps do not fit together: the scan begins again. */
export function replanScan(context: Context, call: Call): void {
  if (call.work.kind !== 'scan') return
  const ask = context.state.asks.get(call.work.ask)
  closeCall(context, call)
  if (ask?.kind !== 'scan') return
  closeCalls(context, ask)
  askGroups(context, ask)
}

export function onScanDeadline(context: Context, ask: ScanAsk): void {
  const late = [...context.state.calls.values()].find(
    call => call.work.kind === 'scan' && call.work.ask === ask.number,
  )
  const trouble =
    late === undefined ? { status: 'unavailable' as const, detail: 'not scanned in time' } : troubleOf(late)
  endScan(context, ask, trouble.status, trouble.detail)
}

function endScan(
  context: Context,
  ask: ScanAsk,
  status: 'unavailable' | 'overloaded' | 'refused',
  detail: string,
): void {
  context.state.asks.delete(ask.number)
  closeCalls(context, ask)
  const result: ScanAnswer = { type: 'scanned', status, detail }
  answer(ask.asker, result, context.out)
}

function closeCalls(context: Context, ask: ScanAsk): void {
  for (const call of context.state.calls.values()) {
    if (call.work.kind === 'scan' && call.work.ask === ask.number) closeCall(context, call)
  }
}
