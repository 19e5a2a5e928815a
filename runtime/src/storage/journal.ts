/**
 * Turns that are durable but not yet in the rows. A commit is one insertion at the end of a table: a turn's rows lie
 * all over the file, and each page that it touched would have to be written, summed and moved again. Rows that are
 * written again or erased before they are moved never reach the table at all; those that stay are written twice.
 *
 * When the journal has grown beyond its limit its oldest turns are moved into the rows, some rows with each commit, so
 * that no commit waits for many; and all turns when the store is opened.
 */
import type Database from 'better-sqlite3'
import type { ActorId, NodeId } from '../address.ts'
import { entryChecksum } from './checksum.ts'
import { damagedTurn, missingTurn } from './damaged-turn.ts'
import { type Move, Moving, type RowWriter } from './journal-move.ts'
import { type PendingActor, PendingRows } from './pending-rows.ts'
import type { Sighting } from './storage.ts'
import { type ActorEntry, decodeEntry, type TurnEntry } from './turn-entry.ts'
import type { ActorWrites } from './turn-writes.ts'

export interface JournalLimits {
  /** Beyond it turns are moved into the rows. What is here must be read and moved by the next open. */
  readonly journalBytes: number
  /** How much is moved together: more is cheaper for a row, and holds up the commit that begins with it. */
  readonly moveBytes: number
  /** Rows moved with one commit, while the journal has less than twice its bytes. */
  readonly rowsPerCommit: number
}
export const journalLimits: JournalLimits = {
  journalBytes: 32 << 20,
  moveBytes: 256 << 10,
  rowsPerCommit: 500,
}

/** An open has time, and memory for this much. */
const moveAllBytes = 4 << 20

/** What a key became; without `put` it is erased. */
type Found = Pick<Move, 'key' | 'put' | 'value'>

interface Kept {
  readonly turn: number
  readonly bytes: number
}

export class Journal {
  readonly #file: string
  readonly #limits: JournalLimits
  readonly #statements: ReturnType<typeof prepareJournal>
  /** What the turns here said of peers last. */
  readonly #seen = new Map<NodeId, { readonly turn: number; readonly sighting: Sighting }>()
  readonly #pending = new PendingRows()
  /** The turns in the journal, in order. */
  readonly #turns: Kept[] = []
  #bytes = 0
  /** The oldest turns, on their way. */
  #moving: Moving | undefined
  #begun: number

  /**
   * Reads what is there: turns that follow `turn`, the last one in the rows. Throws `StorageError` when some are
   * damaged.
   */
  constructor(file: string, database: Database.Database, turn: number, limits = journalLimits) {
    this.#file = file
    this.#limits = limits
    this.#begun = turn
    this.#statements = prepareJournal(database)
    for (const [found, entry, crc] of this.#statements.all.iterate()) {
      const expected = (this.#turns.at(-1)?.turn ?? turn) + 1
      if (found !== expected) throw missingTurn(file, expected)
      const { actors, sightings } = this.#verified(found, entry, crc)
      for (const actor of actors) this.#pending.note(found, touchedBy(actor))
      this.#keep(found, entry.byteLength, sightings)
    }
  }

  /** What the turns here say of peers. */
  sightings(): [NodeId, Sighting][] {
    return [...this.#seen].map(([node, { sighting }]) => [node, sighting])
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

  /** The last turn that has begun to move. */
  get begun(): number {
    return this.#begun
  }

  /** Whether the next commit should also move rows. */
  get mustMove(): boolean {
    return this.#moving !== undefined || this.#bytes > this.#limits.journalBytes
  }

  /** Durable with the transaction around it, or at once without one. `noted` follows when it is. */
  append(turn: number, entry: Uint8Array): void {
    this.#statements.insert.run(turn, entry, entryChecksum(turn, entry))
  }

  noted(
    turn: number,
    entry: Uint8Array,
    merged: ReadonlyMap<ActorId, ActorWrites>,
    sightings?: ReadonlyMap<NodeId, Sighting>,
  ): void {
    for (const [actor, { ranges, keys }] of merged) {
      this.#pending.note(turn, { actor, ranges, keys: keys.keys() })
    }
    this.#keep(turn, entry.byteLength, sightings ?? none)
  }

  /**
   * Inside a transaction: moves some rows; gives the last turn that is in the rows as a whole now, if that is
   * another.
   */
  moveSome(rows: RowWriter): number | undefined {
    const { journalBytes, rowsPerCommit, moveBytes } = this.#limits
    let moved = this.#moveTurns(rows, moveBytes, rowsPerCommit)
    while (this.#bytes > 2 * journalBytes) {
      moved = this.#moveTurns(rows, moveBytes, Number.POSITIVE_INFINITY) ?? moved
    }
    return moved
  }

  /** Inside a transaction: moves everything. */
  moveAll(rows: RowWriter): number | undefined {
    let moved: number | undefined
    while (!this.isEmpty) moved = this.#moveTurns(rows, moveAllBytes, Number.POSITIVE_INFINITY)
    return moved
  }

  actors(): Iterable<ActorId> {
    return this.#pending.actors()
  }

  pendingOf(actor: ActorId): PendingActor | undefined {
    return this.#pending.of(actor)
  }

  /** What some keys of an actor became in the turns that wrote them last; without a value: erased. */
  values(actor: ActorId, keys: Iterable<readonly [key: string, turn: number]>): Map<string, Found> {
    const entries = new Map<number, ActorEntry | undefined>()
    const found = new Map<string, Found>()
    for (const [key, turn] of keys) {
      if (!entries.has(turn))
        entries.set(
          turn,
          this.#read(turn).actors.find(part => part.actor === actor),
        )
      const puts = entries.get(turn)?.puts
      found.set(key, { key, put: puts?.has(key) === true, value: puts?.get(key) })
    }
    return found
  }

  #keep(turn: number, bytes: number, sightings: ReadonlyMap<NodeId, Sighting>): void {
    this.#turns.push({ turn, bytes })
    this.#bytes += bytes
    for (const [node, sighting] of sightings) this.#seen.set(node, { turn, sighting })
  }

  #moveTurns(rows: RowWriter, bytes: number, most: number): number | undefined {
    this.#moving ??= this.#begin(bytes, rows)
    this.#begun = this.#moving.last
    this.#moving.some(rows, most)
    if (!this.#moving.isDone) return undefined
    const { last } = this.#moving
    this.#moving = undefined
    const kept = this.#turns.findIndex(({ turn }) => turn > last)
    // All at once: taking the first of a hundred thousand moves the others each time.
    const moved = this.#turns.splice(0, kept < 0 ? this.#turns.length : kept)
    this.#bytes -= moved.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#statements.drop.run(last)
    return last
  }

  /**
   * Some of the oldest turns, at least one. Those of which nothing is left are not read; what they said of peers is
   * kept.
   */
  #begin(bytes: number, rows: RowWriter): Moving {
    const found: (readonly [number, TurnEntry])[] = []
    let sum = 0
    let last = this.#begun
    for (const { turn, bytes: size } of this.#turns) {
      const isDead = this.#pending.isDead(turn)
      if (!isDead) sum += size
      if (found.length > 0 && sum > bytes) break
      if (!isDead) found.push([turn, this.#read(turn)])
      last = turn
    }
    for (const [node, { turn, sighting }] of this.#seen) {
      if (turn > last) continue
      rows.see(node, sighting)
      this.#seen.delete(node)
    }
    return new Moving(last, found, this.#pending, rows)
  }

  #read(turn: number): TurnEntry {
    const row = this.#statements.one.get(turn)
    if (row === undefined) throw missingTurn(this.#file, turn)
    return this.#verified(turn, ...row)
  }

  #verified(turn: number, entry: Uint8Array, crc: number): TurnEntry {
    const found = entry instanceof Uint8Array ? entryChecksum(turn, entry) : Number.NaN
    if (found !== crc) throw damagedTurn(this.#file, turn, entry, found ^ crc)
    return decodeEntry(entry)
  }
}

const none: ReadonlyMap<NodeId, Sighting> = new Map()

function touchedBy({ actor, ranges, erased, puts }: ActorEntry) {
  return { actor, ranges, keys: [...erased, ...puts.keys()] }
}

function prepareJournal(database: Database.Database) {
  type Row = [entry: Uint8Array, crc: number]
  return {
    insert: database.prepare<[number, Uint8Array, number]>('INSERT INTO journal VALUES (?, ?, ?)'),
    one: database.prepare<[number], Row>('SELECT entry, crc FROM journal WHERE turn = ?').raw(),
    all: database
      .prepare<[], [turn: number, ...Row]>('SELECT turn, entry, crc FROM journal ORDER BY turn')
      .raw(),
    drop: database.prepare<[number]>('DELETE FROM journal WHERE turn <= ?'),
  }
}
