/** What a node's file says of the node itself: its turn, its identity, and the peers it saw. Damage here is fatal. */
import type { NodeId } from '../address.ts'
import { rowChecksum } from './checksum.ts'
import { fieldsOf, type SightingFields, sightingOf } from './sighting-fields.ts'
import type { Statements } from './sqlite-statements.ts'
import { type Identity, type Sighting, StorageError } from './storage.ts'

/** What is said of the table of rows, with each change to it. */
export interface TableState {
  readonly digest: number
  /** The last turn of which rows are in the table. Up to here the journal must reach. */
  readonly begun: number
}

export class Meta {
  readonly #file: string
  readonly #statements: Statements

  constructor(file: string, statements: Statements) {
    this.#file = file
    this.#statements = statements
  }

  turn(): number {
    const turn = Number(this.#read('turn'))
    if (!Number.isSafeInteger(turn) || turn < 0) throw this.#damaged('turn')
    return turn
  }

  table(): TableState {
    const [digest, begun] = JSON.parse(this.#read('table')) as [number, number]
    return { digest, begun }
  }

  identity(): Identity | undefined {
    const identity = JSON.parse(this.#read('identity')) as Identity | null
    return identity ?? undefined
  }

  sightings(): Map<NodeId, Sighting> {
    const sightings = new Map<NodeId, Sighting>()
    for (const [node, value, crc] of this.#statements.sightings.all()) {
      // One bit tells a text from a blob, and the bytes stay the same: then nobody would find it by its name.
      const named = typeof node === 'string'
      if (!named || rowChecksum('sightings', node, value) !== crc) throw this.#damaged(`sighting of ${node}`)
      sightings.set(node as NodeId, sightingOf(JSON.parse(value) as SightingFields))
    }
    return sightings
  }

  writeTurn(turn: number): void {
    this.#write('turn', String(turn))
  }

  writeTable({ digest, begun }: TableState): void {
    this.#write('table', JSON.stringify([digest, begun]))
  }

  writeIdentity(identity: Identity): void {
    this.#write('identity', JSON.stringify(identity))
  }

  writeSighting(node: NodeId, sighting: Sighting): void {
    const value = JSON.stringify(fieldsOf(sighting))
    this.#statements.putSighting.run(node, value, rowChecksum('sightings', node, value))
  }

  #read(name: string): string {
    const row = this.#statements.getMeta.get(name)
    if (!row || rowChecksum('meta', name, row[0]) !== row[1]) throw this.#damaged(name)
    return row[0]
  }

  #write(name: string, value: string): void {
    this.#statements.putMeta.run(name, value, rowChecksum('meta', name, value))
  }

  #damaged(name: string): StorageError {
    return new StorageError(
      `${this.#file}: the node's own ${name} is damaged; move the file away and let the node recover from the others`,
    )
  }
}
