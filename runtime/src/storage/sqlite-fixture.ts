/** What the tests of the SQLite store share: folders that go away, and hands that reach into the file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqlite } from './sqlite.ts'

const cleanups: (() => void)[] = []

/** Called after the test, the last one first. */
export function later(cleanup: () => void): void {
  cleanups.push(cleanup)
}

export function cleanUp(): void {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'synod-storage-'))
  later(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An open moves what the journal has into the rows. */
export function settle(folder: string): void {
  openSqlite(folder).close()
}

/** Runs SQL on a file that no store has open. */
export function tamper(file: string, sql: string): void {
  const database = new Database(file)
  database.exec(sql)
  database.close()
}

/** Flips one bit of a stored value. */
export function changeRow(file: string, actor: string, key: string): void {
  settle(dirname(file))
  const database = new Database(file)
  const value = database
    .prepare<[string, string], Buffer>('SELECT value FROM rows WHERE actor = ? AND key = ?')
    .pluck()
    .get(actor, key)
  if (!value) throw new Error(`no row ${actor} ${key}`)
  value[0] = (value[0] ?? 0) ^ 4
  database.prepare('UPDATE rows SET value = ? WHERE actor = ? AND key = ?').run(value, actor, key)
  database.close()
}
