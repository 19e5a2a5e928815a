/**
 * Transfers between accounts: each is one transaction of two bounded adds. Some steps read all accounts in one
 * transaction instead: whatever is under way, they must see exactly the money that there is.
 */
import type { Operation } from '../client/index.ts'
import type { Finding } from '../verify/finding.ts'
import { below, failedStep, KvClients, keyspace, runName } from './kv-clients.ts'
import type { Setup, Step, Workload } from './workload.ts'

const openingBalance = 1_000
const mostTransfer = 100
/** One step in this many reads all accounts. */
const stepsPerReading = 200
/** Accounts of one transaction. */
const mostAccounts = 500

export class Bank implements Workload {
  readonly unit = 'transfers'
  readonly #clients: KvClients
  readonly #accounts: readonly string[]
  #readings = 0
  #wrong: readonly number[] | undefined

  constructor({ nodes, users, keys }: Setup) {
    this.#clients = new KvClients(nodes, users)
    const run = runName()
    this.#accounts = Array.from({ length: Math.min(keys, mostAccounts) }, (_, at) => `bank-${run}-${at}`)
  }

  async prepare(): Promise<void> {
    const open = (key: string): Operation => ({ op: 'put', keyspace, key, value: openingBalance })
    await this.#clients.of(0).run(this.#accounts.map(open))
  }

  step(user: number): Promise<Step> {
    return below(stepsPerReading) === 0 ? this.#reading(user) : this.#transfer(user)
  }

  async finish(): Promise<readonly Finding[]> {
    const sum = total(await this.#balances(0))
    const expected = openingBalance * this.#accounts.length
    const check = 'bank'
    if (this.#wrong !== undefined) {
      const detail = `a reading under way found ${total(this.#wrong)} in all accounts, not ${expected}`
      return [{ check, verdict: 'violated', detail, evidence: this.#wrong }]
    }
    const detail = `${this.#accounts.length} accounts hold ${sum} of ${expected}; ${this.#readings} readings under way agreed`
    return [{ check, verdict: sum === expected ? 'ok' : 'violated', detail }]
  }

  close(): void {
    this.#clients.close()
  }

  async #transfer(user: number): Promise<Step> {
    const from = below(this.#accounts.length)
    const to = (from + 1 + below(this.#accounts.length - 1)) % this.#accounts.length
    const amount = 1 + below(mostTransfer)
    try {
      await this.#clients.of(user).run([
        { op: 'add', keyspace, key: this.#accounts[from] ?? '', amount: -amount, min: 0 },
        { op: 'add', keyspace, key: this.#accounts[to] ?? '', amount },
      ])
      return { outcome: 'ok', reason: 'transferred' }
    } catch (error) {
      return failedStep(error)
    }
  }

  async #reading(user: number): Promise<Step> {
    try {
      const balances = await this.#balances(user)
      this.#readings += 1
      if (total(balances) !== openingBalance * this.#accounts.length) this.#wrong = balances
      return { outcome: 'ok', reason: 'read all accounts' }
    } catch (error) {
      return failedStep(error)
    }
  }

  async #balances(user: number): Promise<number[]> {
    const reads = this.#accounts.map((key): Operation => ({ op: 'get', keyspace, key }))
    const results = await this.#clients.of(user).run(reads)
    return results.map(result => ('value' in result && typeof result.value === 'number' ? result.value : 0))
  }
}

function total(balances: readonly number[]): number {
  return balances.reduce((sum, balance) => sum + balance, 0)
}
