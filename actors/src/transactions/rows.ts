/**
 * The rows of a shard's store: what each key holds, read and written with its type. Values are frozen: who changes
 * one puts a new one.
 */
import type { Json } from '@synod/runtime/protocol'
import type { Pending } from '../concurrency/escrow.ts'
import type { Exact } from '../exact.ts'
import type { ReadonlyStore, ReadonlyTable, Store, Table } from '../replicated/state-machine.ts'
import type { Assignment } from '../sharding/shard-map.ts'
import type { NumberedResult } from './commands.ts'
import type { Age, Attempt, Numbered, TxKey } from './messages.ts'
import type { Outcome, TxId } from './operations.ts'

/** `v/<keyspace>/<key>` */
export interface Stored {
  readonly value: Json
  /**
   * Position of the command that wrote it (or prepared it): grows with every change, never used again after a delete.
   */
  readonly version: number
}
/** `l/<keyspace>/<key>`: prepared transactions that lock a key; adds are in `e/` instead. */
export type LockRow = { readonly exclusive: TxKey } | { readonly shared: readonly TxKey[] }
/** `p/<tx>`: a share that is prepared here; its fate is decided by its coordinator. */
export interface PreparedRow extends Attempt {
  readonly age: Age
  readonly coordinator: string
  readonly participants: readonly string[]
  readonly operations: readonly Numbered[]
  readonly results: readonly NumberedResult[]
  /** Position of the prepare here. */
  readonly prepared: number
  readonly timeMs: number
}
/** `r/<tx>`: the final answer, or the attempts that were closed without one. */
export interface RecordRow {
  readonly outcome?: Outcome
  /** Last closed attempt; 0: none. */
  readonly closed: number
  /** Of the first attempt, so that later ones keep their turn. */
  readonly age?: Age
  readonly fingerprint?: string
  /** Kept at least until then; undefined: until the session's floor passes it, or retention ends. */
  readonly retainUntilMs?: number
  readonly timeMs: number
}
/** `u/<tx>`: committed here, not yet finished by these groups. */
export interface UnfinishedRow {
  readonly attempt: number
  /** Group → position of the prepare that is committed there. */
  readonly owing: Readonly<Record<string, number>>
}
/** `t/<tx>`: aborted here; no vote for this attempt or an older one. */
export interface TombstoneRow {
  readonly attempt: number
  readonly timeMs: number
}
/** `s/<session>`: the client has all answers below `floor`. */
export interface SessionRow {
  readonly floor: number
  readonly timeMs: number
}
/** `tally/<keyspace>/<measure>`: what came from and went to the outside world. */
export interface TallyRow {
  readonly in: Exact
  readonly out: Exact
}

/**
 * The kinds of rows: the row of `tx` among the records has the key `r/<tx>`. Most tables are empty most of the time.
 */
export const tables = ['v', 'l', 'g', 'e', 'p', 'r', 'u', 't', 's', 'x', 'tally'] as const
export type Kind = (typeof tables)[number]

type TableOf<S, Row> = S extends Store ? Table<Row> : ReadonlyTable<Row>

function kind<Row>(name: Kind) {
  return <S extends ReadonlyStore>(store: S) => store.table(name) as TableOf<S, Row>
}

/** Each kind of rows with its type. An item is `keyspace/key`. */
export const table = {
  /** By item. */
  values: kind<Stored>('v'),
  /** By item. */
  locks: kind<LockRow>('l'),
  /** By prefix of items: who locks the range. */
  ranges: kind<readonly TxKey[]>('g'),
  /** By item. */
  escrow: kind<Pending>('e'),
  prepared: kind<PreparedRow>('p'),
  records: kind<RecordRow>('r'),
  unfinished: kind<UnfinishedRow>('u'),
  tombstones: kind<TombstoneRow>('t'),
  sessions: kind<SessionRow>('s'),
  /** By bucket: hashes of expired ids. */
  ledger: kind<readonly number[]>('x'),
  /** By `keyspace/measure`. */
  tallies: kind<TallyRow>('tally'),
} as const

/** Rows that there is one of. */
export const rowKey = {
  assignment: 'assignment',
  /** How many range locks there are. */
  ranges: 'ranges',
  /** How many ids the ledger of expired ids has taken in. */
  ledger: 'ledger',
} as const

export function assignmentOf(store: ReadonlyStore): Assignment | undefined {
  return store.get(rowKey.assignment) as Assignment | undefined
}

export function txKey(id: TxId): TxKey {
  return `${id.session}:${id.sequence}`
}

export function txId(tx: TxKey): TxId {
  const colon = tx.lastIndexOf(':')
  if (colon !== lastSession.length || !tx.startsWith(lastSession))
    lastSession = ownSession(tx.slice(0, colon))
  return { session: lastSession, sequence: Number(tx.slice(colon + 1)) }
}

/** Most follow one of the same session. */
let lastSession = ''
const sessions = new Map<string, string>()
/** Then they are forgotten all at once. */
const mostSessions = 1_000

/**
 * One text for each session. What is read from bytes is a part of the long text of its batch: it keeps that alive,
 * and V8 hashes and compares such parts slowly.
 */
function ownSession(part: string): string {
  const known = sessions.get(part)
  if (known !== undefined) return known
  const own = JSON.parse(JSON.stringify(part)) as string
  if (sessions.size === mostSessions) sessions.clear()
  sessions.set(own, own)
  return own
}

/** The same text, made anew of a text and a number that are nobody else's: for what is kept (see above). */
export function ownText(tx: TxKey): TxKey {
  return txKey(txId(tx))
}

/** The least text above all that start with `prefix` (which is not empty). */
export function afterPrefix(prefix: string): string {
  const last = prefix.length - 1
  const unit = prefix.charCodeAt(last)
  if (unit === 0xffff) return afterPrefix(prefix.slice(0, last))
  return prefix.slice(0, last) + String.fromCharCode(unit + 1)
}
