/**
 * An interactive transaction: reads are linearizable and remembered with their versions, writes are kept back, and the
 * commit is one transaction that checks every version read. So it is serializable, holds no lock while the user's code
 * runs, and is run again when something it read has changed (optimistic concurrency control, Kung & Robinson 1981).
 */
import type { Operation } from '@synod/actors'
import type { Json } from '@synod/runtime/protocol'

export interface Versioned {
  readonly value: Json
  /** 0: does not exist. */
  readonly version: number
}

export type ReadKey = (keyspace: string, key: string) => Promise<Versioned>

export class Transaction {
  readonly #read: ReadKey
  readonly #reads = new Map<string, Promise<Versioned>>()
  readonly #checks: Operation[] = []
  readonly #writes = new Map<string, Operation>()

  constructor(read: ReadKey) {
    this.#read = read
  }

  /** The value, or undefined when there is none; sees this transaction's own writes. */
  async get<T extends Json = Json>(keyspace: string, key: string): Promise<T | undefined> {
    const own = this.#writes.get(place(keyspace, key))
    if (own?.op === 'put') return own.value as T
    if (own?.op === 'delete') return undefined
    const { value, version } = await this.#remembered(keyspace, key)
    return version === 0 ? undefined : (value as T)
  }

  put(keyspace: string, key: string, value: Json): void {
    this.#writes.set(place(keyspace, key), { op: 'put', keyspace, key, value })
  }

  delete(keyspace: string, key: string): void {
    this.#writes.set(place(keyspace, key), { op: 'delete', keyspace, key })
  }

  /** What commits it: the checks of everything read, then the writes. */
  operations(): readonly Operation[] {
    return [...this.#checks, ...this.#writes.values()]
  }

  #remembered(keyspace: string, key: string): Promise<Versioned> {
    const at = place(keyspace, key)
    const known = this.#reads.get(at)
    if (known !== undefined) return known
    const reading = this.#read(keyspace, key).then(found => {
      this.#checks.push({ op: 'check', keyspace, key, version: found.version })
      return found
    })
    this.#reads.set(at, reading)
    return reading
  }
}

function place(keyspace: string, key: string): string {
  return `${keyspace}/${key}`
}
