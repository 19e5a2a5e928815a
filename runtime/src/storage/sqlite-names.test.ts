/**
 * Names of rows that a flipped bit has changed, in the file itself: whatever it is, no row may seem never to have
 * been.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { type ActorId, actorId, nodeId } from '../address.ts'
import { openSqlite, type SqliteStorage } from './sqlite.ts'
import { cleanUp, newFolder, settle, tamper } from './sqlite-fixture.ts'
import { StorageError } from './storage.ts'

afterEach(cleanUp)

const rows = [
  { actor: actorId('acceptor', 'stock.3'), key: 'log/1', value: 'one' },
  { actor: actorId('acceptor', 'stock.3'), key: 'promise', value: 'two' },
  { actor: actorId('acceptor', 'stock.4'), key: 'promise', value: 'three' },
]
const n2 = nodeId('n2')

/** A closed store with these rows, all in their table, and a sighting. */
function written(): { folder: string; file: string } {
  const folder = newFolder()
  const store = openSqlite(folder)
  store.setIdentity({ cluster: 'c', node: nodeId('n1'), incarnation: 'i', amnesiac: false })
  store.commit(1, rows, new Map([[n2, { incarnation: '1-n2', turn: 7 }]]))
  store.close()
  settle(folder)
  return { folder, file: store.file }
}

/** What the actors of all rows are told, or the error. */
function readAll(folder: string): unknown[] | StorageError {
  let store: SqliteStorage | undefined
  try {
    store = openSqlite(folder, { readOnly: true })
    return rows.map(({ actor, key }) => told(store as SqliteStorage, actor, key))
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  } finally {
    store?.close()
  }
}

function told(store: SqliteStorage, actor: ActorId, key: string): unknown {
  try {
    return store.rows(actor).get(key)
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
}

/**
 * From the header of the first cell to the end of the last: actor and key of a row stand together there, and nowhere
 * else.
 */
function cells(file: Buffer): { from: number; to: number } {
  const starts = rows.map(({ actor, key }) => file.lastIndexOf(`${actor}${key}`))
  return { from: Math.min(...starts) - 8, to: Math.max(...starts) + 48 }
}

it('[ST11, ST23] every bit of the rows flipped: each is read as it was, or the damage is said', () => {
  const { folder, file } = written()
  const good = readFileSync(file)
  const { from, to } = cells(good)
  expect(to - from).toBeLessThan(250)
  let refused = 0
  for (let bit = from * 8; bit < to * 8; bit++) {
    const bad = Buffer.from(good)
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    writeFileSync(file, bad)
    const read = readAll(folder)
    if (read instanceof StorageError) refused++
    else {
      for (const [at, found] of read.entries()) {
        if (!(found instanceof StorageError))
          expect(found, `bit ${bit & 7} of byte ${bit >> 3}`).toBe(rows[at]?.value)
      }
    }
  }
  expect(refused).toBeGreaterThan(20)
})

it.each([
  ['a key that is no text any more', "UPDATE rows SET key = CAST(key AS BLOB) WHERE key = 'log/1'"],
  ['an actor that is no text any more', "UPDATE rows SET actor = CAST(actor AS BLOB) WHERE key = 'log/1'"],
])('[ST23] %s refuses the file', (_, sql) => {
  const { folder, file } = written()
  tamper(file, sql)
  expect(readAll(folder)).toMatchObject({
    message: expect.stringMatching(
      /cannot be found by its name.*move the file away and let the node recover/,
    ),
  })
})

it('[ST23] a sighting whose node is no text any more refuses the file', () => {
  const { folder, file } = written()
  tamper(file, 'UPDATE sightings SET node = CAST(node AS BLOB)')
  expect(readAll(folder)).toMatchObject({ message: expect.stringContaining('sighting of n2 is damaged') })
})
