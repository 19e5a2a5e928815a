/**
 * Paxos with three acceptors and two proposers that both want to lead from the start. Each leader proposes a no-op of
 * its own, told apart by its clock: two slots at most are enough for everything that can go wrong between two leaders.
 *
 * Time does not pass: a timer that is armed may fire whenever it likes, as often as the bounds allow. Learners replay
 * after restarts, and never flush.
 */
import { type GroupConfig, paxosGroupActors, type StateMachine } from '@synod/actors'
import {
  type Address,
  type AnyActorType,
  actorId,
  actorOf,
  address,
  assert,
  type NodeId,
  nodeId,
} from '@synod/runtime/protocol'
import {
  type Flight,
  messageText,
  type SearchModel,
  type SearchNode,
  type Seen,
  type World,
} from '@synod/runtime/simulation'
import type { AcceptorState } from '../../../actors/src/paxos/acceptor-state.ts'
import { type Ballot, compareBallots, printBallot, sameBallot } from '../../../actors/src/paxos/ballot.ts'
import type { LearnerState } from '../../../actors/src/paxos/learner-state.ts'
import type { ProposerMessage } from '../../../actors/src/paxos/messages.ts'
import { ownBallot, type ProposerState } from '../../../actors/src/paxos/proposer-state.ts'
import { decodeBatch } from '../../../actors/src/replicated/machine-host.ts'
import { plantActor } from '../planted/paxos.ts'
import { forgets } from '../planted/wrappers.ts'
import { promiseKept } from '../suites/paxos-invariants.ts'
import { inPlace } from './in-place.ts'

const group = 'g'
const nodes = ['n1', 'n2', 'n3'].map(nodeId)
const proposers = nodes.slice(0, 2)

/** Who ever accepted what: `slot ballot` → the voters; and what a majority accepted at one ballot, by slot. */
interface Votes {
  readonly voters: Readonly<Record<string, readonly NodeId[]>>
  readonly chosen: Readonly<Record<number, readonly string[]>>
}

const machine: StateMachine = { name: 'nothing', apply: () => null }

export function paxosModel(planted?: string): SearchModel<Votes> {
  return {
    name: 'paxos',
    about: '3 acceptors with their learners, 2 proposers that want to lead at once',
    nodes: nodes.map(node => ({ node, actors: actorsOf(node, planted) })),
    inputs: [],
    bounds: { crashes: 1, losses: 0, copies: 0, timers: { 'proposer election': 1, 'proposer tick': 1 } },
    wallMs: node => nodes.indexOf(node) + 1,
    isOver,
    tell,
    ghost: { voters: {}, chosen: {} },
    remember: remembered,
    turnRules: {
      'PX1 a round is durable before it is used': roundsKept,
      'PX2 a promise never goes back': promisesKept,
    },
    rules: {
      'PX6 one value is chosen in a slot': oneValue,
      'PX9 what is vouched for is chosen': vouchedIsChosen,
      'learners apply what is chosen': appliedIsChosen,
    },
    goals: {
      'a value is chosen': ({ after }) => Object.keys(after.ghost.chosen).length > 0,
      'a second slot is chosen': ({ after }) => (after.ghost.chosen[2]?.length ?? 0) > 0,
      'two believe to lead': ({ after }) => proposers.every(node => leads(after, node)),
      'a leader proposes what another had accepted': ({ after }) =>
        proposers.some(node => inherits(after, node)),
      'a follower learns what is chosen': ({ after }) =>
        nodes.some(node => !leads(after, node) && applied(after, node) > 0),
      'a node dies in a commit': ({ step }) => 'end' in step && step.end !== 'whole',
      'a leader dies': ({ before, step }) => step.kind === 'crash' && leads(before, step.node),
      'a value is chosen after a crash': ({ before, after }) =>
        before.used.crashes > 0 && before.ghost.chosen !== after.ghost.chosen,
    },
  }
}

function actorsOf(node: NodeId, planted: string | undefined) {
  // Each is told that it is the preferred one: so both campaign when they start.
  const config: GroupConfig = { group, protocol: 'paxos', members: nodes, preferred: node }
  // Nobody refuses a pre-vote because it has just heard a leader: it may have been long ago.
  const tuning = { electionMinMs: 0 }
  return paxosGroupActors({ group: config, tuning }, machine)
    .filter(({ type }) => type.type !== 'proposer' || proposers.includes(node))
    .map(placed => ({ ...placed, type: inPlace(plant(placed.type, planted)) }))
}

function plant(type: AnyActorType, bug: string | undefined): AnyActorType {
  if (bug === 'roundNotSaved') return type.type === 'proposer' ? forgets(type, key => key === 'round') : type
  return plantActor(type, bug)
}

/**
 * Answers to a ballot that its proposer has left, or to a question that it has settled: it looks at none of them ever
 * again, as it opens no ballot twice (PX1 is a rule here). Answers to heartbeats matter to reads and to the hand-over
 * only.
 */
function isOver({ to, message }: Flight, world: World<Votes>): boolean {
  if (actorOf(to) !== actorId('proposer', group)) return false
  const answer = message as ProposerMessage
  const { phase, highest } = world.state(to) as ProposerState
  switch (answer.type) {
    case 'promise':
      return phase.name !== 'scouting' || !sameBallot(phase.ballot, answer.ballot)
    case 'accepted':
      return (
        phase.name !== 'leading' || !sameBallot(phase.ballot, answer.ballot) || answer.slot <= phase.chosen
      )
    case 'preempted':
      return compareBallots(answer.ballot, highest) <= 0 && !isAbove(answer.ballot, ownBallot(phase))
    case 'confirmed':
      return true
    default:
      return false
  }
}

/** Ballots in short, values by who proposed them first, and nothing of what is the same everywhere. */
function tell(message: unknown): string {
  const { incarnation: _incarnation, ...rest } = message as Record<string, unknown>
  return messageText(short(rest))
}

function short(value: unknown): unknown {
  if (value instanceof Uint8Array) return spelled(value)
  if (Array.isArray(value)) return value.map(short)
  if (typeof value !== 'object' || value === null) return value
  if ('round' in value && 'by' in value) return printBallot(value as Ballot).replace('.1-searched', '')
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, short(part)]))
}

function isAbove(ballot: Ballot, own: Ballot | undefined): boolean {
  return own !== undefined && compareBallots(ballot, own) > 0
}

function remembered(ghost: Votes, { before, after }: Seen<Votes>): Votes {
  let votes = ghost
  for (const node of nodes) {
    if (before.node(node) === after.node(node)) continue
    for (const [slot, { ballot, value }] of acceptor(after, node)?.log ?? []) {
      votes = withVote(votes, node, slot, printBallot(ballot), spelled(value))
    }
  }
  return votes
}

function withVote(votes: Votes, node: NodeId, slot: number, ballot: string, value: string): Votes {
  const key = `${slot} ${ballot}`
  const before = votes.voters[key] ?? []
  if (before.includes(node)) return votes
  const voters = { ...votes.voters, [key]: [...before, node].sort() }
  const chosen = votes.chosen[slot] ?? []
  const isNew = before.length + 1 === 2 && !chosen.includes(value)
  return { voters, chosen: isNew ? { ...votes.chosen, [slot]: [...chosen, value] } : votes.chosen }
}

/** What a ballot was opened with is on the disk: a proposer that dies never opens it again. */
function roundsKept(_before: SearchNode, { id, states, rows }: SearchNode): void {
  const proposer = actorId('proposer', group)
  const round = (states.get(proposer) as ProposerState | undefined)?.round ?? 0
  const saved = (rows.rows(proposer).get('round') as number | undefined) ?? 0
  assert(saved >= round, `${id} works with round ${round}, and round ${saved} is on its disk`)
}

function promisesKept(before: SearchNode, after: SearchNode): void {
  const id = actorId('acceptor', group)
  const [earlier, later] = [before, after].map(({ states }) => states.get(id) as AcceptorState)
  if (earlier !== undefined && later !== undefined) promiseKept(earlier.promise, later)
}

function oneValue(world: World<Votes>): void {
  for (const [slot, values] of Object.entries(world.ghost.chosen)) {
    assert(values.length === 1, `in slot ${slot} majorities have accepted ${values.join(' and ')}`)
  }
}

function vouchedIsChosen(world: World<Votes>): void {
  for (const node of nodes) {
    const state = acceptor(world, node)
    for (let slot = (state?.base ?? 0) + 1; slot <= (state?.vouched ?? 0); slot++) {
      isChosen(world, slot, state?.log.get(slot)?.value, `${node} vouches for`)
    }
  }
}

/** The acceptor beside a learner holds what it applied: nothing is compacted here. */
function appliedIsChosen(world: World<Votes>): void {
  for (const node of nodes) {
    for (let slot = 1; slot <= applied(world, node); slot++) {
      isChosen(world, slot, acceptor(world, node)?.log.get(slot)?.value, `${node} has applied`)
    }
  }
}

function isChosen(world: World<Votes>, slot: number, value: Uint8Array | undefined, who: string): void {
  const chosen = world.ghost.chosen[slot] ?? []
  const held = value === undefined ? 'nothing' : spelled(value)
  assert(
    chosen.includes(held),
    `${who} ${held} in slot ${slot}, where ${chosen.join() || 'nothing'} is chosen`,
  )
}

function acceptor(world: World<Votes>, node: NodeId): AcceptorState | undefined {
  return world.state(at(node, 'acceptor')) as AcceptorState | undefined
}

function applied(world: World<Votes>, node: NodeId): number {
  const state = world.state(at(node, 'learner')) as LearnerState | undefined
  return state?.host.applied ?? 0
}

function leads(world: World<Votes>, node: NodeId): boolean {
  return (world.state(at(node, 'proposer')) as ProposerState | undefined)?.phase.name === 'leading'
}

function inherits(world: World<Votes>, node: NodeId): boolean {
  const { phase } = world.state(at(node, 'proposer')) as ProposerState
  return phase.name === 'leading' && phase.ownSlot === 2 && phase.chosen === 0
}

function at(node: NodeId, type: string): Address {
  return address(node, type, group)
}

const spellings = new WeakMap<Uint8Array, string>()

/** No-ops differ by the clock of who proposed them first. */
function spelled(value: Uint8Array): string {
  let text = spellings.get(value)
  if (text === undefined) {
    text = `the no-op of ${nodes[(decodeBatch(value).timeMs % 10) - 1]}`
    spellings.set(value, text)
  }
  return text
}
