/**
 * Phase 1 (Paxos Made Simple §2.2; PMMC Fig. 5, the scout): open a ballot, collect promises from a majority, and take
 * over what they accepted. Differs from PMMC: reports come in pieces, start above what we know to be chosen, and tell
 * how far the promiser has compacted its log.
 */
import { type Address, type NodeId, type Now, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { encodeBatch } from '../replicated/machine-host.ts'
import { compareBallots, lifeOf, maxBallot, type Pvalue, sameBallot } from './ballot.ts'
import { stepDown } from './following.ts'
import { beginLeading } from './leading.ts'
import { isOver, noteLives } from './lives.ts'
import type { ProposerMessage } from './messages.ts'
import type { CatchingUp, ProposerState, Scouting } from './proposer-state.ts'
import { toAcceptors, toOwnAcceptor } from './proposer-state.ts'

type Of<Type extends ProposerMessage['type']> = Extract<ProposerMessage, { type: Type }>

/** Ticks of a scout before it starts over with a pre-vote. */
const scoutTicks = 10
/** Ticks that a catch-up may take, while nobody else takes the lead. */
const catchUpTicks = 100

/** `from`: the first slot that our own acceptor does not know to be chosen. */
export function startScout(state: ProposerState, from: number, out: Outbox): void {
  // Durable before any acceptor hears of it: a ballot is never opened twice.
  state.round = Math.max(state.round, state.highest.round) + 1
  out.save('round', state.round)
  const ballot = { round: state.round, by: state.by }
  state.highest = maxBallot(state.highest, ballot)
  state.phase = { name: 'scouting', ballot, from, promises: new Map(), pvalues: new Map(), ticks: 0 }
  toAcceptors(state, { type: 'prepare', ballot, from }, out)
  out.cancelTimer('election')
  out.setTimer('tick', state.place.tuning.heartbeatMs)
}

export function onScoutTick(state: ProposerState, phase: Scouting, out: Outbox): void {
  phase.ticks++
  if (phase.ticks > scoutTicks) {
    stepDown(state, 'no majority promised', out)
    return
  }
  for (const { node, acceptor } of state.place.members) {
    const promised = phase.promises.get(node)
    if (promised !== undefined && promised.next === undefined) continue
    out.send(acceptor, { type: 'prepare', ballot: phase.ballot, from: promised?.next ?? phase.from })
  }
  out.setTimer('tick', state.place.tuning.heartbeatMs)
}

export function onPromise(
  state: ProposerState,
  from: Address,
  message: Of<'promise'>,
  now: Now,
  out: Outbox,
): void {
  const { phase } = state
  if (phase.name !== 'scouting' || !sameBallot(message.ballot, phase.ballot)) return
  noteLives(state, message.lives)
  const node = nodeOf(from)
  const life = lifeOf(message.incarnation)
  const before = phase.promises.get(node)
  const expected = before === undefined ? phase.from : before.next
  if (message.from !== expected || isOver(state, node, life)) return
  phase.promises.set(node, { next: message.next, base: Math.max(before?.base ?? 0, message.base), life })
  for (const pvalue of message.pvalues) keepHigher(phase.pvalues, pvalue)
  if (message.next !== undefined) {
    out.send(from, { type: 'prepare', ballot: phase.ballot, from: message.next })
    return
  }
  adoptWithMajority(state, phase, now, out)
}

/** PMMC: `pmax`, the value of the highest ballot for each slot. */
function keepHigher(pvalues: Map<number, Pvalue>, pvalue: Pvalue): void {
  const there = pvalues.get(pvalue.slot)
  if (there === undefined || compareBallots(pvalue.ballot, there.ballot) > 0) pvalues.set(pvalue.slot, pvalue)
}

function adoptWithMajority(state: ProposerState, phase: Scouting, now: Now, out: Outbox): void {
  let complete = 0
  let base = 0
  let node: NodeId | undefined
  for (const [promiser, promised] of phase.promises) {
    if (promised.next !== undefined || isOver(state, promiser, promised.life)) continue
    complete++
    if (promised.base > base) [base, node] = [promised.base, promiser]
  }
  if (complete < state.place.majority) return
  if (base < phase.from) {
    lead(state, phase.ballot, phase.from - 1, phase.pvalues, now, out)
    return
  }
  // What is compacted there was chosen, but is not reported: no-ops there would overwrite it (PX11).
  state.phase = { name: 'catchingUp', ballot: phase.ballot, base, pvalues: phase.pvalues, ticks: 0 }
  if (node !== undefined) toOwnAcceptor(state, { type: 'catchUp', node, slot: base }, out)
}

/** Asks our own acceptor again where it stands. */
export function onCatchUpTick(state: ProposerState, phase: CatchingUp, out: Outbox): void {
  phase.ticks++
  if (phase.ticks > catchUpTicks) {
    stepDown(state, 'could not catch up', out)
    return
  }
  state.campaign++
  toOwnAcceptor(state, { type: 'preVote', campaign: state.campaign }, out)
  out.setTimer('tick', state.place.tuning.heartbeatMs)
}

export function onCaughtUp(
  state: ProposerState,
  phase: CatchingUp,
  vouched: number,
  now: Now,
  out: Outbox,
): void {
  if (vouched >= phase.base) lead(state, phase.ballot, vouched, phase.pvalues, now, out)
}

/** Adopted: propose again what was accepted above `chosen`, no-ops in the gaps, and a no-op of our own. */
function lead(
  state: ProposerState,
  ballot: Scouting['ballot'],
  chosen: number,
  pvalues: ReadonlyMap<number, Pvalue>,
  now: Now,
  out: Outbox,
): void {
  const noOp = encodeBatch({ timeMs: now.wallMs, commands: [] })
  let last = chosen
  for (const slot of pvalues.keys()) if (slot > last) last = slot
  const inherited: Uint8Array[] = []
  for (let slot = chosen + 1; slot <= last; slot++) inherited.push(pvalues.get(slot)?.value ?? noOp)
  inherited.push(noOp)
  beginLeading(state, ballot, chosen, inherited, now, out)
}
