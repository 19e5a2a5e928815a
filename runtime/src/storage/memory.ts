/**
 * A store in memory for the simulator and for tests. It keeps encoded bytes, so that a value that is changed after it
 * was saved shows as the bug it is, and it can do what a disk does: lose a process, fail, fill up, be replaced by an
 * older copy, flip a bit.
 */
import { assert, type KeyRange, type Rows } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { decode, encode } from '../codec.ts'
import { DamagedRow } from './damage.ts'
import { type Identity, type Sighting, type Storage, StorageError, type Write } from './storage.ts'
import { type ActorWrites, mergeWrites } from './turn-writes.ts'

export type CommitFailure = 'full' | 'error'

/** One actor's rows. `sorted` is built when a range is asked for, and forgotten when the set of keys changes. */
interface Shelf {
  readonly bytes: Map<string, Uint8Array>
  readonly damaged: Set<string>
  sorted: string[] | undefined
}

/** Of one actor in one turn; null: erased. */
interface Changes {
  readonly actor: ActorId
  readonly ranges: readonly KeyRange[]
  readonly keys: readonly (readonly [key: string, bytes: Uint8Array | null])[]
}

export class MemoryStorage implements Storage {
  readonly #name: string
  #identity: Identity | undefined
  #turn = 0
  #shelves = new Map<ActorId, Shelf>()
  #sightings = new Map<NodeId, Sighting>()
  #nextFailure: CommitFailure | undefined
  #gone: string | undefined

  /** `name` stands where a message about a real store would name the file. */
  constructor(name = 'memory') {
    this.#name = name
  }

  identity(): Identity | undefined {
    this.#use()
    return this.#identity
  }

  setIdentity(identity: Identity, sightings?: ReadonlyMap<NodeId, Sighting>): void {
    this.#use()
    this.#identity = { ...identity }
    for (const [node, sighting] of sightings ?? []) this.#sightings.set(node, { ...sighting })
  }

  turn(): number {
    this.#use()
    return this.#turn
  }

  rows(actor: ActorId): Rows {
    return {
      get: key => this.#read(actor, key),
      entries: range => this.#entries(actor, range),
    }
  }

  actors(): ActorId[] {
    this.#use()
    const ids: ActorId[] = []
    for (const [id, shelf] of this.#shelves) if (shelf.bytes.size > 0) ids.push(id)
    return ids.sort()
  }

  commit(turn: number, writes: readonly Write[], sightings?: ReadonlyMap<NodeId, Sighting>): void {
    this.#use()
    assert(turn === this.#turn + 1, `turn ${turn} is committed after turn ${this.#turn}`)
    if (this.#nextFailure) this.#fail(this.#nextFailure)
    const encoded: Changes[] = []
    for (const [actor, changes] of mergeWrites(writes)) encoded.push(encodedChanges(actor, changes))
    for (const changes of encoded) this.#apply(changes)
    for (const [node, sighting] of sightings ?? []) this.#sightings.set(node, { ...sighting })
    this.#turn = turn
  }

  sightings(): ReadonlyMap<NodeId, Sighting> {
    this.#use()
    return this.#sightings
  }

  close(): void {
    this.#gone ??= 'closed'
  }

  /** The next commit throws and writes nothing; this store then refuses everything, until `crash` gives a new one. */
  failNextCommit(failure: CommitFailure): void {
    this.#nextFailure = failure
  }

  /** The process died: a new store with exactly what was committed. The old one is dead and says so when used. */
  crash(): MemoryStorage {
    const after = this.copy()
    this.#gone = 'left behind by a crash'
    return after
  }

  /** The folder as it is now, to be put back later: restoring it is what an operator with an old backup does. */
  copy(): MemoryStorage {
    const copied = new MemoryStorage(this.#name)
    copied.#identity = this.#identity
    copied.#turn = this.#turn
    copied.#sightings = new Map(this.#sightings)
    for (const [actor, { bytes, damaged }] of this.#shelves) {
      copied.#shelves.set(actor, { bytes: new Map(bytes), damaged: new Set(damaged), sorted: undefined })
    }
    return copied
  }

  /** The disk was replaced: a new, empty store. The old one is dead. */
  wipe(): MemoryStorage {
    this.#gone = 'wiped'
    return new MemoryStorage(this.#name)
  }

  /** Damages one row: reading it throws `DamagedRow` until it is written or erased. False when there is no such row. */
  flipBit(actor: ActorId, key: string): boolean {
    const shelf = this.#shelves.get(actor)
    if (!shelf?.bytes.has(key)) return false
    shelf.damaged.add(key)
    return true
  }

  /**
   * What a store without checksums would do: nobody learns that these rows were there. Only to show that it is found.
   */
  dropDamaged(): void {
    for (const shelf of this.#shelves.values()) for (const key of [...shelf.damaged]) eraseKey(shelf, key)
  }

  #use(): void {
    if (this.#gone) throw new StorageError(`${this.#name}: the store is ${this.#gone}`)
  }

  #fail(failure: CommitFailure): never {
    const reason = failure === 'full' ? 'the disk is full' : 'the disk does not write'
    this.#gone = `unusable since a commit failed: ${reason}`
    throw new StorageError(`${this.#name}: turn ${this.#turn + 1} was not committed: ${reason}`)
  }

  #apply({ actor, ranges, keys }: Changes): void {
    let shelf = this.#shelves.get(actor)
    if (!shelf) {
      shelf = { bytes: new Map(), damaged: new Set(), sorted: undefined }
      this.#shelves.set(actor, shelf)
    }
    for (const range of ranges) eraseRange(shelf, range)
    for (const [key, value] of keys) {
      if (value === null) eraseKey(shelf, key)
      else writeKey(shelf, key, value)
    }
  }

  #read(actor: ActorId, key: string): unknown {
    this.#use()
    const shelf = this.#shelves.get(actor)
    const bytes = shelf?.bytes.get(key)
    if (!bytes) {
      this.#throwIfHiding(actor, shelf)
      return undefined
    }
    if (shelf?.damaged.has(key)) throw new DamagedRow(this.#name, actor, key)
    return decode(bytes)
  }

  /** As in a file: which row is damaged cannot be known, so that any absence could be its doing. */
  #throwIfHiding(actor: ActorId, shelf: Shelf | undefined): void {
    for (const key of shelf?.damaged ?? []) throw new DamagedRow(this.#name, actor, key)
  }

  *#entries(actor: ActorId, range: KeyRange | undefined): Generator<readonly [string, unknown]> {
    this.#use()
    const shelf = this.#shelves.get(actor)
    this.#throwIfHiding(actor, shelf)
    if (shelf) for (const key of keysOf(shelf, range)) yield [key, this.#read(actor, key)]
  }
}

/** Before anything has changed: a value that cannot be encoded leaves no half turn. */
function encodedChanges(actor: ActorId, { ranges, keys }: ActorWrites): Changes {
  const bytes: [string, Uint8Array | null][] = []
  for (const [key, write] of keys) bytes.push([key, 'key' in write ? encode(write.value) : null])
  return { actor, ranges, keys: bytes }
}

function writeKey(shelf: Shelf, key: string, bytes: Uint8Array): void {
  const before = shelf.bytes.size
  shelf.bytes.set(key, bytes)
  if (shelf.bytes.size > before) shelf.sorted = undefined
  if (shelf.damaged.size > 0) shelf.damaged.delete(key)
}

function eraseKey(shelf: Shelf, key: string): void {
  if (shelf.bytes.delete(key)) shelf.sorted = undefined
  if (shelf.damaged.size > 0) shelf.damaged.delete(key)
}

/** Whatever their order: putting them in order takes longer than looking at each. */
function eraseRange(shelf: Shelf, range: KeyRange): void {
  const keys = shelf.sorted === undefined ? shelf.bytes.keys() : keysOf(shelf, range)
  for (const key of keys) if (key >= range.from && key < range.to) eraseKey(shelf, key)
}

/** In order. A slice of its own, so that rows may be erased while it is walked. */
function keysOf(shelf: Shelf, range: KeyRange | undefined): string[] {
  shelf.sorted ??= [...shelf.bytes.keys()].sort()
  const { sorted } = shelf
  if (!range) return sorted.slice()
  return sorted.slice(lowerBound(sorted, range.from), lowerBound(sorted, range.to))
}

/** The index of the first key that is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
