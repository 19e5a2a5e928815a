/**
 * Turns that are durable but not yet in the rows. A commit is one insertion at the end of a table: a turn's rows lie all
 * over the file, and each page that it touched would have to be written, summed and moved again. Rows that are written
 * again or erased soon after, and most are, never reach the table at all.
 *
 * A turn is moved into the rows when the journal has grown beyond its limit, oldest first, a few rows with each commit,
 * so that no commit waits for many; and all of them when the store is opened.
 */
import type Database from 'better-sqlite3'
import type { KeyRange } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { entryChecksum } from './checksum.ts'
import { type PendingActor, PendingRows } from './pending-rows.ts'
import { type Sighting, StorageError } from './storage.ts'
import { type ActorEntry, decodeEntry, type TurnEntry } from './turn-entry.ts'
import type { ActorWrites } from './turn-writes.ts'

export interface JournalLimits {
  /** Beyond it turns are moved into the rows. What is here must be read and moved by the next open. */
  readonly journalBytes: number
  /** Rows moved with one commit, while the journal has less than twice its bytes. */
  readonly rowsPerCommit: number
}
export const journalLimits: JournalLimits = { journalBytes: 8 << 20, rowsPerCommit: 128 }

/** Where rows go. */
export interface RowWriter {
  eraseRange(actor: ActorId, range: KeyRange): void
  erase(actor: ActorId, key: string): void
  put(actor: ActorId, key: string, value: unknown): void
  see(node: NodeId, sighting: Sighting): void
}

/** One row on its way; without a value it is erased. */
interface Move {
  readonly actor: ActorId
  readonly key: string
  readonly put: boolean
  readonly value: unknown
}
interface Kept {
  readonly turn: number
  readonly bytes: number
}

export class Journal {
  readonly #file: string
  readonly #limits: JournalLimits
  readonly #statements: ReturnType<typeof prepareJournal>
  /** What the turns that were found say of peers. */
  readonly sightings = new Map<NodeId, Sighting>()
  readonly #pending = new PendingRows()
  /** The turns in the journal, in order. */
  readonly #turns: Kept[] = []
  #bytes = 0
  /** Rows of the oldest turn that still have to be moved, the next one last. */
  #moves: Move[] | undefined

  /** Reads what is there: turns that follow `turn`, the last one in the rows. Throws `StorageError` when some are damaged. */
  constructor(file: string, database: Database.Database, turn: number, limits = journalLimits) {
    this.#file = file
    this.#limits = limits
    this.#statements = prepareJournal(database)
    for (const [found, entry, crc] of this.#statements.all.iterate()) {
      const expected = (this.#turns.at(-1)?.turn ?? turn) + 1
      if (found !== expected || entryChecksum(found, entry) !== crc) throw this.#damaged(expected)
      const { actors, sightings } = decodeEntry(entry)
      for (const actor of actors) this.#pending.note(found, touchedBy(actor))
      for (const [node, sighting] of sightings) this.sightings.set(node, sighting)
      this.#keep(found, entry.byteLength)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#turns.length === 0
  }

  /** The last turn here; undefined when all are in the rows. */
  get lastTurn(): number | undefined {
    return this.#turns.at(-1)?.turn
  }

  /** Whether the next commit should also move rows. */
  get isFull(): boolean {
    return this.#bytes > this.#limits.journalBytes
  }

  /** Durable with the transaction around it, or at once without one. `noted` follows when it is. */
  append(turn: number, entry: Uint8Array): void {
    this.#statements.insert.run(turn, entry, entryChecksum(turn, entry))
  }

  noted(turn: number, entry: Uint8Array, merged: ReadonlyMap<ActorId, ActorWrites>): void {
    for (const [actor, { ranges, keys }] of merged) {
      this.#pending.note(turn, { actor, ranges, keys: keys.keys() })
    }
    this.#keep(turn, entry.byteLength)
  }

  /** Inside a transaction: moves some rows; gives the last turn that is in the rows as a whole now, if that is another. */
  moveSome(rows: RowWriter): number | undefined {
    const { journalBytes, rowsPerCommit } = this.#limits
    const most = this.#bytes > 2 * journalBytes ? Number.POSITIVE_INFINITY : rowsPerCommit
    return this.#move(rows, most, () => this.isFull)
  }

  /** Inside a transaction: moves everything. */
  moveAll(rows: RowWriter): number | undefined {
    return this.#move(rows, Number.POSITIVE_INFINITY, () => !this.isEmpty)
  }

  actors(): Iterable<ActorId> {
    return this.#pending.actors()
  }

  pendingOf(actor: ActorId): PendingActor | undefined {
    return this.#pending.of(actor)
  }

  /** What some keys of an actor became in the turns that wrote them last; without a value: erased. */
  values(actor: ActorId, keys: Iterable<readonly [key: string, turn: number]>): Map<string, Move> {
    const entries = new Map<number, ActorEntry | undefined>()
    const found = new Map<string, Move>()
    for (const [key, turn] of keys) {
      if (!entries.has(turn))
        entries.set(
          turn,
          this.#read(turn).actors.find(part => part.actor === actor),
        )
      const puts = entries.get(turn)?.puts
      found.set(key, { actor, key, put: puts?.has(key) === true, value: puts?.get(key) })
    }
    return found
  }

  #keep(turn: number, bytes: number): void {
    this.#turns.push({ turn, bytes })
    this.#bytes += bytes
  }

  #move(rows: RowWriter, most: number, wanted: () => boolean): number | undefined {
    let moved: number | undefined
    for (let left = most; left > 0 && wanted(); left--) {
      const { turn } = this.#turns[0] as Kept
      this.#moves ??= this.#startTurn(turn, rows)
      const next = this.#moves.pop()
      if (next !== undefined) this.#moveRow(rows, turn, next)
      if (this.#moves.length > 0) continue
      this.#dropOldest()
      moved = turn
    }
    return moved
  }

  #moveRow(rows: RowWriter, turn: number, { actor, key, put, value }: Move): void {
    if (!this.#pending.take(turn, actor, key)) return
    if (put) rows.put(actor, key, value)
    else rows.erase(actor, key)
  }

  #dropOldest(): void {
    const { turn, bytes } = this.#turns.shift() as Kept
    this.#moves = undefined
    this.#bytes -= bytes
    this.#statements.drop.run(turn)
  }

  /** Rows that lie together are moved together, so that a page is found and changed once. */
  #startTurn(turn: number, rows: RowWriter): Move[] {
    const moves: Move[] = []
    const { actors, sightings } = this.#read(turn)
    for (const [node, sighting] of sightings) rows.see(node, sighting)
    for (const { actor, erased, puts } of actors) {
      for (const range of this.#pending.takeRanges(turn, actor)) rows.eraseRange(actor, range)
      for (const key of erased) moves.push({ actor, key, put: false, value: undefined })
      for (const [key, value] of puts) moves.push({ actor, key, put: true, value })
    }
    return moves.sort((a, b) => compare(b.actor, a.actor) || compare(b.key, a.key))
  }

  #read(turn: number): TurnEntry {
    const row = this.#statements.one.get(turn)
    if (row === undefined || entryChecksum(turn, row[0]) !== row[1]) throw this.#damaged(turn)
    return decodeEntry(row[0])
  }

  #damaged(turn: number): StorageError {
    return new StorageError(
      `${this.#file}: what turn ${turn} wrote is damaged (its checksum does not match, or it is missing); ` +
        'move the file away and let the node recover from the others',
    )
  }
}

function touchedBy({ actor, ranges, erased, puts }: ActorEntry) {
  return { actor, ranges, keys: [...erased, ...puts.keys()] }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function prepareJournal(database: Database.Database) {
  type Row = [entry: Uint8Array, crc: number]
  return {
    insert: database.prepare<[number, Uint8Array, number]>('INSERT INTO journal VALUES (?, ?, ?)'),
    one: database.prepare<[number], Row>('SELECT entry, crc FROM journal WHERE turn = ?').raw(),
    all: database
      .prepare<[], [turn: number, ...Row]>('SELECT turn, entry, crc FROM journal ORDER BY turn')
      .raw(),
    drop: database.prepare<[number]>('DELETE FROM journal WHERE turn = ?'),
  }
}
