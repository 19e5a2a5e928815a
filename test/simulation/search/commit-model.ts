/**
 * Two-phase commit: one transaction over three groups, whose submit may arrive twice; and two that want the same keys
 * of two groups, each coordinated by the other's participant.
 *
 * A tick of a leader stands for a second and a half of silence: everything that has a deadline is due.
 */
import { shardMachine } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'
import type { Bounds, Flight, SearchModel, Seen, World } from '@synod/runtime/simulation'
import type { Audit } from '../../../actors/src/transactions/audit.ts'
import type { Finish, Submitted, Vote } from '../../../actors/src/transactions/messages.ts'
import { table, txKey } from '../../../actors/src/transactions/rows.ts'
import { leftOver } from '../replicated-checks.ts'
import {
  actorsOf,
  assignment,
  clientOf,
  door,
  nodeOf,
  sideOf,
  storeOf,
  submit,
  type Transaction,
  tell,
  txOf,
} from './commit-groups.ts'

/** What must be remembered: what clients were told, and which attempts each group was told to abort (`tx#attempt`). */
export interface Told {
  readonly clients: Readonly<Record<string, readonly string[]>>
  readonly aborted: Readonly<Record<string, readonly string[]>>
}
type Goals = SearchModel<Told>['goals']

const silenceMs = 1_500
const flushes = { 'learner leader/flush': Number.POSITIVE_INFINITY }

const single: Transaction = { session: 's', groups: ['c', 'p1', 'p2'] }
const pair: readonly Transaction[] = [
  { session: 's', groups: ['a', 'b'] },
  { session: 't', groups: ['b', 'a'] },
]

/** One transaction, a coordinator and two participants. */
export function commitModel(bug?: string): SearchModel<Told> {
  const about = 'two-phase commit: a coordinating group and 2 participants'
  const timers = { ...flushes, 'learner leader/tick': 2 }
  const model = modelOf([single], { crashes: 1, losses: 0, copies: 1, timers }, bug)
  const goals: Goals = {
    'everybody has committed': ({ after }) => single.groups.every(group => applied(after, single, group) > 0),
    'an abort overtakes its prepare': ({ before, after }) =>
      single.groups.some(group => !isPrepared(before, single, group) && isBuried(before, after, group)),
    'somebody asks for the decision': ({ step }) => isDelivery(step, 'inquire'),
    'the coordinator dies between the votes and the end': ({ before, step }) =>
      step.kind === 'crash' && step.node === nodeOf('c') && isPrepared(before, single, 'p1'),
    'a participant dies in a commit': ({ step }) =>
      'end' in step && step.end !== 'whole' && step.node !== nodeOf('c'),
    'the client is told that nothing happened': ({ after }) =>
      (after.ghost.clients[txOf(single)] ?? []).includes('unavailable'),
  }
  return { ...model, name: 'commit', about, goals: { ...model.goals, ...goals } }
}

/** Two transactions in each other's way. */
export function conflictModel(bug?: string): SearchModel<Told> {
  const about = 'two transactions over 2 groups, each coordinated by the other’s participant'
  const timers = { ...flushes, 'learner leader/tick': 3 }
  const model = modelOf(pair, { crashes: 0, losses: 0, copies: 0, timers }, bug)
  const goals: Goals = {
    'each holds what the other waits for': ({ after }) =>
      pair.every(({ session, groups: [own = ''] }) =>
        sideOf(after, own).queue.waiters.has(`${other(session)}:1`),
      ),
    'an older one wounds a younger': ({ step }) => isDelivery(step, 'wound'),
    'a later attempt is prepared': ({ after }) =>
      pair.some(one => one.groups.some(group => (preparedRow(after, one, group)?.attempt ?? 0) > 1)),
    'both are committed': ({ after }) => pair.every(one => outcome(after, one) === 'committed'),
  }
  return { ...model, name: 'conflict', about, goals: { ...model.goals, ...goals } }
}

function other(session: string): string {
  return session === 's' ? 't' : 's'
}

function modelOf(
  transactions: readonly Transaction[],
  bounds: Bounds,
  bug: string | undefined,
): SearchModel<Told> {
  const groups = [...new Set(transactions.flatMap(one => one.groups))]
  const forEach = (holds: (world: World<Told>, one: Transaction) => void) => (world: World<Told>) => {
    for (const one of transactions) holds(world, one)
  }
  return {
    name: '',
    about: '',
    nodes: groups.map(group => ({ node: nodeOf(group), actors: actorsOf(group, bug) })),
    prelude: groups.map(group => ({
      from: clientOf(single),
      to: door(group),
      message: assignment(group, groups),
    })),
    inputs: transactions.map(one => ({
      from: clientOf(one),
      to: door(one.groups[0] ?? ''),
      message: submit(one, 2 * silenceMs),
    })),
    bounds,
    advanceMs: { 'learner leader/tick': silenceMs },
    isOver: (flight, world) => transactions.some(one => isOver(flight, world, one)),
    tell,
    ghost: { clients: {}, aborted: {} },
    remember: remembered,
    rules: {
      'TX4 TX5 all or nothing': forEach(allOrNothing),
      'TX7 an aborted attempt is not prepared again': world => abortedStaysSo(world, transactions),
      'TX14 answers stay true': forEach(answersStayTrue),
      'one order everywhere': world => sameOrder(world, groups),
    },
    goals: {
      'one is committed': ({ after }) => transactions.some(one => outcome(after, one) === 'committed'),
      'a prepared attempt is aborted': ({ before, after }) =>
        transactions.some(one =>
          one.groups.some(group => isPrepared(before, one, group) && isBuried(before, after, group)),
        ),
    },
    settled: {
      rule: 'TX8 TX9 in the end nothing is locked, prepared or owed',
      every: 50,
      rounds: 8,
      timers: ['learner leader/tick', 'learner leader/flush'],
      holds: world => nothingIsLeft(world, groups),
    },
  }
}

/** A vote for an attempt that the coordinator's log has closed, or decided: no leader counts it any more. */
function isOver({ message }: Flight, world: World<Told>, one: Transaction): boolean {
  const { type, tx, attempt } = message as Vote
  if (type !== 'vote' || tx !== txOf(one)) return false
  const record = table.records(storeOf(world, coordinatorOf(one))).get(tx)
  return record !== undefined && (record.outcome !== undefined || record.closed >= attempt)
}

function remembered(told: Told, { step, outside }: Seen<Told>): Told {
  let { clients, aborted } = told
  for (const { message } of outside) {
    const { type, id, outcome } = message as Submitted
    if (type === 'submitted') clients = with_(clients, txKey(id), [outcome.status])
  }
  if (step.kind === 'deliver' && step.end !== 'beforeCommit' && isDelivery(step, 'finish')) {
    const attempts = (step.flight.message as Finish).abort.map(({ tx, attempt }) => `${tx}#${attempt}`)
    aborted = with_(aborted, step.node, attempts)
  }
  return clients === told.clients && aborted === told.aborted ? told : { clients, aborted }
}

function with_(lists: Told['clients'], key: string, items: readonly string[]): Told['clients'] {
  const before = lists[key] ?? []
  if (items.every(item => before.includes(item))) return lists
  return { ...lists, [key]: [...new Set([...before, ...items])].sort() }
}

/** The decision and the coordinator's own share are one; a participant has what was decided, or still awaits it. */
function allOrNothing(world: World<Told>, one: Transaction): void {
  const decided = outcome(world, one)
  const times = decided === 'committed' ? 1 : 0
  const [coordinator = '', ...participants] = one.groups
  const own = applied(world, one, coordinator)
  assert(own === times, `${one.session} is ${decided}, and ${coordinator} has applied it ${own} times`)
  for (const group of participants) {
    const there = applied(world, one, group)
    const awaits = times === 1 && there === 0 && isPrepared(world, one, group)
    assert(
      there === times || awaits,
      `${one.session} is ${decided}, and ${group} has applied it ${there} times`,
    )
  }
}

function abortedStaysSo(world: World<Told>, transactions: readonly Transaction[]): void {
  for (const [group, attempts] of Object.entries(world.ghost.aborted)) {
    for (const one of transactions) {
      const attempt = preparedRow(world, one, group)?.attempt
      const again = attempts.includes(`${txOf(one)}#${attempt}`)
      assert(!again, `${group} has prepared attempt ${attempt} of ${one.session}, which it was told to abort`)
    }
  }
}

/** `unavailable`: nothing happened, and nothing will by this message. */
function answersStayTrue(world: World<Told>, one: Transaction): void {
  const decided = outcome(world, one)
  for (const status of world.ghost.clients[txOf(one)] ?? []) {
    const now = status === 'unavailable' ? undefined : status
    assert(decided === now, `the client of ${one.session} was told ${status}, and it is ${decided}`)
  }
}

function sameOrder(world: World<Told>, groups: readonly string[]): void {
  const full = groups.map(group => listOf(world, group)).filter(list => list.length > 1)
  assert(new Set(full.map(list => list.join())).size <= 1, `orders differ: ${JSON.stringify(full)}`)
}

function nothingIsLeft(world: World<Told>, groups: readonly string[]): void {
  const { audit } = shardMachine({ measures: {} })
  for (const group of groups) {
    const left = leftOver(audit?.(storeOf(world, group)) as unknown as Audit)
    assert(left === '', `${group} still has ${left}`)
    const { running, shares, owed } = sideOf(world, group)
    assert(running.size + shares.size + owed.size === 0, `the leader of ${group} still works on something`)
  }
}

function coordinatorOf({ groups }: Transaction): string {
  return groups[0] ?? ''
}

function outcome(world: World<Told>, one: Transaction): string | undefined {
  return table.records(storeOf(world, coordinatorOf(one))).get(txOf(one))?.outcome?.status
}

function listOf(world: World<Told>, group: string): readonly string[] {
  return (table.values(storeOf(world, group)).get(`${group}/k`)?.value ?? []) as readonly string[]
}

function applied(world: World<Told>, { session }: Transaction, group: string): number {
  return listOf(world, group).filter(item => item === session).length
}

function preparedRow(world: World<Told>, one: Transaction, group: string) {
  return table.prepared(storeOf(world, group)).get(txOf(one))
}

function isPrepared(world: World<Told>, one: Transaction, group: string): boolean {
  return preparedRow(world, one, group) !== undefined
}

/** In this step the group was told to abort something. */
function isBuried(before: World<Told>, after: World<Told>, group: string): boolean {
  return before.ghost.aborted[group] !== after.ghost.aborted[group]
}

function isDelivery(step: Seen<Told>['step'], type: string): boolean {
  return step.kind === 'deliver' && (step.flight.message as { readonly type: string }).type === type
}
