import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, expect } from 'vitest'
import { openSqlite } from './sqlite.ts'
import { describeStorage } from './storage.contract.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'synod-storage-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function flipStoredBit(file: string, actor: string, key: string): void {
  const database = new Database(file)
  const row = 'WHERE actor = ? AND key = ?'
  const value = database.prepare(`SELECT value FROM rows ${row}`).pluck().get(actor, key) as Buffer
  value[0] = (value[0] ?? 0) ^ 4
  expect(database.prepare(`UPDATE rows SET value = ? ${row}`).run(value, actor, key).changes).toBe(1)
  database.close()
}

describeStorage('sqlite', () => {
  const folder = newFolder()
  let store = openSqlite(folder)
  const reopen = () => {
    store.close()
    store = openSqlite(folder)
    cleanups.push(() => store.close())
    return store
  }
  cleanups.push(() => store.close())
  return {
    store,
    crash: reopen,
    failNextCommit: () => store.limitBytes(100_000),
    flipBit(actor, key) {
      store.close()
      flipStoredBit(store.file, actor, key)
      return reopen()
    },
  }
})
