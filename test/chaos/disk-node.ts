/**
 * A node whose disk a test has in hand: `node disk-node.ts <node.yaml>`, told by SYNOD_TEST_DISK. Nothing but tests
 * starts this program, and the product's own has no switch for any of it: it always opens its store at FULL.
 */
import { join } from 'node:path'
import { openSqlite, SqliteStorage, type Storage } from '@synod/runtime/host'
import { runNode } from '../../cluster/src/node/process.ts'
import { fileName, openFile } from '../../runtime/src/storage/sqlite-file.ts'

export interface Disk {
  /** Each commit takes so much longer: as on a disk that is slow to sync. */
  readonly slowMs?: number
  /** The database does not grow beyond this. */
  readonly maxBytes?: number
  /** Commits do not wait for the disk: what SQLite does in WAL mode unless told otherwise. */
  readonly forgetful?: boolean
}

export const diskNode = [process.execPath, import.meta.filename]

export function disk(how: Disk): Readonly<Record<string, string>> {
  return { SYNOD_TEST_DISK: JSON.stringify(how) }
}

function open(folder: string, { slowMs, maxBytes, forgetful }: Disk): Storage {
  if (forgetful === true) return openForgetful(folder)
  const store = openSqlite(folder, maxBytes === undefined ? {} : { maxBytes })
  return slowMs === undefined ? store : slowed(store, slowMs)
}

/** At NORMAL, and otherwise as the product opens it. */
function openForgetful(folder: string): Storage {
  const database = openFile(folder, {})
  database.pragma('synchronous = NORMAL')
  if (database.pragma('synchronous', { simple: true }) !== 1) throw new Error('NORMAL was not taken')
  return new SqliteStorage(join(folder, fileName), database)
}

/** The whole thread waits, as it does for the disk. */
function slowed(store: Storage, slowMs: number): Storage {
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  return {
    identity: () => store.identity(),
    setIdentity: (identity, sightings) => store.setIdentity(identity, sightings),
    turn: () => store.turn(),
    rows: actor => store.rows(actor),
    actors: () => store.actors(),
    commit(turn, writes, sightings) {
      Atomics.wait(nothing, 0, 0, slowMs)
      store.commit(turn, writes, sightings)
    },
    sightings: () => store.sightings(),
    close: () => store.close(),
  }
}

if (import.meta.main) {
  const how = JSON.parse(process.env.SYNOD_TEST_DISK ?? '{}') as Disk
  await runNode(process.argv[2] ?? 'node.yaml', process.cwd(), { openStorage: folder => open(folder, how) })
}
