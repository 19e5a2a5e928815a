/**
 * What bit rot can do to a file, found at every open. SQLite checks nothing but its own structure, and a checksum
 * inside a row is silent about a row that a damaged key hides. So an open walks everything once:
 * 1. the structure, by SQLite's own check: damage to it can hide any row, and the file is refused;
 * 2. every row against its checksum: one that fails was damaged in its value or in its name, nobody can tell which.
 *    As long as there is one, its actor is told of no absence: a row that is found is right, but "there is no such
 *    row" could be the damaged row's doing and is an error (a promise must not be forgotten that way);
 * 3. the names: a row whose name is no text any more (one bit tells a text from a blob, and the bytes stay the same), or that
 *    does not stand in order, is not found by who looks for it, nor are others: the file is refused;
 * 4. all rows against the digest of the table: rows that are each whole but not of one time refuse the file.
 */
import type Database from 'better-sqlite3'
import type { ActorId } from '../address.ts'
import { rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { storedValue } from './sqlite-statements.ts'
import { StorageError } from './storage.ts'
import { originalKey } from './stored-key.ts'
import { TableDigest } from './table-digest.ts'

export class Damage {
  readonly #rows: readonly DamagedRow[]
  readonly #intactActors: ReadonlySet<string>

  constructor(rows: readonly DamagedRow[], intactActors: ReadonlySet<string>) {
    this.#rows = rows
    this.#intactActors = intactActors
  }

  get isNone(): boolean {
    return this.#rows.length === 0
  }

  /** Whether a write by one of these could have repaired something. */
  isOf(actors: Iterable<ActorId>): boolean {
    if (this.isNone) return false
    const damaged = new Set(this.#rows.map(row => row.actor))
    return [...actors].some(actor => damaged.has(actor))
  }

  /** Called before telling an actor that it has no such row. */
  throwIfHiding(actor: ActorId): void {
    for (const row of this.#rows) {
      // An actor without any other row may be a damaged name: the row can be anybody's.
      if (row.actor === actor || !this.#intactActors.has(row.actor)) throw row
    }
  }
}

export function refuseDamagedStructure(database: Database.Database, file: string): void {
  const report = database.pragma('quick_check(1)', { simple: true })
  if (report !== 'ok') {
    throw new StorageError(
      `${file}: damaged (${String(report).replace(/\s+/g, ' ')}); move it away and let the node recover from the others`,
    )
  }
}

export interface RowsFound {
  readonly damage: Damage
  /** The digest of the checksums that are stored, and of those that the rows should have. */
  readonly stored: number
  readonly computed: number
}

export function findDamagedRows(database: Database.Database, file: string): RowsFound {
  const all = database.prepare<[], [string, string, Uint8Array, number]>(
    `SELECT actor, key, ${storedValue}, crc FROM rows`,
  )
  const damaged: DamagedRow[] = []
  const intact = new Set<string>()
  const stored = new TableDigest()
  const computed = new TableDigest()
  const order = new RowOrder(file)
  for (const [actor, key, value, crc] of all.raw().iterate()) {
    const found = rowChecksum(actor, key, value)
    stored.add(crc)
    computed.add(found)
    order.next(actor, key, found === crc)
    if (found === crc) intact.add(actor)
    else damaged.push(new DamagedRow(file, actor as ActorId, originalKey(key)))
  }
  return { damage: new Damage(damaged, intact), stored: stored.sum, computed: computed.sum }
}

/** Whether the rows that a walk gives stand where a search looks for them. */
class RowOrder {
  readonly #file: string
  #actor = ''
  #key: string | undefined

  constructor(file: string) {
    this.#file = file
  }

  /**
   * Throws when this row does not follow the one before. The key of a damaged row says nothing, but hides only its
   * own actor's.
   */
  next(actor: string, key: string, intact: boolean): void {
    if (typeof actor !== 'string' || typeof key !== 'string') throw this.#misplaced(actor, key)
    if (actor !== this.#actor) {
      if (Buffer.compare(Buffer.from(actor), Buffer.from(this.#actor)) < 0) throw this.#misplaced(actor, key)
      this.#actor = actor
      this.#key = undefined
    }
    if (!intact) return
    if (this.#key !== undefined && key <= this.#key) throw this.#misplaced(actor, key)
    this.#key = key
  }

  #misplaced(actor: string, key: string): StorageError {
    const name = `${actor} ${JSON.stringify(originalKey(String(key)))}`
    return new StorageError(
      `${this.#file}: damaged (the row ${name} cannot be found by its name); ` +
        'move the file away and let the node recover from the others',
    )
  }
}

/**
 * Throws when the rows are not those that `digest` was made of. A damaged row is not that: of its checksum, value and
 * names one is as it was, so that one of the sums fits. (Several that are damaged differently fit neither.)
 */
export function refuseMixture({ stored, computed }: RowsFound, digest: number, file: string): void {
  if (stored === digest || computed === digest) return
  throw new StorageError(
    `${file}: damaged (its rows are not all of one time: some are missing, or older or newer than the node's turn); ` +
      'move the file away and let the node recover from the others',
  )
}
