/**
 * Opening `node.db`: the settings that durability rests on, each read back, and the refusal of everything that is not
 * a store of ours.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { rowChecksum } from './checksum.ts'
import { findDamagedRows } from './sqlite-damage.ts'
import { StorageError } from './storage.ts'
import { reserveWal } from './wal-space.ts'

export const fileName = 'node.db'
/** 'SYND', at a fixed place in the file's header. */
const applicationId = 0x53594e44
/**
 * Version 1 had no journal, version 2 no digest of its rows, version 3 wrote the names of all fields, version 4 a row
 * for each key of a group's state.
 */
const formatVersion = 5
/** How long an open waits for the lock of a process that is just ending. */
const lockWait_ms = 500
/** Pages in the WAL before a commit also moves them into the file: about 16 MB. */
const checkpointPages = 4_096
/** The checkpoint comes with the commit that passes the mark, so that the log is a little longer. */
const walBytes = 18 << 20

const journalSchema = `
  CREATE TABLE journal (turn INTEGER NOT NULL PRIMARY KEY, entry BLOB NOT NULL, crc INTEGER NOT NULL);
`
/** Out of a damage, for a node that has others. */
const wayOut = 'move it away and let the node recover from the others'

const schema = `
  CREATE TABLE rows (actor TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (actor, key)) WITHOUT ROWID;
  CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE sightings (node TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  ${journalSchema}
`

export interface OpenOptions {
  /** For inspection of a node at rest: nothing can be written. */
  readonly readOnly?: boolean
  /** The file does not grow beyond this; a commit that would make it fails as on a full disk. */
  readonly maxBytes?: number
}

/** A connection to the folder's `node.db`, created when there is none. Throws `StorageError`. */
export function openFile(folder: string, options: OpenOptions): Database.Database {
  const file = join(folder, fileName)
  prepareFolder(folder, file, options)
  let database: Database.Database | undefined
  try {
    database = new Database(file, { readonly: options.readOnly === true, timeout: lockWait_ms })
    settle(database, file, options)
    return database
  } catch (error) {
    database?.close()
    throw explained(error, file, 'opening it')
  }
}

function settle(database: Database.Database, file: string, options: OpenOptions): void {
  // Before the first read: only then does SQLite keep the lock and need no shared memory. One process owns a folder.
  if (!options.readOnly) setAndCheck(database, file, 'locking_mode', 'exclusive')
  const fresh = isEmpty(database)
  if (!fresh || options.readOnly) refuseForeign(database, file, options)
  if (options.readOnly) return
  setAndCheck(database, file, 'journal_mode', 'wal')
  // better-sqlite3 opens WAL at NORMAL, which loses acknowledged commits at power loss.
  setAndCheck(database, file, 'synchronous', 2)
  // On macOS a plain fsync leaves the data in the drive's cache. Elsewhere these do nothing.
  setAndCheck(database, file, 'fullfsync', 1)
  setAndCheck(database, file, 'checkpoint_fullfsync', 1)
  setAndCheck(database, file, 'wal_autocheckpoint', checkpointPages)
  if (options.maxBytes !== undefined) limitPages(database, options.maxBytes)
  // Also when nothing is to be created: a store that cannot be written must be found out now.
  database
    .transaction(() => {
      if (fresh) create(database)
      else bringUp(database, file)
      database.pragma(`user_version = ${formatVersion}`)
    })
    .immediate()
  reserveWal(file, walBytes)
}

/** Never below what the file has already. */
export function limitPages(database: Database.Database, bytes: number): void {
  database.pragma(`max_page_count = ${Math.ceil(bytes / pragmaNumber(database, 'page_size'))}`)
}

function setAndCheck(database: Database.Database, file: string, name: string, value: string | number): void {
  database.pragma(`${name} = ${value}`)
  const found = database.pragma(name, { simple: true })
  if (found !== value) {
    throw new StorageError(
      `${file}: SQLite did not take ${name} = ${value} (it says ${String(found)}); without it commits are not durable`,
    )
  }
}

function pragmaNumber(database: Database.Database, name: string): number {
  return Number(database.pragma(name, { simple: true }))
}

function isEmpty(database: Database.Database): boolean {
  const tables = database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get()
  return tables === 0 && pragmaNumber(database, 'application_id') === 0
}

const emptyTable = JSON.stringify([0, 0])

function create(database: Database.Database): void {
  database.exec(schema)
  const meta = database.prepare('INSERT INTO meta VALUES (?, ?, ?)')
  // Both rows are there from the start: that one is missing is damage, not a store that was never used.
  meta.run('turn', '0', rowChecksum('meta', 'turn', '0'))
  meta.run('identity', 'null', rowChecksum('meta', 'identity', 'null'))
  meta.run('table', emptyTable, rowChecksum('meta', 'table', emptyTable))
}

/** A store that an older version wrote. */
function bringUp(database: Database.Database, file: string): void {
  const from = version(database)
  if (from < 2) database.exec(journalSchema)
  if (from >= 3) return
  const table = JSON.stringify([findDamagedRows(database, file).stored, 0])
  database
    .prepare('INSERT OR REPLACE INTO meta VALUES (?, ?, ?)')
    .run('table', table, rowChecksum('meta', 'table', table))
}

function version(database: Database.Database): number {
  return pragmaNumber(database, 'user_version')
}

function refuseForeign(database: Database.Database, file: string, { readOnly }: OpenOptions): void {
  if (pragmaNumber(database, 'application_id') !== applicationId) throw notOurs(file)
  const found = version(database)
  const older = found >= 1 && found < formatVersion
  if (found === formatVersion || (older && readOnly !== true)) return
  throw new StorageError(
    `${file}: its format is version ${found}, this program reads version ${formatVersion}; ` +
      (older
        ? 'start its node once, to bring it up'
        : `start it with the version of the program that wrote it, or, if it is damaged, ${wayOut}`),
  )
}

function notOurs(file: string, cause?: unknown): StorageError {
  return new StorageError(
    `${file}: not a node's store; choose another data folder, or, if it was one and is damaged, ${wayOut}`,
    { cause },
  )
}

function prepareFolder(folder: string, file: string, options: OpenOptions): void {
  if (options.readOnly) {
    if (!existsSync(file)) throw new StorageError(`${file}: there is no such store`)
    return
  }
  try {
    const firstMade = mkdirSync(folder, { recursive: true })
    // A new folder is durable when the folder above it is: SQLite takes care of the files in it, not of this.
    if (firstMade !== undefined) syncFolders(resolve(folder), dirname(resolve(firstMade)))
  } catch (error) {
    throw new StorageError(`${folder}: the data folder cannot be made: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** From the innermost folder up to `last`. */
function syncFolders(innermost: string, last: string): void {
  for (let folder = innermost; ; folder = dirname(folder)) {
    const descriptor = openSync(folder, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
    if (folder === last || folder === dirname(folder)) return
  }
}

/** SQLite's errors in words that say which file and what to do; any other error as it is. */
export function explained(error: unknown, file: string, doing: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const { code } = error
  if (code.startsWith('SQLITE_NOTADB')) return notOurs(file, error)
  return new StorageError(`${file}: ${reason(code, error.message)} (while ${doing}; ${code})`, {
    cause: error,
  })
}

function reason(code: string, message: string): string {
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return 'in use by another process; stop that one first'
  if (code.startsWith('SQLITE_FULL')) return 'the disk is full; free some space and start the node again'
  if (code.startsWith('SQLITE_READONLY'))
    return `it cannot be written; check its permissions, or, if it is damaged, ${wayOut}`
  if (code === 'SQLITE_IOERR_LOCK') return 'it cannot be locked; check that its file system is writable'
  if (code.startsWith('SQLITE_CANTOPEN'))
    return 'it cannot be opened; check that the folder exists and is writable'
  if (code.startsWith('SQLITE_CORRUPT')) {
    return `damaged (${message}); ${wayOut}`
  }
  // What a damaged header says is not always called corrupt.
  return `${message}; if it is damaged, ${wayOut}`
}
