/** The bugs that the transactions suite must find. */
import {
  directoryGroup,
  measures,
  type StateMachine,
  type Store,
  shardMachine,
  type Table,
} from '@synod/actors'
import type { AnyActorType, NodeId } from '@synod/runtime/protocol'
import type { Kind } from '../../../actors/src/transactions/rows.ts'
import type { Run } from '../suite.ts'
import { mishears } from './wrappers.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a leader of a shard hears instead of what was said. */
const hearing: Readonly<Record<string, (message: Fields) => Fields>> = {
  /** A participant that cannot is taken for one that is prepared. */
  voteIgnored: message =>
    message.type === 'vote' && message.vote === 'no'
      ? { ...message, vote: 'yes', prepared: 1, results: [] }
      : message,
  /** A participant aborts what was committed. */
  commitHeardAsAbort: message => {
    if (message.type !== 'finish') return message
    const { commit, abort } = message as { commit: readonly Fields[]; abort: readonly Fields[] }
    return {
      ...message,
      commit: [],
      abort: [...abort, ...commit.map(({ tx, attempt }) => ({ tx, attempt }))],
    }
  },
  /** Reads neither ask a quorum nor wait for what is prepared. */
  readTooEarly: message => (message.type === 'readKeys' ? { ...message, fast: true } : message),
}

/** Kinds of rows of a shard that are never written. */
const lost: Readonly<Record<string, readonly Kind[]>> = {
  locksNotKept: ['l', 'g'],
  reservationsNotKept: ['e'],
  answersNotKept: ['r'],
  talliesNotKept: ['tally'],
}

/** What is done to a command before it is applied. */
const commands: Readonly<Record<string, (command: Fields) => Fields>> = {
  versionCheckDropped: command => changed(command, withoutVersion),
  boundsDropped: command => changed(command, withoutBounds),
}

type Apply = StateMachine<unknown>['apply']

/** What is done around an `apply`. */
const applied: Readonly<Record<string, (apply: Apply, clock: () => number) => Apply>> = {
  /** An aborted share leaves no mark: a prepare that comes later is prepared and voted for. */
  abortWithoutTombstone: apply => (store, command, context) =>
    apply((command as Fields).type === 'finish' ? without(store, ['t']) : store, command, context),
  /** Who asks is told of an abort that the coordinating log does not hold: the attempt may still commit. */
  abortNotRecorded: apply => (store, command, context) =>
    apply((command as Fields).type === 'abort' ? without(store, ['r']) : store, command, context),
  /** With the next command, whoever still owes it: only the leader of the moment goes on to tell participants. */
  decisionForgottenTooEarly: apply => (store, command, context) => {
    const unfinished = store.table('u')
    for (const [tx] of [...unfinished.scan()]) unfinished.delete(tx)
    return apply(store, command, context)
  },
  /** Against what is committed, without what others have reserved of it. */
  escrowOnTheWrongCopy: apply => (store, command, context) => {
    const judges = (command as Fields).type !== 'finish'
    return apply(judges ? withoutFirstLook(store, 'e') : store, command, context)
  },
  /** Each member decides by its own clock what is over. */
  expiryByLocalClock: (apply, clock) => (store, command, context) =>
    apply(store, command, (command as Fields).type === 'forget' ? { ...context, timeMs: clock() } : context),
}

export const transactionBugs: readonly string[] = [
  'voteIgnored',
  'commitHeardAsAbort',
  'readTooEarly',
  'locksNotKept',
  'reservationsNotKept',
  'answersNotKept',
  'versionCheckDropped',
  'boundsDropped',
  'abortWithoutTombstone',
  'abortNotRecorded',
  'decisionForgottenTooEarly',
  'escrowOnTheWrongCopy',
]

export const shopBugs: readonly string[] = [
  'commitHeardAsAbort',
  'answersNotKept',
  'talliesNotKept',
  'versionCheckDropped',
  'boundsDropped',
  'expiryByLocalClock',
]

export function plantActor(type: AnyActorType, name: string, bug: string | undefined): AnyActorType {
  const change = hearing[bug ?? '']
  return change !== undefined && type.type === 'learner' && name !== directoryGroup
    ? mishears(type, change)
    : type
}

/** The machine of a shard, with the bug of this run, if it has one there. */
export function plantedShard(run: Run, node: NodeId): StateMachine<unknown> {
  return plantedMachine(run.planted, () => run.sim.wallMs(node))
}

/** `clock`: that of the node, for bugs that look at it. */
export function plantedMachine(bug = '', clock: () => number): StateMachine<unknown> {
  const rows = lost[bug]
  const change = commands[bug]
  // As in placement: a host gives a machine only what the machine itself proposed.
  const machine = shardMachine({ measures }) as unknown as StateMachine<unknown>
  const apply = applied[bug]?.(machine.apply, clock) ?? machine.apply
  if (apply === machine.apply && rows === undefined && change === undefined) return machine
  return {
    ...machine,
    apply: (store, command, context) =>
      apply(
        rows === undefined ? store : without(store, rows),
        change?.(command as Fields) ?? command,
        context,
      ),
  }
}

/** A store that never keeps these rows. */
function without(store: Store, kinds: readonly Kind[]): Store {
  return withTables(store, kind => {
    const table = store.table(kind)
    return kinds.some(lost => lost === kind) ? tableBut(table, { put: () => {} }) : table
  })
}

/** During one command, the first look at each row of a kind finds nothing. */
function withoutFirstLook(store: Store, kind: Kind): Store {
  const seen = new Set<string>()
  const rows = store.table(kind)
  const get = (name: string) => {
    if (seen.has(name)) return rows.get(name)
    seen.add(name)
    return undefined
  }
  const table = tableBut(rows, { get })
  return withTables(store, other => (other === kind ? table : store.table(other)))
}

function withTables(store: Store, table: Store['table']): Store {
  return Object.assign(tableBut(store, {}), { table })
}

/** The table as it is, but for some of what it does. */
function tableBut(table: Table, changes: Partial<Pick<Table, 'get' | 'put'>>): Table {
  return {
    get: name => table.get(name),
    has: name => table.has(name),
    scan: (from, to) => table.scan(from, to),
    get size() {
      return table.size
    },
    put: (name, row) => table.put(name, row),
    delete: name => table.delete(name),
    ...changes,
  }
}

function changed(command: Fields, change: (operation: Fields) => Fields): Fields {
  if (!Array.isArray(command.operations)) return command
  const operations = command.operations.map((numbered: { readonly operation: Fields }) => {
    return { ...numbered, operation: change(numbered.operation) }
  })
  return { ...command, operations }
}

function withoutVersion(operation: Fields): Fields {
  if (operation.op !== 'check' || operation.version === undefined) return operation
  const { version, ...rest } = operation
  return { ...rest, exists: version !== 0 }
}

function withoutBounds(operation: Fields): Fields {
  const { min: _min, max: _max, ...rest } = operation
  return operation.op === 'add' ? rest : operation
}
