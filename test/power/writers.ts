/** Counters that go up, one writer each: what was acknowledged of them, and what was asked for. */
import { type Client, connect } from '@synod/cluster/client'

const count = 16
const deadlineMs = 3_000

interface Counter {
  readonly key: string
  /** The last value of which the writer was told that it is written. */
  acknowledged: number
  asked: number
}

export class Writers {
  readonly #counters: readonly Counter[]
  readonly #client: Client
  readonly #work: Promise<unknown>
  #stopped = false
  #writes = 0

  /** Begins at once, on keys of its own. */
  constructor(urls: readonly string[], prefix: string) {
    this.#client = connect(urls, { deadlineMs })
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

  /** Counters that are behind what was acknowledged, or ahead of what was asked for. */
  async wrong(urls: readonly string[]): Promise<string[]> {
    const client = connect(urls)
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

  /** Ends at the first write whose end is open: it may still happen, and must not meet a later one. */
  async #count(counter: Counter): Promise<void> {
    while (!this.#stopped) {
      counter.asked += 1
      try {
        await this.#client.put('kv', counter.key, counter.asked)
      } catch {
        return
      }
      counter.acknowledged = counter.asked
      this.#writes += 1
    }
  }
}
