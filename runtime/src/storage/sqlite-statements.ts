/** Every statement of the SQLite store, prepared once. */
import type Database from 'better-sqlite3'

/** Bytes, also of a damaged row whose value passes for something else. */
export const storedValue = "coalesce(CAST(value AS BLOB), x'')"
export type StoredRow = [key: string, value: Uint8Array, crc: number]

export interface Statements {
  readonly get: Database.Statement<[actor: string, key: string], StoredRow>
  readonly range: Database.Statement<[actor: string, from: string, to: string, limit: number], StoredRow>
  readonly put: Database.Statement<[actor: string, key: string, value: Uint8Array, crc: number]>
  /** These give the checksums of what they erased. */
  readonly erase: Database.Statement<[actor: string, key: string], number>
  readonly eraseRange: Database.Statement<[actor: string, from: string, to: string], number>
  readonly actors: Database.Statement<[], string>
  readonly getMeta: Database.Statement<[name: string], [value: string, crc: number]>
  readonly putMeta: Database.Statement<[name: string, value: string, crc: number]>
  readonly sightings: Database.Statement<[], [node: string, value: string, crc: number]>
  readonly putSighting: Database.Statement<[node: string, value: string, crc: number]>
}

/** Steps from one actor's first row to the next actor's: its cost is the number of actors, not of rows. */
const distinctActors = `
  WITH RECURSIVE owner(actor) AS (
    SELECT min(actor) FROM rows
    UNION ALL
    SELECT (SELECT min(actor) FROM rows WHERE actor > owner.actor) FROM owner WHERE owner.actor IS NOT NULL
  )
  SELECT actor FROM owner WHERE actor IS NOT NULL`

/** `replaced` is told the checksum of each row that `put` writes over. */
export function prepareStatements(database: Database.Database, replaced: (crc: number) => void): Statements {
  database.function('replaced', { directOnly: true }, (before: unknown, after: unknown) => {
    replaced(before as number)
    return after
  })
  return {
    get: database
      .prepare<[string, string], StoredRow>(
        `SELECT key, ${storedValue}, crc FROM rows WHERE actor = ? AND key = ?`,
      )
      .raw(),
    range: database
      .prepare<[string, string, string, number], StoredRow>(
        `SELECT key, ${storedValue}, crc FROM rows WHERE actor = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`,
      )
      .raw(),
    put: database.prepare(
      'INSERT INTO rows VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT DO UPDATE SET value = excluded.value, crc = replaced(rows.crc, excluded.crc)',
    ),
    erase: database
      .prepare<[string, string], number>('DELETE FROM rows WHERE actor = ? AND key = ? RETURNING crc')
      .pluck(),
    eraseRange: database
      .prepare<[string, string, string], number>(
        'DELETE FROM rows WHERE actor = ? AND key >= ? AND key < ? RETURNING crc',
      )
      .pluck(),
    actors: database.prepare<[], string>(distinctActors).pluck(),
    getMeta: database.prepare<[string], [string, number]>('SELECT value, crc FROM meta WHERE name = ?').raw(),
    putMeta: database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?, ?)'),
    sightings: database
      .prepare<[], [string, string, number]>('SELECT node, value, crc FROM sightings ORDER BY node')
      .raw(),
    putSighting: database.prepare('INSERT OR REPLACE INTO sightings VALUES (?, ?, ?)'),
  }
}
