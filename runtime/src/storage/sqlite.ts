/**
 * A node's durable store in one SQLite file. A turn is one IMMEDIATE transaction, on disk when `commit` returns;
 * every row carries a checksum that is verified at the open and when it is read.
 */
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { assert, type KeyRange, type Rows } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { decode } from '../codec.ts'
import { rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { type Damage, findDamage, findDamagedRows } from './sqlite-damage.ts'
import { explained, fileName, limitPages, type OpenOptions, openFile } from './sqlite-file.ts'
import { Meta } from './sqlite-meta.ts'
import { prepareStatements, type Statements, type StoredRow } from './sqlite-statements.ts'
import { type Identity, type Sighting, type Storage, StorageError, type Write } from './storage.ts'
import { aboveAllKeys, originalKey, storedKey, successor } from './stored-key.ts'
import { type ActorWrites, mergeWrites } from './turn-writes.ts'

/** A walk over rows reads this much at a time, so that it holds neither all rows nor a statement open. */
const chunkRows = 256
const chunkBytes = 1_048_576

/**
 * Opens the store in a data folder, and makes both when there are none. Throws a `StorageError` that names the file:
 * in use, damaged, not a store, of another version, not writable.
 */
export function openSqlite(folder: string, options: OpenOptions = {}): SqliteStorage {
  return new SqliteStorage(join(folder, fileName), openFile(folder, options))
}

export class SqliteStorage implements Storage {
  readonly file: string
  readonly #database: Database.Database
  readonly #statements: Statements
  readonly #inTransaction: Database.Transaction<(work: () => void) => void>
  readonly #meta: Meta
  readonly #sightings: Map<NodeId, Sighting>
  #identity: Identity | undefined
  #turn: number
  #damage: Damage
  #failed = false

  /** `database` as `openFile` gives it. */
  constructor(file: string, database: Database.Database) {
    this.file = file
    this.#database = database
    try {
      this.#statements = prepareStatements(database)
      this.#inTransaction = database.transaction(work => work())
      this.#meta = new Meta(file, this.#statements)
      this.#damage = findDamage(database, file)
      this.#turn = this.#meta.turn()
      this.#identity = this.#meta.identity()
      this.#sightings = this.#meta.sightings()
    } catch (error) {
      database.close()
      throw explained(error, file, 'reading what the node is')
    }
  }

  identity(): Identity | undefined {
    return this.#identity
  }

  setIdentity(identity: Identity): void {
    const { cluster, node, incarnation, amnesiac } = identity
    const settled = { cluster, node, incarnation, amnesiac }
    this.#write('writing the identity', () => this.#meta.writeIdentity(settled))
    this.#identity = settled
  }

  turn(): number {
    return this.#turn
  }

  rows(actor: ActorId): Rows {
    return {
      get: key => this.#read(actor, key),
      entries: range => this.#entries(actor, range),
    }
  }

  actors(): ActorId[] {
    return this.#explain('listing the actors', () => this.#statements.actors.all()) as ActorId[]
  }

  commit(turn: number, writes: readonly Write[], sightings?: ReadonlyMap<NodeId, Sighting>): void {
    assert(turn === this.#turn + 1, `turn ${turn} is committed after turn ${this.#turn}`)
    const merged = mergeWrites(writes)
    this.#write(`committing turn ${turn}`, () => {
      for (const [actor, changes] of merged) this.#writeRows(actor, changes)
      if (sightings) for (const [node, sighting] of sightings) this.#meta.writeSighting(node, sighting)
      this.#meta.writeTurn(turn)
    })
    if (sightings) for (const [node, sighting] of sightings) this.#sightings.set(node, { ...sighting })
    this.#turn = turn
    if (!this.#damage.isNone) this.#damage = findDamagedRows(this.#database, this.file)
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

  /** From now on the file does not grow beyond this: a commit that would make it fails as on a full disk. */
  limitBytes(bytes: number): void {
    limitPages(this.#database, bytes)
  }

  close(): void {
    this.#database.close()
  }

  #writeRows(actor: ActorId, { ranges, keys }: ActorWrites): void {
    const { put, erase, eraseRange } = this.#statements
    for (const { from, to } of ranges) eraseRange.run(actor, storedKey(from), storedKey(to))
    for (const [key, value] of keys) {
      const stored = storedKey(key)
      if (value === null) erase.run(actor, stored)
      else put.run(actor, stored, value, rowChecksum(actor, stored, value))
    }
  }

  /** One durable transaction. After a failure memory may be ahead of the disk, so nothing more is written. */
  #write(doing: string, work: () => void): void {
    if (this.#failed)
      throw new StorageError(`${this.file}: an earlier write failed; the node must be restarted`)
    try {
      this.#inTransaction.immediate(work)
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

  #explain<T>(doing: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw explained(error, this.file, doing)
    }
  }
}
