import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Packr } from 'msgpackr'
import { afterEach, describe, expect, it } from 'vitest'
import { actorId, nodeId } from '../address.ts'
import { entryChecksum, rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { openSqlite, type SqliteStorage } from './sqlite.ts'
import { openFile } from './sqlite-file.ts'
import { changeRow, cleanUp, later, newFolder, settle, tamper } from './sqlite-fixture.ts'
import { StorageError } from './storage.ts'

afterEach(cleanUp)

const a = actorId('acceptor', 'stock.3')
const b = actorId('learner', 'stock.3')

function open(folder: string, options = {}): SqliteStorage {
  const store = openSqlite(folder, options)
  later(() => store.close())
  return store
}

/** A folder whose store has one row, closed. */
function written(): { folder: string; file: string } {
  const folder = newFolder()
  const store = openSqlite(folder)
  store.setIdentity({ cluster: 'c', node: nodeId('n1'), incarnation: 'i', amnesiac: false })
  store.commit(1, [{ actor: a, key: 'k', value: 'value' }])
  store.close()
  settle(folder)
  return { folder, file: store.file }
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError)
    return (error as Error).message
  }
  throw new Error('it was not refused')
}

describe('settings', () => {
  it('[ST20] every open commits through a WAL with full synchronisation, and holds the file', () => {
    const { folder } = written()
    for (let opens = 0; opens < 2; opens++) {
      const database = openFile(folder, {})
      later(() => database.close())
      const setting = (name: string) => database.pragma(name, { simple: true })
      expect(setting('journal_mode')).toBe('wal')
      expect(setting('synchronous')).toBe(2)
      expect(setting('locking_mode')).toBe('exclusive')
      database.close()
    }
  })

  it('[ST20] an open is refused when a setting does not take', () => {
    const { folder, file } = written()
    const pragma = Database.prototype.pragma
    later(() => {
      Database.prototype.pragma = pragma
    })
    Database.prototype.pragma = function (source, options) {
      return source.startsWith('synchronous =') ? undefined : pragma.call(this, source, options)
    }
    const message = refusal(() => openSqlite(folder))
    expect(message).toContain(file)
    expect(message).toContain('synchronous = 2')
  })
})

describe('what is not ours', () => {
  it('[ST21] text, another SQLite file, and a file of another version are refused and not changed', () => {
    const cases: [make: (file: string) => void, words: RegExp][] = [
      [file => writeFileSync(file, 'my notes, not a database\n'.repeat(200)), /not a node's store/],
      [file => tamper(file, 'CREATE TABLE mine (x); INSERT INTO mine VALUES (1)'), /not a node's store/],
      [file => tamper(file, 'PRAGMA application_id = 5'), /not a node's store/],
      [
        file => {
          copyFileSync(written().file, file)
          tamper(file, 'PRAGMA user_version = 99')
        },
        /version 99, this program reads version 5/,
      ],
    ]
    for (const [make, words] of cases) {
      const folder = newFolder()
      const file = join(folder, 'node.db')
      make(file)
      const before = readFileSync(file)
      for (const options of [{}, { readOnly: true }]) {
        const message = refusal(() => openSqlite(folder, options))
        expect(message).toMatch(words)
        expect(message).toContain(file)
      }
      expect(readFileSync(file).equals(before)).toBe(true)
    }
  })

  it.each([
    ['2, without a digest of its rows', "DELETE FROM meta WHERE name = 'table'; PRAGMA user_version = 2"],
    ['3, with the names of all fields', 'PRAGMA user_version = 3'],
    ["4, a row for each key of a group's state", 'PRAGMA user_version = 4'],
  ])('[ST21] a file of version %s: it is brought up with its rows, but not by who only reads', (_, older) => {
    const { folder, file } = written()
    tamper(file, older)
    expect(refusal(() => openSqlite(folder, { readOnly: true }))).toMatch(/start its node once/)
    expect(open(folder).rows(a).get('k')).toBe('value')
  })

  it('[ST21] rows and turns of an older version are read: they hold all names, and 70 in one byte', () => {
    const { folder, file } = written()
    const older = new Packr({ useRecords: false, variableMapSize: true })
    const row = older.pack({ value: 64, version: 70 })
    const turn = older.pack([[[a, [], [], ['k3', [95, 'x', 96]]]], []])
    const database = new Database(file)
    database.exec("DELETE FROM meta WHERE name = 'table'; PRAGMA user_version = 2")
    database.prepare('INSERT INTO rows VALUES (?, ?, ?, ?)').run(a, 'k2', row, rowChecksum(a, 'k2', row))
    database.prepare('INSERT INTO journal VALUES (?, ?, ?)').run(2, turn, entryChecksum(2, turn))
    database.close()
    const store = open(folder)
    expect(store.turn()).toBe(2)
    expect([...store.rows(a).entries()]).toEqual([
      ['k', 'value'],
      ['k2', { value: 64, version: 70 }],
      ['k3', [95, 'x', 96]],
    ])
  })

  it('[ST21] an empty file becomes a store: it is what a crash at the first open leaves', () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'node.db'), '')
    expect(open(folder).turn()).toBe(0)
  })

  it('[ST22] a folder is open once; the refusal names the file', () => {
    const { folder, file } = written()
    const store = open(folder)
    for (const options of [{}, { readOnly: true }]) {
      expect(refusal(() => openSqlite(folder, options))).toMatch(/in use/)
      expect(refusal(() => openSqlite(folder, options))).toContain(file)
    }
    store.close()
    expect(open(folder).turn()).toBe(1)
  })
})

describe('damage', () => {
  it('[ST11] the error names the file', () => {
    const { folder, file } = written()
    changeRow(file, a, 'k')
    const read = () => open(folder).rows(a).get('k')
    expect(read).toThrow(DamagedRow)
    expect(read).toThrow(file)
  })

  it('[ST11] bytes that moved to another key or actor are noticed', () => {
    const { folder, file } = written()
    tamper(file, "UPDATE rows SET key = 'other'")
    expect(() => open(folder).rows(a).get('other')).toThrow(DamagedRow)
    cleanUp()
    const second = written()
    tamper(second.file, "UPDATE rows SET actor = 'learner/stock.3'")
    const moved = actorId('learner', 'stock.3')
    expect(() => open(second.folder).rows(moved).get('k')).toThrow(DamagedRow)
  })

  it('[ST23] damaged turn, identity or sighting: the store is refused', () => {
    const changes = [
      "UPDATE meta SET value = '7' WHERE name = 'turn'",
      "DELETE FROM meta WHERE name = 'turn'",
      "UPDATE meta SET value = replace(value, 'n1', 'n2') WHERE name = 'identity'",
      `INSERT INTO sightings VALUES ('n2', '["i",3]', 1)`,
    ]
    for (const change of changes) {
      const { folder, file } = written()
      tamper(file, change)
      const message = refusal(() => openSqlite(folder))
      expect(message).toMatch(/damaged/)
      expect(message).toContain(file)
    }
  })

  it('[ST11] a damaged key hides no row: its absence is an error, what is found is right', () => {
    const { folder, file } = written()
    const store = openSqlite(folder)
    store.commit(2, [{ actor: a, key: 'promise', value: 7 }])
    store.commit(3, [{ actor: b, key: 'slot', value: 8 }])
    store.close()
    settle(folder)
    tamper(file, "UPDATE rows SET key = 'promisd' WHERE key = 'promise'")
    const damaged = open(folder)
    expect(() => damaged.rows(a).get('promise')).toThrow(DamagedRow)
    expect(() => [...damaged.rows(a).entries({ from: 'a', to: 'b' })]).toThrow(DamagedRow)
    expect(damaged.rows(a).get('k')).toBe('value')
    expect(damaged.rows(b).get('other')).toBeUndefined()
    damaged.commit(4, [{ actor: a, erase: 'promisd' }])
    expect(damaged.rows(a).get('promise')).toBeUndefined()
  })

  it('[ST11] a damaged actor name could hide any actor: nobody is told of an absence', () => {
    const { folder, file } = written()
    tamper(file, "UPDATE rows SET actor = 'acceptos/stock.3'")
    const damaged = open(folder)
    expect(() => damaged.rows(a).get('k')).toThrow(DamagedRow)
    expect(() => [...damaged.rows(b).entries()]).toThrow(DamagedRow)
  })

  it('[ST23] a bit flipped anywhere is refused in a line that says the way out, or changes nothing that is read', () => {
    const { folder, file } = written()
    const good = readFileSync(file)
    const refusals = new Set<string>()
    for (let at = 0; at < good.length; at += flipEvery) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(file, bad)
      const read = readAll(folder)
      if (read instanceof StorageError) refusals.add(read.message)
      else expect(read, `bit ${at % 8} of byte ${at}`).toEqual([1, 'i', ['k', 'value'], 'value'])
    }
    expect(refusals.size).toBeGreaterThan(0)
    for (const message of refusals) {
      expect(message).toMatch(/^[^\n]*move (it|the file) away and let the node recover from the others/)
      expect(message).toContain(file)
    }
  })
})

/** Bytes between flips: every byte (1) passes as well and takes half a minute. */
const flipEvery = 61

function readAll(folder: string): unknown[] | StorageError {
  let store: SqliteStorage | undefined
  try {
    // Read only: an open that writes also reserves space for the log, which takes longer than all of this.
    store = openSqlite(folder, { readOnly: true })
    return [store.turn(), store.identity()?.incarnation, ...store.rows(a).entries(), store.rows(a).get('k')]
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  } finally {
    store?.close()
  }
}

describe('a disk that does not do as told', () => {
  it('[ST24] a data folder that cannot be made says so', () => {
    const { file } = written()
    const message = refusal(() => openSqlite(join(file, 'inside-a-file')))
    expect(message).toMatch(/cannot be made/)
    expect(message).toContain(file)
  })

  it('[ST24] a full disk is named, the turn is not there, and after making room the node goes on', () => {
    const { folder, file } = written()
    const store = open(folder, { maxBytes: 60_000 })
    const large = [{ actor: a, key: 'large', value: new Uint8Array(200_000) }]
    const message = refusal(() => store.commit(2, large))
    expect(message).toMatch(/disk is full.*turn 2/)
    expect(message).toContain(file)
    expect(refusal(() => store.commit(2, []))).toMatch(/must be restarted/)
    store.close()
    const after = open(folder)
    expect(after.turn()).toBe(1)
    expect(after.rows(a).get('large')).toBeUndefined()
    after.commit(2, large)
    expect(after.turn()).toBe(2)
  })

  it('[ST25] a truncated WAL loses its last turns without a word; the turn number shows it', () => {
    const { folder, file } = written()
    const store = open(folder)
    for (let turn = 2; turn <= 20; turn++) store.commit(turn, [{ actor: a, key: `k${turn}`, value: turn }])
    // As after kill -9: the WAL was never moved into the file.
    const crashed = newFolder()
    for (const name of ['node.db', 'node.db-wal']) copyFileSync(join(folder, name), join(crashed, name))
    const whole = newFolder()
    for (const name of ['node.db', 'node.db-wal']) copyFileSync(join(folder, name), join(whole, name))
    expect(open(whole).turn()).toBe(20)
    const wal = join(crashed, 'node.db-wal')
    const used = readFileSync(wal).findLastIndex(byte => byte !== 0)
    truncateSync(wal, Math.floor(used / 2))
    const after = open(crashed)
    expect(after.turn()).toBeGreaterThanOrEqual(1)
    expect(after.turn()).toBeLessThan(20)
    const keys = [...after.rows(a).entries()].map(([key]) => key)
    expect(keys).toHaveLength(after.turn())
    expect(file).not.toBe(after.file)
  })
})

describe('the write-ahead log', () => {
  it('[ST28] has its space before the first commit, and does not grow by commits', () => {
    const { folder } = written()
    const wal = join(folder, 'node.db-wal')
    const store = open(folder)
    const reserved = statSync(wal).size
    expect(reserved).toBeGreaterThan(4_096 * 4_096)
    for (let turn = 2; turn <= 50; turn++) store.commit(turn, [{ actor: a, key: `k${turn}`, value: turn }])
    expect(statSync(wal).size).toBe(reserved)
    store.close()
    expect([...open(folder).rows(a).entries()]).toHaveLength(50)
  })
})

describe('read only, and copies', () => {
  it('[ST26] a read-only store reads all and writes nothing', () => {
    const { folder } = written()
    const store = open(folder, { readOnly: true })
    expect(store.turn()).toBe(1)
    expect([...store.rows(a).entries()]).toEqual([['k', 'value']])
    expect(refusal(() => store.commit(2, []))).toMatch(/cannot be written/)
    store.close()
    expect(open(folder).turn()).toBe(1)
  })

  it('[ST26] read-only makes no file', () => {
    const folder = newFolder()
    expect(refusal(() => openSqlite(folder, { readOnly: true }))).toMatch(/no such store/)
    expect(existsSync(join(folder, 'node.db'))).toBe(false)
  })

  it('[ST26] a store whose process was killed can be read', () => {
    const { folder } = written()
    const store = open(folder)
    store.commit(2, [{ actor: a, key: 'l', value: 2 }])
    const crashed = newFolder()
    for (const name of ['node.db', 'node.db-wal']) copyFileSync(join(folder, name), join(crashed, name))
    expect(open(crashed, { readOnly: true }).turn()).toBe(2)
  })

  it('[ST27] a backup is the state of one turn, taken while commits go on', async () => {
    const { folder } = written()
    const store = open(folder)
    const target = newFolder()
    const backup = store.backup(join(target, 'node.db'))
    for (let turn = 2; turn <= 30; turn++) {
      store.commit(turn, [
        { actor: a, key: `k${String(turn).padStart(2, '0')}`, value: new Uint8Array(5_000) },
      ])
    }
    await backup
    const copy = open(target)
    expect(copy.identity()?.node).toBe('n1')
    expect([...copy.rows(a).entries()]).toHaveLength(copy.turn())
  })

  it('[ST27] a backup that fails leaves nothing behind', async () => {
    const { folder } = written()
    const store = open(folder)
    const target = join(newFolder(), 'absent', 'node.db')
    await expect(store.backup(target)).rejects.toThrow(StorageError)
    expect(existsSync(`${target}.partial`)).toBe(false)
  })
})
