/**
 * Linearizable reads without a log write: a read point from the quorum, then everything that is prepared on these
 * keys must finish, because it may be decided and acknowledged already. What is prepared later does not delay.
 */
import type { Address, Request } from '@synod/runtime/protocol'
import { known } from '../exactly-once.ts'
import { limits } from '../limits.ts'
import type { KeysRead, KeysScanned, Lookup, ReadKeys, ScanKeys, TxKey } from '../messages.ts'
import { assignmentOf, table, txKey } from '../rows.ts'
import { scanValues } from '../scan-values.ts'
import { answer, askerOf, attach, refusedAs, submitted } from './askers.ts'
import { owns } from './ownership.ts'
import { type Asker, armTick, type PendingRead, type Running, type Turn, tuning } from './state.ts'

export function onRead(turn: Turn, asker: Address | Request, message: ReadKeys | ScanKeys): void {
  const { state, seat } = turn
  const { group } = seat
  const { tag } = message
  if (!isOwn(turn, message)) {
    answer(turn, asker, {
      type: 'wrongEpoch',
      group,
      epoch: assignmentOf(seat.store)?.epoch ?? 0,
      tag,
    })
    return
  }
  if (message.type === 'readKeys' && message.fast) {
    answer(turn, asker, keysRead(turn, message))
    return
  }
  if (state.reads.size >= limits.reads) {
    answer(turn, asker, { type: 'overloaded', group, tag })
    return
  }
  const token = state.nextToken++
  state.reads.set(token, { message, asker, arrivedMs: state.nowMs, waitsFor: undefined })
  turn.out.confirm(token)
  armTick(turn)
}

function isOwn({ seat }: Turn, message: ReadKeys | ScanKeys): boolean {
  const assignment = assignmentOf(seat.store)
  if (assignment?.epoch !== message.epoch) return false
  if (message.type === 'readKeys') {
    return message.keys.every(({ keyspace, key }) => owns(assignment, seat.group, keyspace, key))
  }
  return assignment.shards.some(shard => shard.keyspace === message.keyspace && shard.group === seat.group)
}

/** [TX15] */
export function onConfirmed(turn: Turn, token: number): void {
  const { state } = turn
  const lookup = state.lookups.get(token)
  if (lookup !== undefined) {
    finishLookup(turn, token)
    return
  }
  const read = state.reads.get(token)
  if (read === undefined) return
  read.waitsFor = preparedOn(turn, read.message)
  if (read.waitsFor.size === 0) {
    answerRead(turn, token, read)
    return
  }
  for (const tx of read.waitsFor) {
    const readers = state.readers.get(tx)
    if (readers === undefined) state.readers.set(tx, new Set([token]))
    else readers.add(token)
  }
}

/** Who is prepared to change what is read. */
function preparedOn({ state, seat }: Turn, message: ReadKeys | ScanKeys): Set<TxKey> {
  const found = new Set<TxKey>()
  const add = (holders: Iterable<TxKey>) => {
    for (const tx of holders) if (table.prepared(seat.store).has(tx)) found.add(tx)
  }
  if (message.type === 'readKeys') {
    for (const { keyspace, key } of message.keys) {
      const held = state.table.items.get(`${keyspace}/${key}`)
      if (held !== undefined && held.mode !== 'shared') add(held.holders)
    }
    return found
  }
  const prefix = `${message.keyspace}/${message.prefix}`
  for (const [item, held] of state.table.items) {
    if (held.mode !== 'shared' && item.startsWith(prefix)) add(held.holders)
  }
  return found
}

/** A share is no longer prepared. */
export function readersMayGo(turn: Turn, tx: TxKey): void {
  const { state } = turn
  const tokens = state.readers.get(tx)
  if (tokens === undefined) return
  state.readers.delete(tx)
  for (const token of tokens) {
    const read = state.reads.get(token)
    read?.waitsFor?.delete(tx)
    if (read?.waitsFor?.size === 0) answerRead(turn, token, read)
  }
}

function answerRead(turn: Turn, token: number, { message, asker }: PendingRead): void {
  turn.state.reads.delete(token)
  // The map may have changed while it waited.
  if (!isOwn(turn, message)) {
    onRead(turn, asker, message)
    return
  }
  answer(turn, asker, message.type === 'readKeys' ? keysRead(turn, message) : keysScanned(turn, message))
}

function keysRead({ seat }: Turn, { tag, keys }: ReadKeys): KeysRead {
  const values = keys.map(({ keyspace, key }) => {
    const stored = table.values(seat.store).get(`${keyspace}/${key}`)
    return { value: stored?.value ?? null, version: stored?.version ?? 0 }
  })
  return { type: 'keysRead', tag, values }
}

function keysScanned({ seat }: Turn, message: ScanKeys): KeysScanned {
  const { tag, keyspace, prefix, after } = message
  const limit = Math.min(message.limit, limits.scanEntries)
  const range = { keyspace, prefix, limit: limit + 1, ...(after === undefined ? {} : { after }) }
  const entries = scanValues(seat.store, range, undefined, limit + 1)
  return { type: 'keysScanned', tag, entries: entries.slice(0, limit), more: entries.length > limit }
}

/** What is known of a transaction: at once when it is decided; "nothing" only from a read point. */
export function onLookup(turn: Turn, from: Address | Request, lookup: Lookup): void {
  const { state } = turn
  const tx = txKey(lookup.id)
  const asker = askerOf(from, lookup)
  if (answerKnown(turn, asker, tx, lookup)) return
  const running = state.running.get(tx)
  if (running !== undefined) {
    waitFor(turn, running, asker, lookup)
    return
  }
  const token = state.nextToken++
  state.lookups.set(token, { lookup, tx, asker })
  turn.out.confirm(token)
}

/** [EO2] It is under way: its outcome is the answer, unless that is of another request. */
function waitFor(turn: Turn, running: Running, asker: Asker, { fingerprint }: Lookup): void {
  const { id, fingerprint: own } = running.submit
  if (own === undefined || fingerprint === undefined || own === fingerprint) attach(running, asker)
  else submitted(turn, asker, id, refusedAs('conflictingRequest'))
}

function answerKnown(turn: Turn, asker: Asker, tx: TxKey, { id, fingerprint }: Lookup): boolean {
  const before = known(turn.seat.store, id, tx, table.records(turn.seat.store).get(tx), fingerprint)
  if (before === undefined) return false
  const outcome = before.status === 'decided' ? before.outcome : refusedAs(before.status)
  submitted(turn, asker, id, outcome)
  return true
}

function finishLookup(turn: Turn, token: number): void {
  const waiting = turn.state.lookups.get(token)
  if (waiting === undefined) return
  turn.state.lookups.delete(token)
  const { lookup, tx, asker } = waiting
  const running = turn.state.running.get(tx)
  if (answerKnown(turn, asker, tx, lookup)) return
  if (running !== undefined) waitFor(turn, running, asker, lookup)
  else {
    const outcome = { status: 'unavailable', detail: 'nothing is known of this transaction' } as const
    submitted(turn, asker, lookup.id, outcome)
  }
}

export function dropOldReads({ state }: Turn): void {
  for (const [token, read] of state.reads) {
    if (read.arrivedMs + tuning.readPatienceMs > state.nowMs) break
    state.reads.delete(token)
  }
}
