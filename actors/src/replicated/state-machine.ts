/**
 * The contract between a replicated group and what it replicates. Every replication protocol (Paxos now; Viewstamped
 * Replication, primary-backup later) hosts the same state machines.
 *
 * A state machine is deterministic: its state is a `Store`, its only way to change it is `apply`. What only a leader
 * does (queues, time-outs, talking to other groups) lives in its leader side: volatile, started when this member
 * becomes leader, gone when it is not.
 */
import type { Event, Json, NodeId, Outbox } from '@synod/runtime/protocol'

/** Rows by name. Values are frozen: whoever changes one puts a new one. */
export interface ReadonlyTable<Row = unknown> {
  get(name: string): Row | undefined
  has(name: string): boolean
  /** In the order of names, from `from` (included) to `to` (excluded); all of them when neither is given. */
  scan(from?: string, to?: string): Iterable<readonly [name: string, row: Row]>
  readonly size: number
}

export interface Table<Row = unknown> extends ReadonlyTable<Row> {
  put(name: string, row: Row): void
  delete(name: string): void
}

/** The applied state, read-only. */
export interface ReadonlyStore extends ReadonlyTable {
  /**
   * The rows of a kind that the machine names in `tables`: row `a` of table `lock` has the key `lock/a` in the store.
   */
  table(kind: string): ReadonlyTable
}

/** The applied state inside one `apply`: what a throwing command wrote is undone. */
export interface Store extends ReadonlyStore, Table {
  table(kind: string): Table
}

export interface ApplyContext {
  /** Position of the command in the group's history: 1 for the first, the same on every member. */
  readonly index: number
  /** The group's clock: wall time as proposed by leaders, never going back; the same on every member. */
  readonly timeMs: number
}

/** What became of a command: its result, or that `apply` threw (the same on every member; nothing was changed). */
export type Applied<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly failed: string }

export interface StateMachine<Command = unknown, Result = unknown, State = unknown, Message = unknown> {
  readonly name: string
  /**
   * Kinds of rows that are found without putting their keys together: worth it for a machine of many commands. Others
   * need none.
   */
  readonly tables?: readonly string[]
  apply(store: Store, command: Command, context: ApplyContext): Result
  /** A summary that the running cluster is verified from: totals, tallies, what is locked. Pure. */
  audit?(store: ReadonlyStore): Json
  readonly leader?: LeaderSide<Command, Result, State, Message>
}

/** Where a leader side stands. */
export interface Seat {
  readonly group: string
  readonly node: NodeId
  readonly members: readonly NodeId[]
  readonly store: ReadonlyStore
}

/** The outbox of a leader side: no rows, as it is volatile, but proposals and read points. */
export interface LeaderOutbox<Command> extends Omit<Outbox, 'save' | 'erase'> {
  /** Into the group's log; `applied` follows unless leadership is lost first. Commands must be safe to repeat. */
  propose(command: Command): void
  /**
   * Asks for a read point: `confirmed` follows once a quorum has said, after this call, that this member still
   * leads, and everything chosen before is applied here. What the store then holds may be answered as linearizable.
   */
  confirm(token: number): void
}

export interface LeaderSide<Command, Result, State, Message> {
  /** This member leads, and has applied a slot of its own ballot: the store is current. */
  start(seat: Seat, out: LeaderOutbox<Command>): State
  receive(state: State, seat: Seat, event: Event<Message>, out: LeaderOutbox<Command>): void
  /** Each command applied while leading, in order, whoever proposed it. */
  applied(
    state: State,
    seat: Seat,
    command: Command,
    applied: Applied<Result>,
    out: LeaderOutbox<Command>,
  ): void
  confirmed(state: State, seat: Seat, token: number, out: LeaderOutbox<Command>): void
  /** Leadership is lost: tell whoever waits. Nothing proposed from here. */
  stop(state: State, seat: Seat, out: LeaderOutbox<Command>): void
  /** Refuses on behalf of a member that does not lead: usually `notLeader` with the leader it knows. */
  refuse(seat: Seat, event: Event<Message>, leader: NodeId | undefined, out: LeaderOutbox<Command>): void
  describe(state: State): Json
}
