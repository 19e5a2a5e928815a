/**
 * What bit rot can do to a file, found at every open. SQLite checks nothing but its own structure, and a checksum
 * inside a row is silent about a row that a damaged key hides. So an open walks everything once:
 * 1. the structure, by SQLite's own check: damage to it can hide any row, and the file is refused;
 * 2. every row against its checksum: one that fails was damaged in its value or in its name, nobody can tell which.
 *    As long as there is one, its actor is told of no absence: a row that is found is right, but "there is no such
 *    row" could be the damaged row's doing and is an error (a promise must not be forgotten that way).
 */
import type Database from 'better-sqlite3'
import type { ActorId } from '../address.ts'
import { rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { StorageError } from './storage.ts'
import { originalKey } from './stored-key.ts'

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

export function findDamagedRows(database: Database.Database, file: string): Damage {
  const all = database.prepare<[], [string, string, Uint8Array, number]>(
    'SELECT actor, key, value, crc FROM rows',
  )
  const damaged: DamagedRow[] = []
  const intact = new Set<string>()
  for (const [actor, stored, value, crc] of all.raw().iterate()) {
    if (rowChecksum(actor, stored, value) === crc) intact.add(actor)
    else damaged.push(new DamagedRow(file, actor as ActorId, originalKey(stored)))
  }
  return new Damage(damaged, intact)
}
