/**
 * A node's durable store in one SQLite file. A turn is one transaction, on disk when `commit` returns: an insertion into
 * the journal, from where its rows move into their table later. Every row and every turn in the journal carries a
 * checksum that is verified at the open and when it is read.
 */
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { assert, type KeyRange, type Rows } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { decode, encode } from '../codec.ts'
import { rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { missingTurn } from './damaged-turn.ts'
import { Journal, type JournalLimits } from './journal.ts'
import type { RowWriter } from './journal-move.ts'
import { throughJournal } from './overlay-rows.ts'
import { type Damage, findDamagedRows, refuseDamagedStructure, refuseMixture } from './sqlite-damage.ts'
import { explained, fileName, limitPages, type OpenOptions, openFile } from './sqlite-file.ts'
import { Meta } from './sqlite-meta.ts'
import { prepareStatements, type Statements, type StoredRow } from './sqlite-statements.ts'
import { type Identity, type Sighting, type Storage, StorageError, type Write } from './storage.ts'
import { aboveAllKeys, originalKey, storedKey, successor } from './stored-key.ts'
import { TableDigest } from './table-digest.ts'
import { encodeEntry } from './turn-entry.ts'
import { mergeWrites } from './turn-writes.ts'

/** A walk over rows reads this much at a time, so that it holds neither all rows nor a statement open. */
const chunkRows = 256
const chunkBytes = 1_048_576

/**
 * Opens the store in a data folder, and makes both when there are none. Throws a `StorageError` that names the file:
 * in use, damaged, not a store, of another version, not writable.
 */
export function openSqlite(folder: string, options: SqliteOptions = {}): SqliteStorage {
  return new SqliteStorage(join(folder, fileName), openFile(folder, options), options)
}

export interface SqliteOptions extends OpenOptions {
  readonly limits?: JournalLimits
}

export class SqliteStorage implements Storage {
  readonly file: string
  readonly #database: Database.Database
  readonly #statements: Statements
  readonly #inTransaction: Database.Transaction<(work: () => void) => void>
  readonly #meta: Meta
  readonly #journal: Journal
  readonly #rowWriter: RowWriter
  readonly #sightings: Map<NodeId, Sighting>
  #identity: Identity | undefined
  #turn: number
  #damage: Damage
  readonly #digest = new TableDigest()
  #failed = false

  /** `database` as `openFile` gives it. */
  constructor(file: string, database: Database.Database, { readOnly, limits }: SqliteOptions = {}) {
    this.file = file
    this.#database = database
    try {
      this.#statements = prepareStatements(database, crc => this.#digest.take(crc))
      this.#inTransaction = database.transaction(work => work())
      this.#meta = new Meta(file, this.#statements)
      refuseDamagedStructure(database, file)
      this.#identity = this.#meta.identity()
      this.#journal = new Journal(file, database, this.#meta.turn(), limits)
      this.#turn = this.#journal.lastTurn ?? this.#meta.turn()
      this.#sightings = new Map([...this.#meta.sightings(), ...this.#journal.sightings])
      this.#rowWriter = rowWriter(this.#statements, this.#meta, this.#digest)
      this.#damage = this.#checkTable()
      if (readOnly !== true) this.#moveAll()
      if (!this.#damage.isNone) this.#damage = findDamagedRows(database, file).damage
    } catch (error) {
      database.close()
      throw explained(error, file, 'reading what the node is')
    }
  }

  identity(): Identity | undefined {
    return this.#identity
  }

  /** The journal is emptied before: what it holds of the peers is older than `sightings`. */
  setIdentity(identity: Identity, sightings?: ReadonlyMap<NodeId, Sighting>): void {
    const { cluster, node, incarnation, amnesiac } = identity
    const settled = { cluster, node, incarnation, amnesiac }
    if (sightings !== undefined) this.#moveAll()
    this.#write('writing the identity', () => {
      for (const [peer, sighting] of sightings ?? []) this.#meta.writeSighting(peer, sighting)
      this.#meta.writeIdentity(settled)
    })
    for (const [peer, sighting] of sightings ?? []) this.#sightings.set(peer, { ...sighting })
    this.#identity = settled
  }

  turn(): number {
    return this.#turn
  }

  rows(actor: ActorId): Rows {
    const table: Rows = {
      get: key => this.#read(actor, key),
      entries: range => this.#entries(actor, range),
    }
    return throughJournal(actor, table, this.#journal)
  }

  actors(): ActorId[] {
    const inTable = this.#explain('listing the actors', () => this.#statements.actors.all()) as ActorId[]
    const changed = new Set(this.#journal.actors())
    const unchanged = inTable.filter(actor => !changed.has(actor))
    return [...unchanged, ...[...changed].filter(actor => hasRows(this.rows(actor)))].sort()
  }

  commit(turn: number, writes: readonly Write[], sightings?: ReadonlyMap<NodeId, Sighting>): void {
    assert(turn === this.#turn + 1, `turn ${turn} is committed after turn ${this.#turn}`)
    const merged = mergeWrites(writes)
    const entry = encodeEntry(merged, sightings)
    const doing = `committing turn ${turn}`
    if (this.#journal.mustMove) {
      this.#write(doing, () => {
        this.#journal.append(turn, entry)
        this.#moved(this.#journal.moveSome(this.#rowWriter))
      })
    } else this.#writeOne(doing, () => this.#journal.append(turn, entry))
    this.#journal.noted(turn, entry, merged)
    if (sightings) for (const [node, sighting] of sightings) this.#sightings.set(node, { ...sighting })
    this.#turn = turn
    if (this.#damage.isOf(merged.keys())) this.#repair()
  }

  sightings(): ReadonlyMap<NodeId, Sighting> {
    return this.#sightings
  }

  /** A consistent copy of the store while it is in use. `path` is a file; one that exists is replaced, and only when the copy is complete. */
  async backup(path: string): Promise<void> {
    const partial = `${path}.partial`
    try {
      await this.#database.backup(partial)
      renameSync(partial, path)
    } catch (error) {
      rmSync(partial, { force: true })
      throw new StorageError(`${path}: the backup failed: ${(error as Error).message}`, { cause: error })
    }
  }

  /** What the next open would have to move into the rows. */
  get journalBytes(): number {
    return this.#journal.bytes
  }

  /** From now on the file does not grow beyond this: a commit that would make it fails as on a full disk. */
  limitBytes(bytes: number): void {
    limitPages(this.#database, bytes)
  }

  close(): void {
    this.#database.close()
  }

  #moveAll(): void {
    if (this.#journal.isEmpty) return
    this.#write('moving the journal into the rows', () => this.#moved(this.#journal.moveAll(this.#rowWriter)))
  }

  #moved(turn: number | undefined): void {
    if (turn !== undefined) this.#meta.writeTurn(turn)
    this.#meta.writeTable({ digest: this.#digest.sum, begun: this.#journal.begun })
  }

  /** Before anything is moved. */
  #checkTable(): Damage {
    const { digest, begun } = this.#meta.table()
    if (this.#turn < begun) throw missingTurn(this.file, this.#turn + 1)
    const found = findDamagedRows(this.#database, this.file)
    refuseMixture(found, digest, this.file)
    this.#digest.set(found.stored)
    return found.damage
  }

  /** What was written may be what was damaged; until it is in its place, the damage is. */
  #repair(): void {
    this.#moveAll()
    this.#damage = findDamagedRows(this.#database, this.file).damage
  }

  /** One durable transaction. After a failure memory may be ahead of the disk, so nothing more is written. */
  #write(doing: string, work: () => void): void {
    this.#writeOne(doing, () => this.#inTransaction.immediate(work))
  }

  /** A single statement is a transaction of its own. */
  #writeOne(doing: string, work: () => void): void {
    this.#refuseAfterFailure()
    try {
      work()
    } catch (error) {
      this.#failed = true
      throw explained(error, this.file, doing)
    }
  }

  #read(actor: ActorId, key: string): unknown {
    const stored = storedKey(key)
    const row = this.#explain(`reading ${actor} ${JSON.stringify(key)}`, () =>
      this.#statements.get.get(actor, stored),
    )
    if (row) return this.#verified(actor, row)
    this.#damage.throwIfHiding(actor)
    return undefined
  }

  *#entries(actor: ActorId, range: KeyRange | undefined): Generator<readonly [string, unknown]> {
    this.#damage.throwIfHiding(actor)
    let from = range ? storedKey(range.from) : ''
    const to = range ? storedKey(range.to) : aboveAllKeys
    for (;;) {
      const rows = this.#explain(`reading the rows of ${actor}`, () => this.#chunk(actor, from, to))
      for (const row of rows) yield [originalKey(row[0]), this.#verified(actor, row)]
      const last = rows.at(-1)
      if (!last) return
      from = successor(last[0])
    }
  }

  #chunk(actor: ActorId, from: string, to: string): StoredRow[] {
    const rows: StoredRow[] = []
    let bytes = 0
    for (const row of this.#statements.range.iterate(actor, from, to, chunkRows)) {
      rows.push(row)
      bytes += row[1].byteLength
      if (bytes >= chunkBytes) break
    }
    return rows
  }

  #verified(actor: ActorId, [stored, value, crc]: StoredRow): unknown {
    if (rowChecksum(actor, stored, value) !== crc) throw new DamagedRow(this.file, actor, originalKey(stored))
    return decode(value)
  }

  #refuseAfterFailure(): void {
    if (this.#failed)
      throw new StorageError(`${this.file}: an earlier write failed; the node must be restarted`)
  }

  /** Of reading: after a failure rows that were being moved are neither here nor there. */
  #explain<T>(doing: string, work: () => T): T {
    this.#refuseAfterFailure()
    try {
      return work()
    } catch (error) {
      throw explained(error, this.file, doing)
    }
  }
}

function hasRows(rows: Rows): boolean {
  for (const _ of rows.entries()) return true
  return false
}

function rowWriter({ put, erase, eraseRange }: Statements, meta: Meta, digest: TableDigest): RowWriter {
  return {
    eraseRange(actor, { from, to }) {
      for (const crc of eraseRange.all(actor, storedKey(from), storedKey(to))) digest.take(crc)
    },
    erase(actor, key) {
      for (const crc of erase.all(actor, storedKey(key))) digest.take(crc)
    },
    put(actor, key, value) {
      const stored = storedKey(key)
      const bytes = encode(value)
      const crc = rowChecksum(actor, stored, bytes)
      put.run(actor, stored, bytes, crc)
      digest.add(crc)
    },
    see: (node, sighting) => meta.writeSighting(node, sighting),
  }
}
