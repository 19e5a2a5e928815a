/** Reads: split by group, joined by position. */
import type { NodeId } from '@synod/runtime/protocol'
import type { KeysRead } from '../transactions/messages.ts'
import { type Asker, answer } from './asker.ts'
import { answered, closeCall, openCall, troubleOf } from './calls.ts'
import type { ReadAnswer, SessionRequest } from './messages.ts'
import { byGroup } from './plan.ts'
import { type Call, type Context, type ReadAsk, takeNumber } from './state.ts'

export function onRead(context: Context, asker: Asker, request: Extract<SessionRequest, { type: 'read' }>) {
  const { state } = context
  const { keys } = request
  const groups = byGroup(state.map, keys)
  if ('misplaced' in groups)
    return say(context, asker, { type: 'read', status: 'refused', detail: groups.detail })
  if (keys.length === 0) return say(context, asker, { type: 'read', status: 'ok', values: [] })
  const number = takeNumber(state)
  const ask: ReadAsk = {
    kind: 'read',
    number,
    asker,
    deadlineAt: context.nowMs + request.deadlineMs,
    keys,
    fast: request.fast ?? false,
    values: keys.map(() => undefined),
    missing: keys.length,
  }
  state.asks.set(number, ask)
  for (const [group, positions] of groups) {
    openCall(context, { kind: 'read', ask: number, positions }, group, ask.deadlineAt)
  }
}

export function onKeysRead(context: Context, call: Call, from: NodeId, message: KeysRead): void {
  if (call.work.kind !== 'read') return
  const ask = context.state.asks.get(call.work.ask)
  if (ask?.kind !== 'read') return
  closeCall(context, call)
  answered(context, call, from)
  for (const [at, position] of call.work.positions.entries()) {
    const value = message.values[at]
    if (value === undefined || ask.values[position] !== undefined) continue
    ask.values[position] = value
    ask.missing -= 1
  }
  if (ask.missing > 0) return
  context.state.asks.delete(ask.number)
  const values = ask.values.filter(value => value !== undefined)
  say(context, ask.asker, { type: 'read', status: 'ok', values })
}

/** A new map may have spread the keys of one call over several groups. */
export function replanRead(context: Context, call: Call) {
  if (call.work.kind !== 'read') return
  const ask = context.state.asks.get(call.work.ask)
  closeCall(context, call)
  if (ask?.kind !== 'read') return
  const positions = call.work.positions
  const groups = byGroup(
    context.state.map,
    positions.map(position => ask.keys[position] ?? { keyspace: '', key: '' }),
  )
  if ('misplaced' in groups) return endRead(context, ask, 'refused', groups.detail)
  for (const [group, own] of groups) {
    const again = own.map(at => positions[at] ?? 0)
    openCall(context, { kind: 'read', ask: ask.number, positions: again }, group, ask.deadlineAt)
  }
}

export function onReadDeadline(context: Context, ask: ReadAsk): void {
  const late = [...context.state.calls.values()].find(
    call => call.work.kind === 'read' && call.work.ask === ask.number,
  )
  const trouble =
    late === undefined ? { status: 'unavailable' as const, detail: 'not read in time' } : troubleOf(late)
  endRead(context, ask, trouble.status, trouble.detail)
}

function endRead(
  context: Context,
  ask: ReadAsk,
  status: 'unavailable' | 'overloaded' | 'refused',
  detail: string,
): void {
  context.state.asks.delete(ask.number)
  for (const call of context.state.calls.values()) {
    if (call.work.kind === 'read' && call.work.ask === ask.number) closeCall(context, call)
  }
  say(context, ask.asker, { type: 'read', status, detail })
}

function say(context: Context, asker: Asker, result: ReadAnswer): void {
  answer(asker, result, context.out)
}
