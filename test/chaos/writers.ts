/**
 * Counters, one writer each, that go up by one addition after the other: what was acknowledged of them, and what was
 * asked for. An addition that was lost is missing for good, whatever is written later.
 */
import assert from 'node:assert/strict'
import {
  type Client,
  type ConnectOptions,
  connect,
  IndefiniteError,
  Unavailable,
} from '@synod/cluster/client'

const count = 16

interface Counter {
  readonly key: string
  /** Additions of which the writer was told that they are made, and all. */
  acknowledged: number
  asked: number
}

export class Writers {
  readonly #client: Client
  readonly #counters: readonly Counter[]
  readonly #work: Promise<unknown>
  #stopped = false
  #writes = 0

  /** Begins at once, on keys of its own. */
  constructor(urls: readonly string[], prefix: string, options: ConnectOptions = {}) {
    this.#client = connect(urls, options)
    this.#counters = Array.from({ length: count }, (_, number) => {
      return { key: `${prefix}-${number}`, acknowledged: 0, asked: 0 }
    })
    this.#work = Promise.all(this.#counters.map(counter => this.#count(counter)))
  }

  /** Acknowledged so far. */
  get writes(): number {
    return this.#writes
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#work
    this.#client.close()
  }

  /**
   * Counters that are behind what was acknowledged, or ahead of what was asked for. Throws when nothing was
   * acknowledged: that proves nothing.
   */
  async wrong(urls: readonly string[], options: ConnectOptions = {}): Promise<string[]> {
    assert.ok(this.#writes > 0, 'no write was acknowledged')
    const client = connect(urls, options)
    const found = await Promise.all(
      this.#counters.map(async ({ key, acknowledged, asked }) => {
        const value = Number((await client.get('kv', key))?.value ?? 0)
        const right = value >= acknowledged && value <= asked
        return right ? [] : [`${key} is ${value}; acknowledged ${acknowledged}, asked for ${asked}`]
      }),
    )
    client.close()
    return found.flat()
  }

  async #count(counter: Counter): Promise<void> {
    const add = { op: 'add', keyspace: 'kv', key: counter.key, amount: 1, initial: 0 } as const
    while (!this.#stopped) {
      counter.asked += 1
      try {
        await this.#client.run([add])
        counter.acknowledged += 1
        this.#writes += 1
      } catch (error) {
        if (!(error instanceof IndefiniteError || error instanceof Unavailable)) throw error
      }
    }
  }
}
