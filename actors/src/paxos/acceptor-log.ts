/**
 * The chosen prefix of an acceptor's log: which slots it can vouch for, how it hands them to the learner beside,
 * fetches what it missed from other acceptors, and forgets what the learner's rows hold.
 *
 * PMMC has leaders send decisions to every replica. Here they say only up to where all slots are chosen; an acceptor
 * that accepted a slot at the leader's own ballot knows the rest (rule PX9). So a value crosses each link once and is
 * stored once.
 */
import { type Address, assert, nodeOf, type Outbox } from '@synod/runtime/protocol'
import {
  type AcceptorState,
  dropTo,
  pvaluesBetween,
  raisePromise,
  sameBytes,
  store,
  toLearner,
} from './acceptor-state.ts'
import { type Ballot, compareBallots, type Pvalue, sameBallot } from './ballot.ts'
import type { AcceptorMessage } from './messages.ts'

type Of<Type extends AcceptorMessage['type']> = Extract<AcceptorMessage, { type: Type }>

/** The leader of `ballot` says that all slots up to `chosen` are chosen. */
export function claimChosen(state: AcceptorState, ballot: Ballot, chosen: number, out: Outbox): void {
  const order = compareBallots(ballot, state.claim.ballot)
  if (order < 0 || (order === 0 && chosen <= state.claim.chosen)) return
  state.claim = { ballot, chosen }
  vouch(state, out)
  if (state.vouched < chosen) lookFor(state, chosen, out)
}

/**
 * The leader of a ballot proposes one value per slot, and what is chosen in a slot is what it proposed there, if it
 * proposed there (rule PX9). So a value that was accepted at its ballot, in a slot that it says is chosen, is the
 * chosen one.
 */
export function vouch(state: AcceptorState, out: Outbox): void {
  const { ballot, chosen } = state.claim
  const before = state.vouched
  while (state.vouched < chosen) {
    const entry = state.log.get(state.vouched + 1)
    if (entry === undefined || !sameBallot(entry.ballot, ballot)) break
    state.vouched++
  }
  if (state.vouched > before) vouchedMore(state, out)
}

function vouchedMore(state: AcceptorState, out: Outbox): void {
  const { catchUp } = state
  if (catchUp !== undefined && state.vouched >= catchUp.slot) {
    state.catchUp = undefined
    out.cancelTimer('catchUp')
  }
  handOver(state, out)
}

function handOver(state: AcceptorState, out: Outbox): void {
  if (state.handed === undefined || state.handed >= state.vouched) return
  const from = state.handed + 1
  const { pvalues, next } = pvaluesBetween(state, from, state.vouched)
  assert(pvalues[0]?.slot === from, 'PX9: the log holds every slot that is vouched for')
  const more = next !== undefined
  state.handed = more ? undefined : state.vouched
  const chosen = Math.max(state.claim.chosen, state.vouched)
  toLearner(
    state,
    { type: 'paxos.decided', from, values: pvalues.map(pvalue => pvalue.value), more, chosen },
    out,
  )
}

export function onReplay(state: AcceptorState, message: Of<'replay'>, out: Outbox): void {
  if (message.from <= state.base) {
    toLearner(state, { type: 'paxos.needSnapshot', node: state.leader, slot: state.base }, out)
    return
  }
  if (message.from - 1 > state.vouched) installed(state, message.from - 1, out)
  state.handed = message.from - 1
  handOver(state, out)
}

/** A slot that others know to be chosen is missing here, or is here in another ballot. */
export function lookFor(state: AcceptorState, slot: number, out: Outbox, node = state.leader): void {
  const { catchUp } = state
  if (catchUp !== undefined) {
    if (slot > catchUp.slot) state.catchUp = { ...catchUp, slot }
    return
  }
  state.catchUp = { slot, node, tries: 0, vouched: state.vouched }
  // Not at once: what is missing may only have been overtaken.
  out.setTimer('catchUp', state.place.tuning.retryMs / 4)
}

export function onCatchUpTimer(state: AcceptorState, out: Outbox): void {
  const { catchUp, place } = state
  if (catchUp === undefined) return
  out.setTimer('catchUp', catchUp.tries === 0 ? place.tuning.retryMs / 4 : place.tuning.retryMs)
  if (state.vouched > catchUp.vouched) {
    // It comes by itself: what looked missing only waits behind other messages.
    state.catchUp = { ...catchUp, vouched: state.vouched }
    return
  }
  // Every second time another one, each in turn: who gave the last piece may have no more.
  const turn = place.others[Math.floor(catchUp.tries / 2) % Math.max(1, place.others.length)]
  const said = place.others.find(other => other.node === catchUp.node)
  const target = catchUp.tries % 2 === 0 ? (said ?? turn) : turn
  state.catchUp = { ...catchUp, tries: catchUp.tries + 1 }
  if (target !== undefined) fetchFrom(state, target.acceptor, out)
}

function fetchFrom(state: AcceptorState, target: Address, out: Outbox): void {
  const message: AcceptorMessage = { type: 'fetch', from: state.vouched + 1 }
  out.send(target, message)
}

/** Only what this acceptor vouches for is sent: values that are chosen, whatever else it may have accepted. */
export function onFetch(state: AcceptorState, from: Address, message: Of<'fetch'>, out: Outbox): void {
  if (!state.votes) return
  const answer: AcceptorMessage =
    message.from <= state.base
      ? { type: 'compacted', base: state.base }
      : {
          type: 'fetched',
          from: message.from,
          pvalues: pvaluesBetween(state, message.from, state.vouched).pvalues,
          vouched: state.vouched,
        }
  out.send(from, answer)
}

export function onFetched(state: AcceptorState, from: Address, message: Of<'fetched'>, out: Outbox): void {
  const before = state.vouched
  for (const pvalue of message.pvalues) {
    if (pvalue.slot === state.vouched + 1) learnChosen(state, pvalue, out)
  }
  if (state.vouched === before) return
  vouch(state, out)
  vouchedMore(state, out)
  if (state.catchUp === undefined) return
  state.catchUp = { ...state.catchUp, node: nodeOf(from), tries: 0, vouched: state.vouched }
  if (state.vouched < message.vouched) {
    fetchFrom(state, from, out)
    out.setTimer('catchUp', state.place.tuning.retryMs)
  }
}

/**
 * Writes a chosen value as if it had been accepted at the ballot under which it was chosen. Safe, because every higher
 * ballot proposes this value, and the promise is raised to it first.
 */
function learnChosen(state: AcceptorState, { slot, ballot, value }: Pvalue, out: Outbox): void {
  const before = state.log.get(slot)
  state.vouched = slot
  if (before !== undefined && compareBallots(before.ballot, ballot) >= 0) {
    assert(sameBytes(before.value, value), 'PX6: above a chosen ballot only the chosen value is accepted')
    return
  }
  raisePromise(state, ballot, out)
  store(state, slot, { ballot, value }, out)
}

export function onCompacted(state: AcceptorState, from: Address, base: number, out: Outbox): void {
  if (base <= state.vouched) return
  toLearner(state, { type: 'paxos.needSnapshot', node: nodeOf(from), slot: base }, out)
}

/** The learner's rows hold everything up to `slot`: the log keeps only a tail below for replicas that lag. */
export function onFlushed(state: AcceptorState, slot: number, out: Outbox): void {
  const { tailSlots, tailBytes } = state.place.tuning
  const limit = Math.min(slot, state.vouched)
  let base = state.base
  let bytes = state.logBytes
  while (base < limit && (state.vouched - base > tailSlots || bytes > tailBytes)) {
    base++
    bytes -= state.log.get(base)?.value.length ?? 0
  }
  dropTo(state, base, out)
  toLearner(state, { type: 'paxos.compacted', base }, out)
}

/** The learner holds the state at `slot`, from a snapshot: what the log has up to there is of no use any more. */
export function installed(state: AcceptorState, slot: number, out: Outbox): void {
  if (slot <= state.vouched) return
  state.vouched = slot
  state.handed = undefined
  dropTo(state, slot, out)
  vouch(state, out)
  vouchedMore(state, out)
}

export function onReadLog(state: AcceptorState, message: Of<'readLog'>, out: Outbox): void {
  const { pvalues } = pvaluesBetween(state, message.from, message.to)
  const { base, vouched } = state
  toLearner(state, { type: 'paxos.logRead', request: message.request, base, vouched, pvalues }, out)
}
