/** The bugs that the transactions suite must find. */
import {
  directoryGroup,
  type GroupConfig,
  measures,
  type StateMachine,
  type Store,
  shardMachine,
  type Table,
} from '@synod/actors'
import type { AnyActorType } from '@synod/runtime/protocol'
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
const lost: Readonly<Record<string, readonly string[]>> = {
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

export const transactionBugs: readonly string[] = [
  'voteIgnored',
  'commitHeardAsAbort',
  'readTooEarly',
  'locksNotKept',
  'reservationsNotKept',
  'answersNotKept',
  'versionCheckDropped',
  'boundsDropped',
]

export const shopBugs: readonly string[] = [
  'commitHeardAsAbort',
  'answersNotKept',
  'talliesNotKept',
  'versionCheckDropped',
  'boundsDropped',
]

export function plantActor(type: AnyActorType, name: string, bug: string | undefined): AnyActorType {
  const change = hearing[bug ?? '']
  return change !== undefined && type.type === 'learner' && name !== directoryGroup
    ? mishears(type, change)
    : type
}

/** Undefined: the machine that belongs there. */
export function plantMachine(group: GroupConfig, bug: string | undefined): StateMachine | undefined {
  const rows = lost[bug ?? '']
  const change = commands[bug ?? '']
  if (group.group === directoryGroup || (rows === undefined && change === undefined)) return undefined
  // As in placement: a host gives a machine only what the machine itself proposed.
  const machine = shardMachine({ measures }) as unknown as StateMachine<unknown>
  return {
    ...machine,
    apply: (store, command, context) =>
      machine.apply(
        rows === undefined ? store : without(store, rows),
        change?.(command as Fields) ?? command,
        context,
      ),
  }
}

/** A store that never keeps these rows. */
export function without(store: Store, kinds: readonly string[]): Store {
  return {
    get: key => store.get(key),
    has: key => store.has(key),
    scan: (from, to) => store.scan(from, to),
    get size() {
      return store.size
    },
    put: (key, value) => store.put(key, value),
    delete: key => store.delete(key),
    table: kind => (kinds.includes(kind) ? unwritable(store.table(kind)) : store.table(kind)),
  }
}

function unwritable(table: Table): Table {
  return {
    get: name => table.get(name),
    has: name => table.has(name),
    scan: (from, to) => table.scan(from, to),
    get size() {
      return table.size
    },
    put: () => {},
    delete: name => table.delete(name),
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
