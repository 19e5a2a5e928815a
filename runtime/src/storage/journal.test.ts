import { afterEach, describe, expect, it } from 'vitest'
import { actorId, nodeId } from '../address.ts'
import { seededRandom } from '../simulation/random.ts'
import { openSqlite, type SqliteStorage } from './sqlite.ts'
import { cleanUp, later, newFolder, settle, tamper } from './sqlite-fixture.ts'
import { StorageError, type Write } from './storage.ts'

afterEach(cleanUp)

const actors = [actorId('acceptor', 'a'), actorId('learner', 'a')]
const tiny = { journalBytes: 600, moveBytes: 300, rowsPerCommit: 3 }

const allKeys = Array.from({ length: 20 }, (_, at) => `k${at}`)

type Model = Map<string, Map<string, unknown>>

function drawKey(random: () => number): string {
  return allKeys[Math.floor(random() * allKeys.length)] ?? 'k0'
}

function draw(random: () => number, turn: number): Write[] {
  const writes: Write[] = []
  for (let i = Math.floor(random() * 6); i >= 0; i--) {
    const actor = actors[Math.floor(random() * actors.length)] ?? actorId('acceptor', 'a')
    const key = drawKey(random)
    const dice = random()
    if (dice < 0.7) writes.push({ actor, key, value: { turn, i } })
    else if (dice < 0.85) writes.push({ actor, erase: key })
    else writes.push({ actor, erase: { from: key, to: drawKey(random) } })
  }
  return writes
}

function apply(model: Model, writes: readonly Write[]): void {
  for (const write of writes) {
    const rows = model.get(write.actor) ?? new Map<string, unknown>()
    model.set(write.actor, rows)
    if ('key' in write) rows.set(write.key, write.value)
    else if (typeof write.erase === 'string') rows.delete(write.erase)
    else for (const key of rows.keys()) if (key >= write.erase.from && key < write.erase.to) rows.delete(key)
  }
}

function expectEqual(store: SqliteStorage, model: Model): void {
  for (const actor of actors) {
    const expected = [...(model.get(actor) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    expect([...store.rows(actor).entries()]).toEqual(expected)
    expect([...store.rows(actor).entries({ from: 'k1', to: 'k2' })]).toEqual(
      expected.filter(([key]) => key >= 'k1' && key < 'k2'),
    )
    const rows = store.rows(actor)
    for (const key of allKeys) expect(rows.get(key), key).toEqual(model.get(actor)?.get(key))
    expect(rows.get('absent')).toBeUndefined()
  }
  expect(store.actors()).toEqual(actors.filter(actor => (model.get(actor)?.size ?? 0) > 0))
}

function refusal(open: () => unknown): string {
  try {
    open()
  } catch (error) {
    if (error instanceof StorageError) return error.message
    throw error
  }
  throw new Error('it was not refused')
}

describe('the journal', () => {
  it('[ST29] rows read the same wherever they are, while turns are moved and after every reopening', () => {
    const random = seededRandom(7).next
    const folder = newFolder()
    const model: Model = new Map()
    let store = openSqlite(folder, { limits: tiny })
    later(() => store.close())
    for (let turn = 1; turn <= 300; turn++) {
      const writes = draw(random, turn)
      store.commit(turn, writes)
      apply(model, writes)
      if (turn % 7 === 0) expectEqual(store, model)
      if (turn % 50 !== 0) continue
      store.close()
      const readOnly = openSqlite(folder, { readOnly: true })
      expectEqual(readOnly, model)
      readOnly.close()
      store = openSqlite(folder, { limits: tiny })
      expect(store.turn()).toBe(turn)
      expectEqual(store, model)
    }
  })

  it('[ST30] it is emptied by an open, and kept within twice its limit by commits', () => {
    const folder = newFolder()
    const store = openSqlite(folder, { limits: { journalBytes: 20_000, moveBytes: 5_000, rowsPerCommit: 1 } })
    later(() => store.close())
    const value = 'v'.repeat(1_000)
    for (let turn = 1; turn <= 200; turn++) {
      const writes = Array.from({ length: 10 }, (_, i) => ({
        actor: actors[0] as never,
        key: `${turn}.${i}`,
        value,
      }))
      store.commit(turn, writes)
      expect(store.journalBytes).toBeLessThan(20_000 * 2 + 11_000)
    }
    store.close()
    settle(folder)
    const reopened = openSqlite(folder, { readOnly: true })
    later(() => reopened.close())
    expect(reopened.journalBytes).toBe(0)
    expect([...reopened.rows(actors[0] as never).entries()]).toHaveLength(2_000)
  })

  it('[ST29] what turns said of peers outlives their rows, which others have written again', () => {
    const folder = newFolder()
    const store = openSqlite(folder, { limits: tiny })
    const [a] = actors as [ReturnType<typeof actorId>]
    const n2 = nodeId('n2')
    for (let turn = 1; turn <= 100; turn++) {
      const heard = turn === 1 ? { incarnation: 'x', turn: 1 } : { incarnation: 'x', turn: 50 }
      const isHeard = turn === 1 || turn === 50
      store.commit(turn, [{ actor: a, key: 'k', value: turn }], isHeard ? new Map([[n2, heard]]) : undefined)
      expect(store.journalBytes).toBeLessThan(3 * tiny.journalBytes)
    }
    store.close()
    const after = openSqlite(folder, { limits: tiny })
    later(() => after.close())
    expect(after.sightings()).toEqual(new Map([[n2, { incarnation: 'x', turn: 50 }]]))
    expect(after.rows(a).get('k')).toBe(100)
  })

  it('[ST31] a turn that is damaged, missing or another one is refused with its number and what is known of it', () => {
    const other = '(SELECT entry FROM journal WHERE turn = 3)'
    const changes: [change: string, words: RegExp][] = [
      [
        'UPDATE journal SET crc = crc + 1',
        /turn 2 wrote is damaged \(its checksum does not match; .*acceptor\/a/,
      ],
      ['UPDATE journal SET crc = crc | 4096', /turn 2 wrote is damaged/],
      ["UPDATE journal SET entry = replace(entry, 'v', 'w')", /turn 2 wrote is damaged \(it is not bytes/],
      [
        "UPDATE journal SET entry = CAST(replace(entry, 'v', 'w') AS BLOB)",
        /the row "k" of actor acceptor\/a/,
      ],
      ["UPDATE journal SET entry = CAST(replace(entry, 'v', 'iii') AS BLOB)", /turn 2 wrote is damaged/],
      [`UPDATE journal SET entry = ${other}, crc = (SELECT crc FROM journal WHERE turn = 3)`, /turn 2 wrote/],
      ['DELETE FROM journal', /turn 2 wrote is missing/],
    ]
    for (const [change, words] of changes) {
      const folder = newFolder()
      const store = openSqlite(folder)
      for (let turn = 1; turn <= 3; turn++)
        store.commit(turn, [{ actor: actors[0] as never, key: 'k', value: `v${turn}` }])
      store.close()
      tamper(store.file, `${change} WHERE turn = 2`)
      const refused = refusal(() => openSqlite(folder))
      expect(refused).toMatch(words)
      expect(refused).toMatch(/^[^\n]*turn 2 .*move the file away and let the node recover from the others$/)
      expect(refused).toContain(store.file)
    }
  })

  it('[ST21] a store from before the journal is brought up by its first open', () => {
    const folder = newFolder()
    const store = openSqlite(folder)
    store.commit(1, [{ actor: actors[0] as never, key: 'k', value: 1 }])
    store.close()
    settle(folder)
    tamper(store.file, 'DROP TABLE journal; PRAGMA user_version = 1')
    expect(() => openSqlite(folder, { readOnly: true })).toThrow(/start its node once/)
    const brought = openSqlite(folder)
    later(() => brought.close())
    expect(brought.turn()).toBe(1)
    expect(brought.rows(actors[0] as never).get('k')).toBe(1)
    brought.commit(2, [])
  })
})
