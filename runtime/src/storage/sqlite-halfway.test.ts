/** What is done in steps and fails between two of them, and the step that nobody sees: the folder on disk. */
import fs, { readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, expect, it } from 'vitest'
import { nodeId } from '../address.ts'
import { openSqlite } from './sqlite.ts'
import { cleanUp, later, newFolder, tamper } from './sqlite-fixture.ts'
import { StorageError } from './storage.ts'

afterEach(cleanUp)

const identity = { cluster: 'c', node: nodeId('n1'), incarnation: '1-a', amnesiac: false }

it.each([
  ['sightings', 'sightings', ''],
  ['identity', 'meta', "WHEN NEW.name = 'identity'"],
])('[ST9] when the %s cannot be written, neither identity nor sightings are', (_, table, condition) => {
  const folder = newFolder()
  const before = openSqlite(folder)
  before.setIdentity(identity)
  before.close()
  tamper(
    before.file,
    `CREATE TRIGGER no BEFORE INSERT ON ${table} ${condition} BEGIN SELECT RAISE(ABORT, 'no'); END`,
  )
  const store = openSqlite(folder)
  later(() => store.close())
  const seen = new Map([[nodeId('n2'), { incarnation: 'x', turn: 7 }]])
  expect(() => store.setIdentity({ ...identity, incarnation: '2-b' }, seen)).toThrow(StorageError)
  store.close()
  const after = openSqlite(folder, { readOnly: true })
  later(() => after.close())
  expect(after.identity()).toEqual(identity)
  expect(after.sightings().size).toBe(0)
})

it('[ST27] a backup that fails half way leaves the one that is there', async () => {
  const store = openSqlite(newFolder())
  later(() => store.close())
  const target = join(newFolder(), 'node.db')
  await store.backup(target)
  const good = readFileSync(target)
  const { backup } = Database.prototype
  later(() => {
    Database.prototype.backup = backup
  })
  Database.prototype.backup = async path => {
    writeFileSync(path, 'half of it')
    throw new Error('no space')
  }
  await expect(store.backup(target)).rejects.toThrow('no space')
  expect(readFileSync(target).equals(good)).toBe(true)
})

it('[ST7] a new data folder is on disk before the first turn, and so are the folders made above it', () => {
  const parent = newFolder()
  const folder = join(parent, 'nodes', 'n1')
  const { openSync, fsyncSync } = fs
  later(() => {
    Object.assign(fs, { openSync, fsyncSync })
    syncBuiltinESMExports()
  })
  const names = new Map<number, string>()
  const synced: (string | undefined)[] = []
  fs.openSync = (path, flags, mode) => {
    const descriptor = openSync(path, flags, mode)
    names.set(descriptor, String(path))
    return descriptor
  }
  fs.fsyncSync = descriptor => {
    synced.push(names.get(descriptor))
    fsyncSync(descriptor)
  }
  syncBuiltinESMExports()
  openSqlite(folder).close()
  expect(synced).toEqual(expect.arrayContaining([folder, dirname(folder), parent]))
})
