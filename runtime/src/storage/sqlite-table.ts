/**
 * The table of rows: what has left the journal. Each row is verified when it is read; the digest of all and the damage
 * that is known go with it.
 */
import type Database from 'better-sqlite3'
import type { KeyRange } from '../actor.ts'
import type { ActorId } from '../address.ts'
import { decode, encode } from '../codec.ts'
import { rowChecksum } from './checksum.ts'
import { DamagedRow } from './damage.ts'
import { missingTurn } from './damaged-turn.ts'
import type { RowWriter } from './journal-move.ts'
import { Damage, findDamagedRows, refuseMixture } from './sqlite-damage.ts'
import type { Guard } from './sqlite-guard.ts'
import type { Meta } from './sqlite-meta.ts'
import type { Statements, StoredRow } from './sqlite-statements.ts'
import { aboveAllKeys, originalKey, storedKey, successor } from './stored-key.ts'
import type { TableDigest } from './table-digest.ts'

/** A walk over rows reads this much at a time, so that it holds neither all rows nor a statement open. */
const chunkRows = 256
const chunkBytes = 2_097_152

export class Table {
  /** Keeps the digest. To be used inside a transaction. */
  readonly writer: RowWriter
  readonly digest: TableDigest
  damage = new Damage([], new Set())
  readonly #database: Database.Database
  readonly #guard: Guard
  readonly #statements: Statements
  readonly #meta: Meta

  /** `statements` tell `digest` of the rows that they write over. */
  constructor(
    database: Database.Database,
    guard: Guard,
    statements: Statements,
    meta: Meta,
    digest: TableDigest,
  ) {
    this.#database = database
    this.#guard = guard
    this.#statements = statements
    this.#meta = meta
    this.digest = digest
    this.writer = rowWriter(statements, meta, digest)
  }

  /** At the open, before anything is moved. `turn` is the last that the file has. */
  check(turn: number): void {
    const { digest, begun } = this.#meta.table()
    const { file } = this.#guard
    if (turn < begun) throw missingTurn(file, turn + 1)
    const found = findDamagedRows(this.#database, file)
    refuseMixture(found, digest, file)
    this.digest.set(found.stored)
    this.damage = found.damage
  }

  /** Looks again for what is damaged now. */
  findDamage(): void {
    this.damage = findDamagedRows(this.#database, this.#guard.file).damage
  }

  get(actor: ActorId, key: string): unknown {
    const stored = storedKey(key)
    const row = this.#guard.read(`reading ${actor} ${JSON.stringify(key)}`, () =>
      this.#statements.get.get(actor, stored),
    )
    if (row) return this.#verified(actor, row)
    this.damage.throwIfHiding(actor)
    return undefined
  }

  *entries(actor: ActorId, range: KeyRange | undefined): Generator<readonly [string, unknown]> {
    this.damage.throwIfHiding(actor)
    let from = range ? storedKey(range.from) : ''
    const to = range ? storedKey(range.to) : aboveAllKeys
    for (;;) {
      const rows = this.#guard.read(`reading the rows of ${actor}`, () => this.#chunk(actor, from, to))
      for (const row of rows) yield [originalKey(row[0]), this.#verified(actor, row)]
      const last = rows.at(-1)
      if (!last) return
      from = successor(last[0])
    }
  }

  #chunk(actor: ActorId, from: string, to: string): StoredRow[] {
    const rows: StoredRow[] = []
    let bytes = 0
    for (const row of this.#statements.range.iterate(actor, from, to, chunkRows)) {
      rows.push(row)
      bytes += row[1].length
      if (bytes >= chunkBytes) break
    }
    return rows
  }

  #verified(actor: ActorId, [stored, value, crc]: StoredRow): unknown {
    if (rowChecksum(actor, stored, value) !== crc)
      throw new DamagedRow(this.#guard.file, actor, originalKey(stored))
    return decode(value)
  }
}

function rowWriter({ put, erase, eraseRange }: Statements, meta: Meta, digest: TableDigest): RowWriter {
  return {
    eraseRange(actor, { from, to }) {
      for (const crc of eraseRange.all(actor, storedKey(from), storedKey(to))) digest.take(crc)
    },
    erase(actor, key) {
      for (const crc of erase.all(actor, storedKey(key))) digest.take(crc)
    },
    put(actor, key, value) {
      const stored = storedKey(key)
      const bytes = encode(value)
      const crc = rowChecksum(actor, stored, bytes)
      put.run(actor, stored, bytes, crc)
      digest.add(crc)
    },
    see: (node, sighting) => meta.writeSighting(node, sighting),
  }
}
