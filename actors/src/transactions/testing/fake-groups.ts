/**
 * Shards without consensus, for tests of the transaction protocol: every group has one log; one member leads, until
 * told otherwise. A deposed leader goes on for a while on old state, and what it proposes may come late or never, as
 * the contract of replicated groups allows.
 */
import { type Address, decode, type Event, encode, type NodeId, nodeOf } from '@synod/runtime/protocol'
import { frontDoor, type GroupConfig } from '../../replicated/group.ts'
import type { Applied, LeaderOutbox, Seat } from '../../replicated/state-machine.ts'
import { StoreReader, StoreWriter } from '../../replicated/store.ts'
import { type StoreData, storeData } from '../../replicated/store-data.ts'
import type { Assignment } from '../../sharding/shard-map.ts'
import type { Measures } from '../changes.ts'
import type { Command, Result } from '../commands.ts'
import type { LeaderState } from '../leader/state.ts'
import { type ShardMachine, shardMachine } from '../machine.ts'
import type { TransactionMessage } from '../messages.ts'
import { FakeNetwork } from './fake-network.ts'

interface LogEntry {
  readonly command: Uint8Array
  readonly timeMs: number
}
interface Leader {
  readonly node: NodeId
  readonly seat: Seat
  readonly data: StoreData
  applied: number
  state: LeaderState | undefined
  /** Counts up with every arming, so that an old timer does nothing. */
  readonly timers: Map<string, number>
  deposed: boolean
  stopped: boolean
}
export interface FakeGroup {
  readonly config: GroupConfig
  readonly log: LogEntry[]
  leader: Leader
  /** Commands by type, for budgets. */
  readonly applied: Map<string, number>
}

export class FakeGroups extends FakeNetwork {
  readonly groups = new Map<string, FakeGroup>()
  readonly machine: ShardMachine
  /** Wall clocks in the log are this far ahead: to let retentions end. */
  wallAheadMs = 0
  onMessage: (from: Address, to: Address, message: unknown) => void = () => {}
  onApplied: (group: string, index: number, command: Command, applied: Applied<Result>) => void = () => {}
  readonly #clients = new Map<Address, (message: unknown, from: Address) => void>()
  /** By group, leaders that may not have heard yet that they were deposed. */
  readonly #old = new Map<string, Set<Leader>>()
  #armings = 0

  constructor(configs: readonly GroupConfig[], random: () => number, measures: Measures = {}) {
    super(random)
    this.machine = shardMachine({ measures })
    for (const config of configs) {
      const group = { config, log: [], applied: new Map(), leader: undefined as unknown as Leader }
      this.groups.set(config.group, group)
      this.elect(config.group, config.preferred)
    }
  }

  group(name: string): FakeGroup {
    const group = this.groups.get(name)
    if (group === undefined) throw new Error(`no group ${name}`)
    return group
  }

  client(at: Address, receive: (message: unknown, from: Address) => void): void {
    this.#clients.set(at, receive)
  }

  /** Keyspace → its groups, with even hash ranges. */
  assign(epoch: number, keyspaces: Readonly<Record<string, readonly string[]>>): void {
    const groups = Object.fromEntries([...this.groups].map(([name, { config }]) => [name, config]))
    for (const name of this.groups.keys()) {
      const shards: Assignment['shards'][number][] = []
      for (const [keyspace, names] of Object.entries(keyspaces)) {
        names.forEach((group, at) => {
          const from = Math.floor((at * 2 ** 32) / names.length)
          const to = Math.floor(((at + 1) * 2 ** 32) / names.length)
          if (group === name) shards.push({ shard: `${keyspace}.${at}`, group, keyspace, from, to })
        })
      }
      this.#append(this.group(name), { type: 'assign', assignment: { epoch, shards, groups } })
    }
  }

  /** The group's whole log, applied: what any member that has caught up holds. */
  store(name: string): StoreReader {
    const data = storeData([], this.machine.tables)
    const group = this.group(name)
    for (let at = 0; at < group.log.length; at++) this.#applyAt(group, data, at)
    return new StoreReader(data)
  }

  elect(name: string, node: NodeId): void {
    const group = this.group(name)
    const old = group.leader as Leader | undefined
    if (old !== undefined) old.deposed = true
    const data = storeData([], this.machine.tables)
    for (let at = 0; at < group.log.length; at++) this.#applyAt(group, data, at)
    const members = group.config.members
    const seat: Seat = { group: name, node, members, store: new StoreReader(data) }
    const timers = new Map<string, number>()
    const applied = group.log.length
    const leader: Leader = {
      node,
      seat,
      data,
      applied,
      state: undefined,
      timers,
      deposed: false,
      stopped: false,
    }
    group.leader = leader
    leader.state = this.#side.start(seat, this.#outbox(group, leader))
    if (old !== undefined) this.after(this.random() * 300, () => this.#stop(group, old))
  }

  /** The old leader hears of the new one. */
  #stop(group: FakeGroup, leader: Leader): void {
    if (leader.stopped || leader.state === undefined) return
    leader.stopped = true
    this.#side.stop(leader.state, leader.seat, this.#outbox(group, leader))
    leader.timers.clear()
  }

  get #side() {
    const side = this.machine.leader
    if (side === undefined) throw new Error('a shard has a leader side')
    return side
  }

  #zombies(group: FakeGroup): Leader[] {
    return [...(this.#old.get(group.config.group) ?? [])].filter(leader => !leader.stopped)
  }

  /** Delivers to a group's member as the host does: the leader handles, others refuse. */
  protected override deliver(from: Address, to: Address, message: unknown): void {
    this.onMessage(from, to, message)
    const client = this.#clients.get(to)
    if (client !== undefined) {
      client(message, from)
      return
    }
    const group = this.groups.get(to.slice(to.lastIndexOf('/') + 1))
    if (group === undefined) return
    const node = nodeOf(to)
    const event = { kind: 'message', from, message: message as TransactionMessage, now: this.#now() } as const
    const at = [group.leader, ...this.#zombies(group)].find(leader => leader.node === node)
    if (at?.state !== undefined) this.#receive(group, at, event)
    else {
      const silent: LeaderOutbox<Command> = this.#outbox(group, { ...group.leader, node, timers: new Map() })
      const knows = this.random() < 0.8 ? group.leader.node : undefined
      this.#side.refuse({ ...group.leader.seat, node }, event, knows, silent)
    }
  }

  #receive(group: FakeGroup, leader: Leader, event: Event<TransactionMessage>): void {
    if (leader.state === undefined || leader.stopped) return
    this.#side.receive(leader.state, leader.seat, event, this.#outbox(group, leader))
  }

  #now() {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs + this.wallAheadMs }
  }

  #outbox(group: FakeGroup, leader: Leader): LeaderOutbox<Command> {
    const self = frontDoor(leader.node, group.config.group)
    return {
      propose: command => this.#propose(group, leader, encode(command)),
      confirm: token =>
        this.after(1 + this.random() * 2, () => {
          if (leader.deposed || leader.stopped || leader.state === undefined) return
          this.#side.confirmed(leader.state, leader.seat, token, this.#outbox(group, leader))
        }),
      send: (to, message) => this.send(self, to, message),
      reply: () => {},
      setTimer: (name, delayMs) => {
        const arming = ++this.#armings
        leader.timers.set(name, arming)
        this.after(delayMs, () => {
          if (leader.timers.get(name) !== arming) return
          leader.timers.delete(name)
          this.#receive(group, leader, { kind: 'timer', name, now: this.#now() })
        })
      },
      cancelTimer: name => void leader.timers.delete(name),
      random: this.random,
      note: (name, attributes) => {
        if (name === 'failed') throw new Error(JSON.stringify(attributes))
      },
    }
  }

  /** What a leader proposes is chosen a little later, in order; a deposed one's late or never. */
  #propose(group: FakeGroup, leader: Leader, command: Uint8Array): void {
    const late = leader.deposed && this.random() < this.faults.late
    const delayMs = leader.deposed ? this.random() * 500 : 1
    const chosen = () => this.#append(group, decode(command) as Command)
    this.after(delayMs, () => {
      if (leader.deposed && !late && this.random() >= this.faults.late) return
      chosen()
      if (this.random() < this.faults.again) this.after(this.random() * 3_000, chosen)
    })
  }

  #append(group: FakeGroup, command: Command): void {
    group.log.push({ command: encode(command), timeMs: this.nowMs + this.wallAheadMs })
    group.applied.set(command.type, (group.applied.get(command.type) ?? 0) + 1)
    this.#catchUp(group)
  }

  #catchUp(group: FakeGroup): void {
    const { leader } = group
    while (leader.applied < group.log.length) {
      const [command, applied] = this.#applyAt(group, leader.data, leader.applied)
      leader.applied += 1
      this.onApplied(group.config.group, leader.applied, command, applied)
      if (leader.state === undefined) continue
      this.#side.applied(leader.state, leader.seat, command, applied, this.#outbox(group, leader))
    }
  }

  #applyAt(group: FakeGroup, data: StoreData, at: number): [Command, Applied<Result>] {
    const entry = group.log[at]
    if (entry === undefined) throw new Error('beyond the log')
    const command = decode(entry.command) as Command
    const writer = new StoreWriter(data)
    const result = this.machine.apply(writer, command, { index: at + 1, timeMs: entry.timeMs })
    writer.commit()
    return [command, { ok: true, result }]
  }

  /** A leader change of which the old leader hears later: until then both answer. */
  depose(name: string, node: NodeId): void {
    const group = this.group(name)
    const old = group.leader
    if (old.node === node) return
    const known = this.#old.get(name) ?? new Set()
    this.#old.set(name, known.add(old))
    this.elect(name, node)
  }
}
