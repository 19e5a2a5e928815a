/**
 * The directory: a replicated group that holds the shard map, after the configuration master of "Slicer" and the
 * shard masters of the teaching literature. The map is data with an epoch, not code.
 *
 * Its leader side is the shard manager: it answers the map linearizably, and tells every group what it owns until
 * each has replicated that (SPEC.md, SH).
 */
import { type Address, type Event, type NodeId, nodeOf, type Request } from '@synod/runtime/protocol'
import { frontDoor } from '../replicated/group.ts'
import type {
  LeaderOutbox,
  LeaderSide,
  ReadonlyStore,
  Seat,
  StateMachine,
} from '../replicated/state-machine.ts'
import { assignments } from './initial-map.ts'
import { type DirectoryMessage, directoryGroup, type GetMap } from './messages.ts'
import type { ShardMap } from './shard-map.ts'

/** The first `init` wins; later ones change nothing. */
export interface DirectoryCommand {
  readonly type: 'init'
  readonly map: ShardMap
}
export interface DirectoryResult {
  readonly epoch: number
}

interface Waiting {
  readonly asker: { readonly address: Address } | { readonly request: Request }
  readonly tag?: number
}
/** All of it volatile: a new leader assigns again, which is idempotent. */
export interface ManagerState {
  /** Reads that wait for their read point, by token. */
  readonly waiting: Map<number, Waiting[]>
  /** The token that reads of this turn share; undefined when the next read needs a new one. */
  openToken: number | undefined
  nextToken: number
  /** Groups that have not answered the current epoch, with the member to be asked next. */
  readonly unassigned: Map<string, NodeId>
}

const mapKey = 'map'
const assignAgainMs = 200
type Out = LeaderOutbox<DirectoryCommand>

export type DirectoryMachine = StateMachine<DirectoryCommand, DirectoryResult, ManagerState, DirectoryMessage>

/** `initial` is what the first leader proposes when the group holds no map yet. */
export function directoryMachine(initial: ShardMap): DirectoryMachine {
  return {
    name: 'directory',
    apply(store, command) {
      const held = mapOf(store)
      if (held !== undefined) return { epoch: held.epoch }
      store.put(mapKey, command.map)
      return { epoch: command.map.epoch }
    },
    audit: store => ({ epoch: mapOf(store)?.epoch ?? 0 }),
    leader: managerSide(initial),
  }
}

export function mapOf(store: ReadonlyStore): ShardMap | undefined {
  return store.get(mapKey) as ShardMap | undefined
}

function managerSide(
  initial: ShardMap,
): LeaderSide<DirectoryCommand, DirectoryResult, ManagerState, DirectoryMessage> {
  return {
    start(seat, out) {
      const state: ManagerState = {
        waiting: new Map(),
        openToken: undefined,
        nextToken: 1,
        unassigned: new Map(),
      }
      if (mapOf(seat.store) === undefined) out.propose({ type: 'init', map: initial })
      else assignAll(state, seat, out)
      return state
    },
    receive: onEvent,
    applied: (state, seat, _command, _applied, out) => assignAll(state, seat, out),
    confirmed: onConfirmed,
    stop(state, _seat, out) {
      for (const waiting of state.waiting.values()) {
        for (const one of waiting) refuseOne(one, undefined, out)
      }
    },
    refuse(_seat, event, leader, out) {
      if ((event.kind !== 'message' && event.kind !== 'request') || event.message.type !== 'getMap') return
      refuseOne(waitingOf(event, event.message), leader, out)
    },
    describe: state => ({
      unassigned: [...state.unassigned.keys()],
      reads: [...state.waiting.values()].reduce((sum, waiting) => sum + waiting.length, 0),
    }),
  }
}

function onEvent(state: ManagerState, seat: Seat, event: Event<DirectoryMessage>, out: Out) {
  if (event.kind === 'timer') return onTimer(state, seat, event.name, out)
  if (event.kind === 'peer') return
  const { message } = event
  if (message.type === 'getMap') return onGetMap(state, event, message, out)
  if (message.type === 'assigned') return onAssigned(state, seat, message.group, message.epoch)
  if (event.kind === 'message')
    onNotLeader(state, seat, nodeOf(event.from), message.group, message.leader, out)
}

/** Reads that arrive before the read point was asked for share it: one quorum round per turn. */
function onGetMap(
  state: ManagerState,
  event: Exclude<Event<DirectoryMessage>, { kind: 'timer' | 'peer' }>,
  message: GetMap,
  out: Out,
): void {
  if (state.openToken === undefined) {
    state.openToken = state.nextToken
    state.nextToken += 1
    state.waiting.set(state.openToken, [])
    out.setTimer('confirm', 0)
  }
  state.waiting.get(state.openToken)?.push(waitingOf(event, message))
}

function onTimer(state: ManagerState, seat: Seat, name: string, out: Out) {
  if (name === 'assign') return sendAssignments(state, seat, out, 'next member')
  if (name !== 'confirm' || state.openToken === undefined) return
  out.confirm(state.openToken)
  state.openToken = undefined
}

function onConfirmed(state: ManagerState, seat: Seat, token: number, out: Out): void {
  const waiting = state.waiting.get(token) ?? []
  state.waiting.delete(token)
  const map = mapOf(seat.store)
  for (const one of waiting) {
    // Without a map the first `init` is still on its way; asking again finds it.
    if (map === undefined) refuseOne(one, undefined, out)
    else answerOne(one, { type: 'map', map, ...tagOf(one) }, out)
  }
}

function onAssigned(state: ManagerState, seat: Seat, group: string, epoch: number): void {
  if (epoch >= (mapOf(seat.store)?.epoch ?? Number.POSITIVE_INFINITY)) state.unassigned.delete(group)
}

/** A hint moves on at once; without one the timer asks the next member. */
function onNotLeader(
  state: ManagerState,
  seat: Seat,
  from: NodeId,
  group: string,
  leader: string | null,
  out: Out,
): void {
  const map = mapOf(seat.store)
  const hinted = map?.groups[group]?.members.find(member => member === leader)
  if (map === undefined || hinted === undefined || hinted === from) return
  if (state.unassigned.get(group) !== from) return
  state.unassigned.set(group, hinted)
  sendAssignment(map, group, hinted, out)
}

function assignAll(state: ManagerState, seat: Seat, out: Out): void {
  const map = mapOf(seat.store)
  if (map === undefined) return
  for (const group of assignments(map).keys()) {
    const config = map.groups[group]
    if (config !== undefined) state.unassigned.set(group, config.preferred)
  }
  sendAssignments(state, seat, out, 'same member')
}

function sendAssignments(state: ManagerState, seat: Seat, out: Out, to: 'same member' | 'next member'): void {
  const map = mapOf(seat.store)
  if (map === undefined || state.unassigned.size === 0) return
  for (const [group, asked] of state.unassigned) {
    const members = map.groups[group]?.members ?? []
    const next = to === 'same member' ? asked : members[(members.indexOf(asked) + 1) % members.length]
    if (next === undefined) continue
    state.unassigned.set(group, next)
    sendAssignment(map, group, next, out)
  }
  out.setTimer('assign', assignAgainMs * (0.75 + out.random() / 2))
}

function sendAssignment(map: ShardMap, group: string, member: NodeId, out: Out): void {
  const assignment = assignments(map).get(group)
  if (assignment !== undefined) out.send(frontDoor(member, group), { type: 'assign', assignment })
}

function waitingOf(
  event: Exclude<Event<DirectoryMessage>, { kind: 'timer' | 'peer' }>,
  message: GetMap,
): Waiting {
  const asker = event.kind === 'message' ? { address: event.from } : { request: event.request }
  return { asker, ...(message.tag === undefined ? {} : { tag: message.tag }) }
}

function tagOf(waiting: Waiting): { tag?: number } {
  return waiting.tag === undefined ? {} : { tag: waiting.tag }
}

function refuseOne(waiting: Waiting, leader: NodeId | undefined, out: Out): void {
  answerOne(
    waiting,
    { type: 'notLeader', group: directoryGroup, leader: leader ?? null, ...tagOf(waiting) },
    out,
  )
}

function answerOne(waiting: Waiting, answer: unknown, out: Out): void {
  if ('address' in waiting.asker) out.send(waiting.asker.address, answer)
  else out.reply(waiting.asker.request, answer)
}
