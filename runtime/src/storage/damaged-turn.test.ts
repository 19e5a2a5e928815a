import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type ActorId, actorId } from '../address.ts'
import { seededRandom } from '../simulation/random.ts'
import { entryChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { damagedTurn } from './damaged-turn.ts'
import { StorageError, type Write } from './storage.ts'
import { decodeEntry, encodeEntry, type TurnEntry } from './turn-entry.ts'
import { mergeWrites } from './turn-writes.ts'

const turn = 7
const actors = ['a', 'b', 'c'].map(name => actorId('acceptor', name))

function entryOf(rows: number): Uint8Array {
  const writes = Array.from({ length: rows }, (_, i): Write => {
    const actor = actors[i % actors.length] as ActorId
    if (i % 11 === 3) return { actor, erase: `old/${i}` }
    return {
      actor,
      key: `slot/${i}`,
      value: { ballot: { round: i, node: 'n1' }, commands: ['c', i, 1.5, ''] },
    }
  })
  return encodeEntry(mergeWrites(writes), undefined)
}

function refusalOf(good: Uint8Array, bad: Uint8Array): StorageError {
  return damagedTurn('node.db', turn, bad, entryChecksum(turn, good) ^ entryChecksum(turn, bad))
}

/** The rows that read otherwise; undefined when it cannot be read, or other rows are in it. */
function changed(good: TurnEntry, bad: Uint8Array): string[] | undefined {
  let read: TurnEntry
  try {
    read = decodeEntry(bad)
  } catch {
    return undefined
  }
  const [before, after] = [rowsOf(good), rowsOf(read)]
  if ([...before.keys()].join() !== [...after.keys()].join()) return undefined
  return [...before].filter(([row, value]) => after.get(row) !== value).map(([row]) => row)
}

function rowsOf({ actors: found }: TurnEntry): Map<string, string> {
  return new Map(
    found.flatMap(({ actor, puts }) =>
      [...puts].map(([key, value]) => [`${actor} ${key}`, inspect(value)] as const),
    ),
  )
}

describe('what is wrong with a turn', () => {
  // 200 rows are encoded as records, 12 as maps.
  for (const rows of [1, 12, 200]) {
    it(`[ST31] a flipped bit is found in its row, of ${rows} rows`, () => {
      const good = entryOf(rows)
      const entry = decodeEntry(good)
      let seen = 0
      for (let at = 0; at < good.length; at += rows > 100 ? 13 : 1) {
        const bad = Uint8Array.from(good)
        bad[at] = (good[at] ?? 0) ^ (1 << (at % 8))
        const refused = refusalOf(good, bad)
        expect(refused).toBeInstanceOf(StorageError)
        const [row, second] = changed(entry, bad) ?? []
        if (row === undefined || second !== undefined) continue
        seen++
        if (!(refused instanceof DamagedRow)) throw refused
        expect(`${refused.actor} ${refused.key}`).toBe(row)
        expect(refused.message).toMatch(
          /^node\.db: the row "slot\/\d+" of actor acceptor\/. is damaged .*turn 7/,
        )
      }
      expect(seen).toBeGreaterThan(Math.min(rows, 100))
    })
  }

  it('[ST31] more than a bit names no row but the actors, as far as the turn can be read', () => {
    const good = entryOf(12)
    const random = seededRandom(3)
    let named = 0
    for (let i = 0; i < 500; i++) {
      const bad = Uint8Array.from(good)
      for (let flips = 0; flips < 3; flips++) {
        const at = random.between(0, good.length - 1)
        bad[at] = (bad[at] ?? 0) ^ (1 << random.between(0, 7))
      }
      const refused = refusalOf(good, bad)
      expect(refused).not.toBeInstanceOf(DamagedRow)
      expect(refused.message).toMatch(/^node\.db: what turn 7 wrote is damaged \(its checksum does not match/)
      if (/rows of acceptor\/a, acceptor\/b, acceptor\/c\)/.test(refused.message)) named++
    }
    expect(named).toBeGreaterThan(100)
  })

  it('[ST31] a flipped bit in a name that is not of one row names the actor', () => {
    const good = entryOf(12)
    const bad = Uint8Array.from(good)
    const at = Buffer.from(good).indexOf('acceptor/b')
    bad[at] = (good[at] ?? 0) ^ 1
    expect(refusalOf(good, bad).message).toMatch(
      /a bit of the name or the erasures of actor acceptor\/b is flipped/,
    )
  })
})
