/**
 * A node's durable store in one SQLite file. A turn is one transaction, on disk when `commit` returns: an insertion
 * into the journal, from where its rows move into their table later. Every row and every turn in the journal carries
 * a checksum that is verified at the open and when it is read.
 */
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { assert, type Rows } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { Journal, type JournalLimits } from './journal.ts'
import { throughJournal } from './overlay-rows.ts'
import { refuseDamagedStructure } from './sqlite-damage.ts'
import { explained, fileName, limitPages, type OpenOptions, openFile } from './sqlite-file.ts'
import { Guard } from './sqlite-guard.ts'
import { Meta } from './sqlite-meta.ts'
import { prepareStatements, type Statements } from './sqlite-statements.ts'
import { Table } from './sqlite-table.ts'
import { type Identity, type Sighting, type Storage, StorageError, type Write } from './storage.ts'
import { TableDigest } from './table-digest.ts'
import { encodeEntry } from './turn-entry.ts'
import { mergeWrites } from './turn-writes.ts'

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
  readonly #guard: Guard
  readonly #statements: Statements
  readonly #table: Table
  readonly #inTransaction: Database.Transaction<(work: () => void) => void>
  readonly #meta: Meta
  readonly #journal: Journal
  readonly #sightings: Map<NodeId, Sighting>
  #identity: Identity | undefined
  #turn: number

  /** `database` as `openFile` gives it. */
  constructor(file: string, database: Database.Database, { readOnly, limits }: SqliteOptions = {}) {
    this.file = file
    this.#database = database
    this.#guard = new Guard(file)
    const digest = new TableDigest()
    try {
      this.#statements = prepareStatements(database, crc => digest.take(crc))
      this.#inTransaction = database.transaction(work => work())
      this.#meta = new Meta(file, this.#statements)
      refuseDamagedStructure(database, file)
      this.#identity = this.#meta.identity()
      this.#journal = new Journal(file, database, this.#meta.turn(), limits)
      this.#turn = this.#journal.lastTurn ?? this.#meta.turn()
      this.#sightings = new Map([...this.#meta.sightings(), ...this.#journal.sightings()])
      this.#table = new Table(database, this.#guard, this.#statements, this.#meta, digest)
      this.#table.check(this.#turn)
      if (readOnly !== true) this.#moveAll()
      if (!this.#table.damage.isNone) this.#table.findDamage()
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
      get: key => this.#table.get(actor, key),
      entries: range => this.#table.entries(actor, range),
    }
    return throughJournal(actor, table, this.#journal)
  }

  actors(): ActorId[] {
    const inTable = this.#guard.read('listing the actors', () => this.#statements.actors.all()) as ActorId[]
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
        this.#moved(this.#journal.moveSome(this.#table.writer))
      })
    } else this.#guard.write(doing, () => this.#journal.append(turn, entry))
    this.#journal.noted(turn, entry, merged, sightings)
    if (sightings) for (const [node, sighting] of sightings) this.#sightings.set(node, { ...sighting })
    this.#turn = turn
    if (this.#table.damage.isOf(merged.keys())) this.#repair()
  }

  sightings(): ReadonlyMap<NodeId, Sighting> {
    return this.#sightings
  }

  /**
   * A consistent copy of the store while it is in use. `path` is a file; one that exists is replaced, and only when
   * the copy is complete.
   */
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
    this.#write('moving the journal into the rows', () =>
      this.#moved(this.#journal.moveAll(this.#table.writer)),
    )
  }

  #moved(turn: number | undefined): void {
    if (turn !== undefined) this.#meta.writeTurn(turn)
    this.#meta.writeTable({ digest: this.#table.digest.sum, begun: this.#journal.begun })
  }

  /** What was written may be what was damaged; until it is in its place, the damage is. */
  #repair(): void {
    this.#moveAll()
    this.#table.findDamage()
  }

  /** One durable transaction. */
  #write(doing: string, work: () => void): void {
    this.#guard.write(doing, () => this.#inTransaction.immediate(work))
  }
}

function hasRows(rows: Rows): boolean {
  for (const _ of rows.entries()) return true
  return false
}
