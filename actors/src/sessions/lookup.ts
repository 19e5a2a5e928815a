/** Lookups: what became of a transaction, asked of the group that coordinated it. */
import type { NodeId } from '@synod/runtime/protocol'
import { locate } from '../sharding/shard-map.ts'
import type { Submitted } from '../transactions/messages.ts'
import type { Outcome } from '../transactions/operations.ts'
import { type Asker, answer } from './asker.ts'
import { answered, closeCall, openCall } from './calls.ts'
import type { SessionRequest, TransactAnswer } from './messages.ts'
import { unknownKeyspace } from './plan.ts'
import { type Call, type Context, type LookupAsk, openSubmit, takeNumber, txKey } from './state.ts'

type LookupRequest = Extract<SessionRequest, { type: 'lookup' }>

export function onLookup(context: Context, asker: Asker, request: LookupRequest) {
  const { state } = context
  const { id, keyspace, key } = request
  const say = (outcome: Outcome) => answer(asker, { type: 'transacted', id, outcome }, context.out)
  const group = locate(state.map, keyspace, key)?.group
  if (group === undefined) {
    const detail = unknownKeyspace(state.map, keyspace)
    return say({ status: 'refused', reason: 'invalid', operation: 0, detail })
  }
  const tx = txKey(id)
  const open = openSubmit(context.state, tx)
  const { fingerprint } = request
  if (open !== undefined && open.work.fingerprint !== fingerprint && fingerprint !== undefined) {
    return say({ status: 'conflictingRequest', detail: 'this id is in use for another request' })
  }
  const number = takeNumber(state)
  const deadlineAt = context.nowMs + request.deadlineMs
  const call = undefined
  const ask: LookupAsk = { kind: 'lookup', number, asker, deadlineAt, id, keyspace, key, fingerprint, call }
  state.asks.set(number, ask)
  // A transaction that is being tried here answers for itself.
  if (open !== undefined) open.work.asks.push(number)
  else askGroup(context, ask, group)
}

function askGroup(context: Context, ask: LookupAsk, group: string): void {
  const { number, id, fingerprint, deadlineAt } = ask
  const work = { kind: 'lookup', ask: number, id, tx: txKey(id), fingerprint } as const
  ask.call = openCall(context, work, group, deadlineAt).number
}

/** `unavailable` says that nothing is known there; so it is an answer, not a reason to ask again. */
export function onLookedUp(context: Context, call: Call, from: NodeId, { outcome }: Submitted): void {
  if (call.work.kind !== 'lookup' || call.target !== from || outcome.status === 'overloaded') return
  answered(context, call, from)
  endLookup(context, call.work.ask, outcome)
}

/** [EX12] What it waited for ended: without a final outcome, so only the group can say what became of it. */
export function onTried(context: Context, ask: LookupAsk, outcome: Outcome): void {
  const open = ['unavailable', 'overloaded', 'unknown'].includes(outcome.status)
  const group = locate(context.state.map, ask.keyspace, ask.key)?.group
  if (open && group !== undefined) askGroup(context, ask, group)
  else endLookup(context, ask.number, outcome)
}

export function onLookupDeadline(context: Context, ask: LookupAsk): void {
  endLookup(context, ask.number, {
    status: 'unknown',
    detail: 'the coordinating group did not answer in time',
  })
}

export function replanLookup(context: Context, call: Call): void {
  if (call.work.kind !== 'lookup') return
  const ask = context.state.asks.get(call.work.ask)
  closeCall(context, call)
  if (ask?.kind !== 'lookup') return
  const group = locate(context.state.map, ask.keyspace, ask.key)?.group
  if (group !== undefined) askGroup(context, ask, group)
}

function endLookup(context: Context, number: number, outcome: Outcome): void {
  const { state } = context
  const ask = state.asks.get(number)
  if (ask?.kind !== 'lookup') return
  state.asks.delete(number)
  const call = ask.call === undefined ? undefined : state.calls.get(ask.call)
  if (call !== undefined) closeCall(context, call)
  const asks = openSubmit(state, txKey(ask.id))?.work.asks
  if (asks?.includes(number)) asks.splice(asks.indexOf(number), 1)
  const result: TransactAnswer = { type: 'transacted', id: ask.id, outcome }
  answer(ask.asker, result, context.out)
}
