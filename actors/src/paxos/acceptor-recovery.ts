/**
 * The amnesia rule (PX20 to PX23): an acceptor that lost its memory votes again only after it has adopted what the
 * others remember. Michael, Ports, Sharma, Szekeres: Recovering Shared Objects Without Stable Storage (DISC 2017),
 * from where the vector of lives comes; Viewstamped Replication Revisited §4.3 has the nonce.
 */
import { type Address, nodeOf, type Outbox } from '@synod/runtime/protocol'
import {
  type AcceptorState,
  dropTo,
  type Entry,
  pvaluesBetween,
  raisePromise,
  store,
  toLearner,
  toProposer,
} from './acceptor-state.ts'
import { compareBallots, lifeOf, maxBallot, noBallot } from './ballot.ts'
import type { AcceptorMessage, Lives } from './messages.ts'

type Of<Type extends AcceptorMessage['type']> = Extract<AcceptorMessage, { type: Type }>

/**
 * Answers that are needed: so many that every majority which this acceptor was ever part of has one of its other
 * members among them. A majority holds q − 1 others out of n − 1; n − q + 1 of those n − 1 cannot miss them all.
 */
export function answersNeeded(members: number, majority: number): number {
  return members - majority + 1
}

export function startRecovery(state: AcceptorState, out: Outbox): void {
  const nonce = `${state.place.incarnation}/${Math.floor(out.random() * 2 ** 48).toString(36)}`
  state.recovery = { nonce, answers: new Map(), union: new Map() }
  out.note('acceptor has lost its memory', { group: state.place.group })
  askForRecovery(state, out)
}

/** Again and again, until enough have answered completely. */
export function askForRecovery(state: AcceptorState, out: Outbox): void {
  const { recovery, place } = state
  if (recovery === undefined) return
  for (const other of place.others) {
    const answer = recovery.answers.get(other.node)
    if (answer !== undefined && answer.next === undefined) continue
    ask(state, recovery.nonce, other.acceptor, answer?.next ?? 0, out)
  }
  finishRecovery(state, out)
  out.setTimer('recover', place.tuning.retryMs)
}

function ask(state: AcceptorState, nonce: string, to: Address, from: number, out: Outbox): void {
  const message: AcceptorMessage = { type: 'recover', nonce, incarnation: state.place.incarnation, from }
  out.send(to, message)
}

/** The asker's new life is noted, durable, before the answer leaves: from then on our votes tell of it (PX22). */
export function onRecover(state: AcceptorState, from: Address, message: Of<'recover'>, out: Outbox): void {
  if (!state.votes) return
  const lives = mergeLives(state.lives, { [nodeOf(from)]: lifeOf(message.incarnation) })
  if (lives !== state.lives) {
    state.lives = lives
    out.save('lives', lives)
  }
  const { pvalues, next } = pvaluesBetween(state, message.from, state.top)
  const answer: AcceptorMessage = {
    type: 'recovery',
    nonce: message.nonce,
    from: message.from,
    ...(next === undefined ? {} : { next }),
    promise: state.promise,
    base: state.base,
    pvalues,
    lives: state.lives,
  }
  out.send(from, answer)
}

export function onRecovery(state: AcceptorState, from: Address, message: Of<'recovery'>, out: Outbox): void {
  const { recovery } = state
  if (recovery === undefined || message.nonce !== recovery.nonce) return
  const before = recovery.answers.get(nodeOf(from))
  const expected = before === undefined ? 0 : before.next
  if (message.from !== expected) return
  recovery.answers.set(nodeOf(from), {
    next: message.next,
    base: Math.max(before?.base ?? 0, message.base),
    promise: maxBallot(before?.promise ?? noBallot, message.promise),
    lives: message.lives,
  })
  for (const { slot, ballot, value } of message.pvalues) keepHigher(recovery.union, slot, { ballot, value })
  if (message.next !== undefined) ask(state, recovery.nonce, from, message.next, out)
  finishRecovery(state, out)
}

function keepHigher(union: Map<number, Entry>, slot: number, entry: Entry): void {
  const there = union.get(slot)
  if (there === undefined || compareBallots(entry.ballot, there.ballot) > 0) union.set(slot, entry)
}

/** Adopts all at once, in one turn, so that a crash leaves either nothing of it or everything. */
function finishRecovery(state: AcceptorState, out: Outbox): void {
  const { recovery, place } = state
  if (recovery === undefined) return
  const complete = [...recovery.answers].filter(([, answer]) => answer.next === undefined)
  if (complete.length < answersNeeded(place.members.length, place.majority)) return
  let base = 0
  let node = complete[0]?.[0]
  for (const [other, answer] of complete) {
    if (answer.base > base) [base, node] = [answer.base, other]
  }
  if (base > state.vouched) {
    // Slots up to `base` are nowhere in this union: the learner's snapshot must stand for them first.
    toLearner(state, { type: 'paxos.needSnapshot', node, slot: base }, out)
    return
  }
  // Also of answers that are not complete: what they have told so far is in the union.
  for (const answer of recovery.answers.values()) {
    raisePromise(state, answer.promise, out)
    state.lives = mergeLives(state.lives, answer.lives)
  }
  adoptUnion(state, recovery.union, out)
  out.save('lives', state.lives)
  out.save('recovered', place.incarnation)
  state.votes = true
  state.recovery = undefined
  out.cancelTimer('recover')
  out.note('acceptor has recovered', { group: place.group, slots: state.top - state.base })
  toProposer(state, { type: 'voting' }, out)
}

function adoptUnion(state: AcceptorState, union: ReadonlyMap<number, Entry>, out: Outbox): void {
  for (const [slot, entry] of union) {
    if (slot <= state.vouched) continue
    const there = state.log.get(slot)
    if (there === undefined || compareBallots(entry.ballot, there.ballot) > 0) store(state, slot, entry, out)
  }
  dropTo(state, state.base, out)
}

/** The later life of each. The same object when nothing is new. */
export function mergeLives(known: Lives, told: Lives | undefined): Lives {
  let merged = known
  for (const [node, life] of Object.entries(told ?? {})) {
    if ((merged[node] ?? -1) < life) merged = { ...merged, [node]: life }
  }
  return merged
}
