import { address, nodeId, type Outbox, type Request } from '@synod/runtime/protocol'
import { TestOutbox } from '@synod/runtime/simulation'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LeaderOutbox, Seat, Store } from '../replicated/state-machine.ts'
import { StoreWriter } from '../replicated/store.ts'
import { storeData } from '../replicated/store-data.ts'
import { type DirectoryCommand, directoryMachine, type ManagerState } from './directory.ts'
import { assignments, initialMap } from './initial-map.ts'
import type { DirectoryMessage } from './messages.ts'

const [n1, n2, n3] = [nodeId('n1'), nodeId('n2'), nodeId('n3')]
const map = initialMap({ nodes: [n1, n2, n3], keyspaces: { kv: { shards: 2, replicas: 3 } } })
const machine = directoryMachine(map)
const side = machine.leader
if (side === undefined) throw new Error('the directory has a leader side')
const now = { monotonicMs: 1_000, wallMs: 1_000 }
const asker = address(n2, 'session', 'main')

/** The leader side of one member: what it proposes is applied at once. */
class Leader {
  readonly outbox = new TestOutbox()
  readonly proposed: DirectoryCommand[] = []
  readonly tokens: number[] = []
  readonly seat: Seat
  readonly out: LeaderOutbox<DirectoryCommand>
  readonly state: ManagerState

  constructor(store: Store) {
    this.seat = { group: 'directory', node: n1, members: [n1, n2, n3], store }
    const outbox: Outbox = this.outbox
    this.out = {
      send: (to, message) => outbox.send(to, message),
      reply: (request, result) => outbox.reply(request, result),
      setTimer: (name, delayMs) => outbox.setTimer(name, delayMs),
      cancelTimer: name => outbox.cancelTimer(name),
      random: () => outbox.random(),
      note: (name, attributes) => outbox.note(name, attributes),
      propose: command => void this.proposed.push(command),
      confirm: token => void this.tokens.push(token),
    }
    this.state = side?.start(this.seat, this.out) as ManagerState
  }

  apply(store: Store) {
    for (const command of this.proposed.splice(0)) {
      const result = machine.apply(store, command, { index: 1, timeMs: 1 })
      side?.applied(this.state, this.seat, command, { ok: true, result }, this.out)
    }
  }

  message(from: string, message: DirectoryMessage) {
    side?.receive(
      this.state,
      this.seat,
      { kind: 'message', from: from as typeof asker, message, now },
      this.out,
    )
    return this.outbox.take()
  }

  request(request: Request, message: DirectoryMessage) {
    side?.receive(this.state, this.seat, { kind: 'request', request, message, now }, this.out)
  }

  timer(name: string) {
    side?.receive(this.state, this.seat, { kind: 'timer', name, now }, this.out)
    return this.outbox.take()
  }
}

let store: StoreWriter
beforeEach(() => {
  store = new StoreWriter(storeData())
})
const assigned = (leader: Leader) => {
  const { sent } = leader.outbox.take()
  return sent.map(({ to }) => to)
}

describe('the directory', () => {
  it('[SH4] the first map wins, whoever proposes another', () => {
    const other = { ...map, epoch: 7 }
    expect(machine.apply(store, { type: 'init', map }, { index: 1, timeMs: 1 })).toEqual({ epoch: 1 })
    expect(machine.apply(store, { type: 'init', map: other }, { index: 2, timeMs: 2 })).toEqual({ epoch: 1 })
    expect(store.get('map')).toEqual(map)
  })

  it('[SH4] the first leader proposes the map, a later one does not', () => {
    const first = new Leader(store)
    expect(first.proposed).toEqual([{ type: 'init', map }])
    first.apply(store)
    expect(new Leader(store).proposed).toEqual([])
  })

  it('[SH5] a map is answered only at a read point that was asked for after the question', () => {
    const leader = new Leader(store)
    leader.apply(store)
    leader.outbox.take()
    expect(leader.message(asker, { type: 'getMap', tag: 4 }).sent).toEqual([])
    leader.request({ node: n1, id: 9 }, { type: 'getMap' })
    expect(leader.tokens).toEqual([])
    leader.timer('confirm')
    expect(leader.tokens).toEqual([1])
    // This one comes too late for the round that is under way.
    leader.message(asker, { type: 'getMap', tag: 5 })
    side.confirmed(leader.state, leader.seat, 1, leader.out)
    const effects = leader.outbox.take()
    expect(effects.sent).toEqual([{ to: asker, message: { type: 'map', map, tag: 4 } }])
    expect(effects.replies).toEqual([{ request: { node: n1, id: 9 }, result: { type: 'map', map } }])
    leader.timer('confirm')
    expect(leader.tokens).toEqual([1, 2])
  })

  it('[SH5] a member that does not lead, or no longer, names the leader it knows', () => {
    const leader = new Leader(store)
    const event = { kind: 'message', from: asker, message: { type: 'getMap', tag: 3 }, now } as const
    side.refuse(leader.seat, event, n2, leader.out)
    leader.message(asker, { type: 'getMap', tag: 4 })
    side.refuse(
      leader.seat,
      { ...event, message: { type: 'assigned', group: 'kv.0', epoch: 1 } },
      n2,
      leader.out,
    )
    side.stop(leader.state, leader.seat, leader.out)
    const answers = [n2, null].map((known, at) => ({
      to: asker,
      message: { type: 'notLeader', group: 'directory', leader: known, tag: 3 + at },
    }))
    expect(leader.outbox.take().sent.filter(({ to }) => to === asker)).toEqual(answers.slice(1))
  })

  it('[SH6] every group is told what it owns until it has said that it replicated it', () => {
    const leader = new Leader(store)
    leader.apply(store)
    expect(assigned(leader)).toEqual(['n1/learner/kv.0', 'n2/learner/kv.1'])
    leader.message(address(n1, 'learner', 'kv.0'), { type: 'assigned', group: 'kv.0', epoch: 1 })
    expect(leader.timer('assign').sent).toEqual([
      {
        to: 'n3/learner/kv.1',
        message: {
          type: 'assign',
          assignment: assignments(map).get('kv.1'),
        },
      },
    ])
    leader.message(address(n1, 'learner', 'kv.1'), { type: 'assigned', group: 'kv.1', epoch: 1 })
    expect(leader.timer('assign')).toMatchObject({ sent: [], timers: [] })
  })

  it('[SH6] an answer of an older epoch is not one', () => {
    const leader = new Leader(store)
    leader.apply(store)
    leader.outbox.take()
    leader.message(address(n1, 'learner', 'kv.0'), { type: 'assigned', group: 'kv.0', epoch: 0 })
    expect(leader.timer('assign').sent).toHaveLength(2)
  })

  it('[SH6] a hint is followed at once, a second one of the same refusal is not', () => {
    const leader = new Leader(store)
    leader.apply(store)
    leader.outbox.take()
    const refusal = { type: 'notLeader', group: 'kv.0', leader: 'n3' } as const
    expect(leader.message(address(n1, 'learner', 'kv.0'), refusal).sent).toMatchObject([
      { to: 'n3/learner/kv.0' },
    ])
    expect(leader.message(address(n1, 'learner', 'kv.0'), refusal).sent).toEqual([])
  })

  it('[SH6] a new leader assigns again', () => {
    const first = new Leader(store)
    first.apply(store)
    expect(assigned(new Leader(store))).toEqual(['n1/learner/kv.0', 'n2/learner/kv.1'])
  })
})
