/** What must always hold of the session actor's state, and what it looks like from outside. */
import { assert, type Json } from '@synod/runtime/protocol'
import type { Call, SessionState } from './state.ts'

export function check(state: SessionState): void {
  assert(state.asks.size <= state.limits.asks, '[EX10] what waits is bounded')
  const served = new Set<number>()
  for (const call of state.calls.values()) {
    for (const ask of asksOf(call)) served.add(ask)
    if (call.work.kind === 'submit') {
      assert(state.submits.get(call.work.tx) === call.number, '[EX2] one call per transaction')
    }
  }
  for (const number of state.asks.keys()) {
    assert(served.has(number), '[EX1] every asker has something under way that will answer it')
  }
  assert(state.submits.size <= state.calls.size, '[EX2] no transaction without a call')
  assert(state.ticking || state.calls.size === 0, '[EX1] a deadline is watched while anything is open')
}

function asksOf(call: Call): readonly number[] {
  switch (call.work.kind) {
    case 'submit':
      return call.work.asks
    case 'map':
      return []
    default:
      return [call.work.ask]
  }
}

const shown = 50

export function describe(state: SessionState): Json {
  const kinds = { transact: 0, lookup: 0, read: 0, scan: 0, bulk: 0 }
  for (const ask of state.asks.values()) kinds[ask.kind] += 1
  const calls = [...state.calls.values()]
  return {
    session: state.own.id,
    nextSequence: state.own.nextSequence,
    epoch: state.map.epoch,
    leaders: Object.fromEntries([...state.leaders].sort(([a], [b]) => (a < b ? -1 : 1))),
    away: [...state.down].sort(),
    asks: kinds,
    calls: calls.length,
    oldest: calls.slice(0, shown).map(call => ({
      call: call.number,
      kind: call.work.kind,
      group: call.group,
      phase: call.phase,
      target: call.target ?? null,
      sends: call.sends,
      ...(call.work.kind === 'submit' ? { tx: call.work.tx, unsettled: call.work.unsettled.length } : {}),
    })),
  }
}
