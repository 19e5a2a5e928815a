/** Lookups: what became of a transaction, asked of the group that coordinated it. */
import type { NodeId } from '@synod/runtime/protocol'
import { locate } from '../sharding/shard-map.ts'
import type { Submitted, TxKey } from '../transactions/messages.ts'
import type { Outcome } from '../transactions/operations.ts'
import { type Asker, answer } from './asker.ts'
import { answered, closeCall, openCall } from './calls.ts'
import type { SessionRequest, TransactAnswer } from './messages.ts'
import { unknownKeyspace } from './plan.ts'
import {
  type Call,
  type Context,
  type LookupAsk,
  type LookupWork,
  type SessionState,
  takeNumber,
  txKey,
} from './state.ts'
import { openSubmit } from './transact.ts'

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
  if (
    open !== undefined &&
    open.work.fingerprint !== request.fingerprint &&
    request.fingerprint !== undefined
  ) {
    return say({ status: 'conflictingRequest', detail: 'this id is in use for another request' })
  }
  const number = takeNumber(state)
  const deadlineAt = context.nowMs + request.deadlineMs
  const ask: LookupAsk = { kind: 'lookup', number, asker, deadlineAt, id, keyspace, key }
  state.asks.set(number, ask)
  // A transaction that is being tried here answers for itself.
  if (open !== undefined) open.work.asks.push(number)
  else {
    const { fingerprint } = request
    openCall(context, { kind: 'lookup', ask: number, id, tx, fingerprint }, group, deadlineAt)
  }
}

export function openLookups(
  { calls, lookups }: SessionState,
  tx: TxKey,
): readonly { readonly call: Call; readonly work: LookupWork }[] {
  const numbers = lookups.get(tx)
  if (numbers === undefined) return none
  return [...numbers].flatMap(number => {
    const call = calls.get(number)
    return call?.work.kind === 'lookup' ? [{ call, work: call.work }] : []
  })
}

const none: readonly never[] = []

/** `unavailable` says that nothing is known there; so it is an answer, not a reason to ask again. */
export function onLookedUp(context: Context, from: NodeId, tx: TxKey, message: Submitted): void {
  for (const { call, work } of openLookups(context.state, tx)) {
    if (call.target !== from || message.outcome.status === 'overloaded') continue
    answered(context, call, from)
    endLookup(context, work.ask, message.outcome)
  }
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
  if (group !== undefined) openCall(context, call.work, group, ask.deadlineAt)
}

function endLookup(context: Context, number: number, outcome: Outcome): void {
  const { state } = context
  const ask = state.asks.get(number)
  if (ask?.kind !== 'lookup') return
  state.asks.delete(number)
  const tx = txKey(ask.id)
  for (const { call, work } of openLookups(state, tx)) if (work.ask === number) closeCall(context, call)
  const asks = openSubmit(state, tx)?.work.asks
  if (asks?.includes(number)) asks.splice(asks.indexOf(number), 1)
  const result: TransactAnswer = { type: 'transacted', id: ask.id, outcome }
  answer(ask.asker, result, context.out)
}
