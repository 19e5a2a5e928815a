/**
 * The session actor of a node, `<node>/session/main`: the way from a client or a service to the groups. It knows the
 * shard map and the leaders, sends again until the deadline, and answers every asker exactly once (SPEC.md).
 */
import {
  type ActorType,
  type Event,
  type NodeId,
  nodeOf,
  SlabMap,
  unreachable,
} from '@synod/runtime/protocol'
import { firstNumber } from '../first-number.ts'
import type { MapAnswer } from '../sharding/messages.ts'
import type { ToSession } from '../transactions/messages.ts'
import { type Asker, answer } from './asker.ts'
import { onBulk, onBulkDeadline } from './bulk.ts'
import { keepTicking, onNotLeader, onOverloaded, onPeer, onWrongEpoch, retryCalls } from './calls.ts'
import { onLookedUp, onLookup, onLookupDeadline } from './lookup.ts'
import type { SessionRequest } from './messages.ts'
import { onMap } from './new-map.ts'
import { openSession } from './own-session.ts'
import { check, describe } from './picture.ts'
import { onKeysRead, onRead, onReadDeadline } from './read.ts'
import { passBySilent, routesOf } from './routes.ts'
import { onKeysScanned, onScan, onScanDeadline } from './scan.ts'
import {
  type Ask,
  type Call,
  type Context,
  defaultLimits,
  type SessionConfig,
  type SessionState,
  txKey,
} from './state.ts'
import { onSubmitted, onTransact, onTransactDeadline } from './transact.ts'

export type SessionMessage = SessionRequest | ToSession | MapAnswer

export const session: ActorType<SessionState, SessionMessage, SessionConfig> = {
  type: 'session',
  start: (start, _rows, out) => ({
    node: start.node,
    limits: { ...defaultLimits, ...start.config.limits },
    map: start.config.map,
    own: openSession(start, out),
    leaders: new Map(),
    heardMs: new Map(),
    down: new Set(),
    asks: new SlabMap(),
    calls: new SlabMap(),
    answerTimes: new Map(),
    submits: new Map(),
    mapCall: undefined,
    firstTag: firstNumber(out.random()),
    nextNumber: 1,
    ticking: false,
  }),
  receive(state, event, out) {
    const context: Context = { state, nowMs: event.now.monotonicMs, out }
    onEvent(context, event)
    keepTicking(context)
  },
  check,
  describe,
  observesPeers: true,
}

function onEvent(context: Context, event: Event<SessionMessage>) {
  switch (event.kind) {
    case 'timer':
      return onTick(context)
    case 'peer':
      return onPeer(context, event.node, event.reachable)
    case 'request':
      if (isRequest(event.message))
        onRequest(context, { kind: 'request', request: event.request }, event.message)
      return
    case 'message': {
      const { from, message } = event
      if (!isRequest(message)) return onAnswer(context, nodeOf(from), message)
      return onRequest(context, { kind: 'actor', address: from, tag: message.tag }, message)
    }
    default:
      return unreachable(event)
  }
}

function isRequest(message: SessionMessage): message is SessionRequest {
  const { type } = message
  return (
    type === 'transact' ||
    type === 'read' ||
    type === 'routes' ||
    type === 'scan' ||
    type === 'bulk' ||
    type === 'lookup'
  )
}

function onRequest(context: Context, asker: Asker, request: SessionRequest) {
  if (request.type === 'routes') return answer(asker, routesOf(context.state), context.out)
  if (context.state.asks.size >= context.state.limits.asks) return refuse(context, asker, request)
  switch (request.type) {
    case 'transact':
      return onTransact(context, asker, request)
    case 'read':
      return onRead(context, asker, request)
    case 'scan':
      return onScan(context, asker, request)
    case 'bulk':
      return onBulk(context, asker, request)
    case 'lookup':
      return onLookup(context, asker, request)
    default:
      return unreachable(request)
  }
}

/** [EX10] What is too much is said at once, and definite. */
function refuse(context: Context, asker: Asker, request: Exclude<SessionRequest, { type: 'routes' }>) {
  const status = 'overloaded'
  const detail = `${context.state.limits.asks} requests wait at this node already`
  if (request.type === 'transact' || request.type === 'lookup') {
    const id = request.id ?? { session: context.state.own.id, sequence: 0 }
    return answer(asker, { type: 'transacted', id, outcome: { status, detail } }, context.out)
  }
  const types = { read: 'read', scan: 'scanned', bulk: 'bulkDone' } as const
  answer(asker, { type: types[request.type], status, detail }, context.out)
}

function onAnswer(context: Context, from: NodeId, message: ToSession | MapAnswer) {
  switch (message.type) {
    case 'submitted':
      // [EX12] What answers a lookup says nothing to a submit, perhaps of another request.
      if (message.send !== undefined) return onSubmitted(context, from, txKey(message.id), message)
      return onCall(context, message, call => onLookedUp(context, call, from, message))
    case 'map':
      return onMap(context, from, message)
    case 'keysRead':
      return onCall(context, message, call => onKeysRead(context, call, from, message))
    case 'keysScanned':
      return onCall(context, message, call => onKeysScanned(context, call, from, message))
    case 'notLeader':
      return onCall(context, message, call => onNotLeader(context, call, from, message))
    case 'wrongEpoch':
      return onCall(context, message, call => onWrongEpoch(context, call, message))
    case 'overloaded':
      return onCall(context, message, call => onOverloaded(context, call, message))
    default:
      return unreachable(message)
  }
}

/** The call that an answer belongs to: by tag, or the submit of a transaction. */
function onCall(
  context: Context,
  message: { readonly tag?: number; readonly tx?: string },
  handle: (call: Call) => void,
) {
  const { state } = context
  if (message.tag !== undefined) {
    const call = state.calls.get(message.tag - state.firstTag)
    if (call !== undefined) handle(call)
    return
  }
  if (message.tx === undefined) return
  const submitted = state.calls.get(state.submits.get(message.tx) ?? 0)
  if (submitted !== undefined) handle(submitted)
}

function onTick(context: Context): void {
  const { state, nowMs } = context
  state.ticking = false
  passBySilent(state, nowMs)
  for (const ask of state.asks.values()) if (ask.deadlineAt <= nowMs) onDeadline(context, ask)
  retryCalls(context)
}

function onDeadline(context: Context, ask: Ask) {
  switch (ask.kind) {
    case 'transact':
      return onTransactDeadline(context, ask)
    case 'lookup':
      return onLookupDeadline(context, ask)
    case 'read':
      return onReadDeadline(context, ask)
    case 'scan':
      return onScanDeadline(context, ask)
    case 'bulk':
      return onBulkDeadline(context, ask)
    default:
      return unreachable(ask)
  }
}
