/**
 * The rows of a shard's store: what each key holds, read and written with its type. Values are frozen: who changes
 * one puts a new one.
 */
import type { Json } from '@synod/runtime/protocol'
import type { Pending } from '../concurrency/escrow.ts'
import type { ReadonlyStore } from '../replicated/state-machine.ts'
import type { Assignment } from '../sharding/shard-map.ts'
import type { NumberedResult } from './commands.ts'
import type { Age, Attempt, Numbered, TxKey } from './messages.ts'
import type { Outcome, TxId } from './operations.ts'

/** `v/<keyspace>/<key>` */
export interface Stored {
  readonly value: Json
  /** Position of the command that wrote it (or prepared it): grows with every change, never used again after a delete. */
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
  readonly in: number
  readonly out: number
}

export const rowKey = {
  assignment: 'assignment',
  /** How many range locks there are, so that nobody looks for them in vain. */
  ranges: 'ranges',
  /** How many ids the ledger of expired ids has taken in. */
  ledger: 'ledger',
  value: (keyspace: string, key: string) => `v/${keyspace}/${key}`,
  /** An item is `keyspace/key`. */
  valueOf: (item: string) => `v/${item}`,
  lock: (item: string) => `l/${item}`,
  range: (prefix: string) => `g/${prefix}`,
  escrow: (item: string) => `e/${item}`,
  prepared: (tx: TxKey) => `p/${tx}`,
  record: (tx: TxKey) => `r/${tx}`,
  unfinished: (tx: TxKey) => `u/${tx}`,
  tombstone: (tx: TxKey) => `t/${tx}`,
  session: (session: string) => `s/${session}`,
  expired: (bucket: number) => `x/${bucket}`,
  tally: (keyspace: string, measure: string) => `tally/${keyspace}/${measure}`,
} as const

export function txKey(id: TxId): TxKey {
  return `${id.session}:${id.sequence}`
}

export function txId(tx: TxKey): TxId {
  const colon = tx.lastIndexOf(':')
  return { session: tx.slice(0, colon), sequence: Number(tx.slice(colon + 1)) }
}

/** The least text above all that start with `prefix` (which is not empty). */
export function afterPrefix(prefix: string): string {
  const last = prefix.length - 1
  const unit = prefix.charCodeAt(last)
  if (unit === 0xffff) return afterPrefix(prefix.slice(0, last))
  return prefix.slice(0, last) + String.fromCharCode(unit + 1)
}

export const row = {
  assignment: (store: ReadonlyStore) => store.get(rowKey.assignment) as Assignment | undefined,
  value: (store: ReadonlyStore, item: string) => store.get(rowKey.valueOf(item)) as Stored | undefined,
  lock: (store: ReadonlyStore, item: string) => store.get(rowKey.lock(item)) as LockRow | undefined,
  escrow: (store: ReadonlyStore, item: string) => store.get(rowKey.escrow(item)) as Pending | undefined,
  prepared: (store: ReadonlyStore, tx: TxKey) => store.get(rowKey.prepared(tx)) as PreparedRow | undefined,
  record: (store: ReadonlyStore, tx: TxKey) => store.get(rowKey.record(tx)) as RecordRow | undefined,
  unfinished: (store: ReadonlyStore, tx: TxKey) =>
    store.get(rowKey.unfinished(tx)) as UnfinishedRow | undefined,
  tombstone: (store: ReadonlyStore, tx: TxKey) => store.get(rowKey.tombstone(tx)) as TombstoneRow | undefined,
  session: (store: ReadonlyStore, session: string) =>
    store.get(rowKey.session(session)) as SessionRow | undefined,
}

/** All rows of a kind (`p/`), each with what follows the prefix. */
export function* rowsOf<Row>(
  store: ReadonlyStore,
  kind: string,
): Iterable<readonly [name: string, row: Row]> {
  for (const [key, value] of store.scan(kind, afterPrefix(kind))) yield [key.slice(kind.length), value as Row]
}
