/** Every statement of the SQLite store, prepared once. */
import type Database from 'better-sqlite3'

export type StoredRow = [key: string, value: Uint8Array, crc: number]

export interface Statements {
  readonly get: Database.Statement<[actor: string, key: string], StoredRow>
  readonly range: Database.Statement<[actor: string, from: string, to: string, limit: number], StoredRow>
  readonly put: Database.Statement<[actor: string, key: string, value: Uint8Array, crc: number]>
  readonly erase: Database.Statement<[actor: string, key: string]>
  readonly eraseRange: Database.Statement<[actor: string, from: string, to: string]>
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

export function prepareStatements(database: Database.Database): Statements {
  return {
    get: database
      .prepare<[string, string], StoredRow>('SELECT key, value, crc FROM rows WHERE actor = ? AND key = ?')
      .raw(),
    range: database
      .prepare<[string, string, string, number], StoredRow>(
        'SELECT key, value, crc FROM rows WHERE actor = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
      )
      .raw(),
    put: database.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)'),
    erase: database.prepare('DELETE FROM rows WHERE actor = ? AND key = ?'),
    eraseRange: database.prepare('DELETE FROM rows WHERE actor = ? AND key >= ? AND key < ?'),
    actors: database.prepare<[], string>(distinctActors).pluck(),
    getMeta: database.prepare<[string], [string, number]>('SELECT value, crc FROM meta WHERE name = ?').raw(),
    putMeta: database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?, ?)'),
    sightings: database
      .prepare<[], [string, string, number]>('SELECT node, value, crc FROM sightings ORDER BY node')
      .raw(),
    putSighting: database.prepare('INSERT OR REPLACE INTO sightings VALUES (?, ?, ?)'),
  }
}
