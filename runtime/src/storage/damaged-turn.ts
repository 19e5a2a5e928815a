/**
 * What is wrong with a turn of the journal whose checksum does not fit. There is one checksum for all its rows: one
 * for each would double what a commit pays for encoding. But a CRC is linear: what one flipped bit does to it depends
 * only on how far from the end the bit is, so that the difference says which bit it was, and that says whose row. Any
 * other damage has a difference that no single bit explains (but once in some 10,000 times), and names the actors
 * only.
 *
 * The bit is not put back: a file that lost one is not to be trusted, and others have what it held.
 */
import { type Flip, flippedBit, isOneBit } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { StorageError } from './storage.ts'
import { decodeEntry, partAt } from './turn-entry.ts'

const wayOut = 'move the file away and let the node recover from the others'
/** A message is a line. */
const mostNamed = 5

export function missingTurn(file: string, turn: number): StorageError {
  return new StorageError(`${file}: what turn ${turn} wrote is missing from the journal; ${wayOut}`)
}

/** `difference`: its checksum as it should be against what its bytes give. */
export function damagedTurn(file: string, turn: number, entry: unknown, difference: number): StorageError {
  if (!(entry instanceof Uint8Array)) return damaged(file, turn, 'it is not bytes any more')
  if (isOneBit(difference)) return damaged(file, turn, 'a bit of its checksum is flipped')
  const flip = flippedBit(entry.byteLength, difference)
  const part = flip && partWith(entry, flip)
  if (part?.key !== undefined) return new DamagedRow(file, part.actor, part.key, turn)
  if (part) return damaged(file, turn, `a bit of the name or the erasures of actor ${part.actor} is flipped`)
  return damaged(file, turn, `its checksum does not match${carried(entry)}`)
}

function damaged(file: string, turn: number, what: string): StorageError {
  return new StorageError(`${file}: what turn ${turn} wrote is damaged (${what}); ${wayOut}`)
}

function partWith(entry: Uint8Array, { at, mask }: Flip): ReturnType<typeof partAt> {
  const whole = Uint8Array.from(entry)
  whole[at] = (entry[at] ?? 0) ^ mask
  return unlessUnreadable(() => partAt(whole, at))
}

function carried(entry: Uint8Array): string {
  const actors = unlessUnreadable(() => decodeEntry(entry).actors.map(({ actor }) => actor))
  if (actors === undefined || actors.length === 0) return ''
  const others = actors.length - mostNamed
  const more = others > 0 ? ` and ${others} more` : ''
  return `; as far as it can be read it has rows of ${actors.slice(0, mostNamed).join(', ')}${more}`
}

/** Bytes that are damaged may be anything, and what reads them may throw anything. */
function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
