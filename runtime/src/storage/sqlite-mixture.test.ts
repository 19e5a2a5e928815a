/**
 * A file whose pages are of two times: what a checkpoint leaves that was cut short, when the write-ahead log is lost as
 * well, or a disk that dropped a write.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { actorId } from '../address.ts'
import { type Random, seededRandom } from '../simulation/random.ts'
import { openSqlite } from './sqlite.ts'
import { cleanUp, newFolder, settle, tamper } from './sqlite-fixture.ts'
import { StorageError, type Write } from './storage.ts'

afterEach(cleanUp)

const pageBytes = 4_096
const olderTurn = 100
const limits = { journalBytes: 30_000, moveBytes: 10_000, rowsPerCommit: 7 }
const a = actorId('acceptor', 'a')
const b = actorId('learner', 'a')

function draw(random: Random, turn: number): Write[] {
  return Array.from({ length: 5 }, (_, i): Write => {
    const key = `k${Math.floor(random.between(0, 150))}`
    const actor = random.next() < 0.5 ? a : b
    if (random.next() < 0.1) return { actor, erase: key }
    return { actor, key, value: `${turn}.${i}`.padEnd(random.between(200, 220), 'v') }
  })
}

/** Two copies of one store, the second some turns later, and what its rows were at each turn. */
function twoTimes(seed: number): { older: Buffer; newer: Buffer; rowsAt: Map<number, string> } {
  const random = seededRandom(seed)
  const folder = newFolder()
  const file = join(folder, 'node.db')
  const rowsAt = new Map<number, string>()
  const run = (from: number, to: number): Buffer => {
    const store = openSqlite(folder, { limits })
    for (let turn = from; turn <= to; turn++) {
      store.commit(turn, draw(random, turn))
      // No file of these two can be at an earlier turn than the older one is.
      if (turn >= olderTurn)
        rowsAt.set(turn, JSON.stringify([a, b].map(actor => [...store.rows(actor).entries()])))
    }
    store.close()
    return readFileSync(file)
  }
  const older = run(1, olderTurn)
  return { older, newer: run(olderTurn + 1, olderTurn + 1 + Math.floor(random.between(5, 40))), rowsAt }
}

function mixed(older: Buffer, newer: Buffer, isNew: (page: number) => boolean): Buffer {
  const file = Buffer.alloc(Math.max(older.length, newer.length))
  for (let at = 0; at < file.length; at += pageBytes) {
    const from = isNew(at / pageBytes) ? newer : older
    from.subarray(at, at + pageBytes).copy(file, at)
  }
  return file
}

/** What it refuses, or undefined: then its rows are those of its turn. */
function refusal(file: Buffer, rowsAt: ReadonlyMap<number, string>): string | undefined {
  const folder = newFolder()
  writeFileSync(join(folder, 'node.db'), file)
  try {
    const store = openSqlite(folder, { readOnly: true })
    try {
      const rows = JSON.stringify([a, b].map(actor => [...store.rows(actor).entries()]))
      expect(rows === rowsAt.get(store.turn()), `its rows are those of turn ${store.turn()}`).toBe(true)
      return undefined
    } finally {
      store.close()
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return error.message
  }
}

describe('pages of two times', () => {
  it('[ST32] a checkpoint that was cut short without its log is refused, or shows whole turns', () => {
    const refused = new Set<string>()
    for (let seed = 1; seed <= 2; seed++) {
      const { older, newer, rowsAt } = twoTimes(seed)
      const pages = Math.max(older.length, newer.length) / pageBytes
      for (let cut = 0; cut <= pages; cut++) {
        const message = refusal(
          mixed(older, newer, page => page < cut),
          rowsAt,
        )
        if (message !== undefined) refused.add(message)
      }
    }
    expect(refused.size).toBeGreaterThan(20)
    for (const message of refused) expect(message).toMatch(/move (it|the file) away/)
  })

  it('[ST32] any pages of another time are refused, or show whole turns', () => {
    const random = seededRandom(9)
    const refused: string[] = []
    const { older, newer, rowsAt } = twoTimes(5)
    for (let trial = 0; trial < 60; trial++) {
      const share = random.next()
      const message = refusal(
        mixed(older, newer, () => random.next() < share),
        rowsAt,
      )
      if (message !== undefined) refused.push(message)
    }
    expect(refused.length).toBeGreaterThan(40)
    expect(refused.join()).toMatch(/rows are not all of one time|cannot be found by its name/)
  })

  it('[ST32] a row that went away, came back or is an older one refuses the file; a damaged checksum does not', () => {
    const folder = newFolder()
    const store = openSqlite(folder)
    store.commit(1, [
      { actor: a, key: 'k', value: 'v1' },
      { actor: a, key: 'l', value: 'v1' },
    ])
    store.close()
    settle(folder)
    const change = (sql: string) => {
      const copy = newFolder()
      copyFileSync(store.file, join(copy, 'node.db'))
      tamper(join(copy, 'node.db'), sql)
      return () => openSqlite(copy).close()
    }
    expect(change("DELETE FROM rows WHERE key = 'l'")).toThrow(/not all of one time/)
    expect(change("INSERT INTO rows SELECT actor, 'm', value, crc FROM rows WHERE key = 'l'")).toThrow(
      /not all of one time/,
    )
    expect(change("UPDATE rows SET crc = crc | 4096, key = key WHERE key = 'l'")).not.toThrow()
    expect(change("UPDATE rows SET value = zeroblob(3) WHERE key = 'l'")).not.toThrow()
  })

  it('[ST32] rows that moved ahead of the journal that is left refuse the file', () => {
    const folder = newFolder()
    const store = openSqlite(folder, { limits: { journalBytes: 600, moveBytes: 400, rowsPerCommit: 1 } })
    for (let turn = 1; turn <= 40; turn++)
      store.commit(
        turn,
        [1, 2, 3].map(i => ({ actor: a, key: `${turn}.${i}`, value: i })),
      )
    store.close()
    tamper(store.file, 'DELETE FROM journal WHERE turn > (SELECT min(turn) FROM journal)')
    expect(() => openSqlite(folder)).toThrow(/is missing from the journal/)
  })
})
