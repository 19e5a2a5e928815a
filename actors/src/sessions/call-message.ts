/** What a call says to the group. */
import { assert, unreachable } from '@synod/runtime/protocol'
import { usualMs } from '../answer-times.ts'
import type { GetMap } from '../sharding/messages.ts'
import type { Lookup, ReadKeys, ScanKeys, Submit } from '../transactions/messages.ts'
import type { Call, Context, Key, SubmitWork } from './state.ts'

/**
 * The group gives up before the asker does, so that a definite answer still arrives in time: by as much as answers
 * take.
 */
const marginMs = 500

export function messageOf(context: Context, call: Call): Submit | ReadKeys | ScanKeys | Lookup | GetMap {
  const { work } = call
  switch (work.kind) {
    case 'submit':
      return submit(context, call, work)
    case 'lookup':
      return {
        type: 'lookup',
        id: work.id,
        tag: context.state.firstTag + call.number,
        ...(work.fingerprint === undefined ? {} : { fingerprint: work.fingerprint }),
      }
    case 'read':
      return readKeys(context, call, work.ask, work.positions)
    case 'scan':
      return scanKeys(context, call, work.ask)
    case 'map':
      return { type: 'getMap', tag: context.state.firstTag + call.number }
    default:
      return unreachable(work)
  }
}

function submit(context: Context, call: Call, work: SubmitWork): Submit {
  const { id, shares, firstIncomplete, fingerprint, retainMs, after } = work
  const left = call.deadlineAt - context.nowMs
  return {
    type: 'submit',
    id,
    shares,
    epoch: context.state.map.epoch,
    firstIncomplete,
    ...(fingerprint === undefined ? undefined : { fingerprint }),
    ...(retainMs === undefined ? undefined : { retainMs }),
    patienceMs: Math.max(1, Math.floor(left - marginOf(context, call.group, left))),
    send: context.state.firstTag + call.send,
    after,
  }
}

function marginOf({ state }: Context, group: string, left: number): number {
  return Math.max(Math.min(marginMs, left / 4), Math.min(usualMs(state.answerTimes, group), left / 2))
}

function readKeys(context: Context, call: Call, number: number, positions: readonly number[]): ReadKeys {
  const ask = context.state.asks.get(number)
  assert(ask?.kind === 'read', 'a read call belongs to a read')
  const keys: Key[] = []
  for (const position of positions) {
    const key = ask.keys[position]
    if (key !== undefined) keys.push(key)
  }
  return {
    type: 'readKeys',
    tag: context.state.firstTag + call.number,
    epoch: context.state.map.epoch,
    keys,
    fast: ask.fast,
  }
}

function scanKeys(context: Context, call: Call, number: number): ScanKeys {
  const ask = context.state.asks.get(number)
  assert(ask?.kind === 'scan', 'a scan call belongs to a scan')
  const { keyspace, prefix, after, limit } = ask.request
  return {
    type: 'scanKeys',
    tag: context.state.firstTag + call.number,
    epoch: context.state.map.epoch,
    keyspace,
    prefix,
    ...(after === undefined ? {} : { after }),
    limit,
  }
}
