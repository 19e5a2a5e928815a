/** The peak, then several times as much, then calm: each measured by checkouts over HTTP. */
import { Failure } from '../../../cluster/src/node/failure.ts'
import { drive, type Stretch, type Totals } from '../../../cluster/src/workloads/drive.ts'
import { Shop } from '../../../cluster/src/workloads/shop.ts'
import type { RealCluster } from '../../processes/cluster.fixture.ts'
import { apart } from '../apart.ts'
import { vitals } from '../vitals.ts'

export interface OverloadOptions {
  readonly seconds: number
  /** Of the peak rate. */
  readonly times: number
  /** Of the closed loop that finds the peak. */
  readonly users: number
}

const peakSeconds = 10
const calmSeconds = 10
/** A share of the peak that is far from crowded. */
const calmShare = 0.3
const wantedShare = 0.8
const backWithinSeconds = 5
/** An open loop needs as many users as there are requests under way, and some that pause after a refusal. */
const usersPerRate = 1.5
const mostUsers = 20_000
const orders = 200_000

export class Overload {
  readonly #cluster: RealCluster
  readonly #say: (line: string) => void

  constructor(cluster: RealCluster, say: (line: string) => void) {
    this.#cluster = cluster
    this.#say = say
  }

  /** Returns what failed. */
  async run({ seconds, times, users }: OverloadOptions): Promise<string[]> {
    const shop = await this.#shop()
    try {
      const drive = this.#driver(shop)
      await drive('warming up', 5, users, undefined)
      const peak = await drive('peak', peakSeconds, users, undefined)
      const rate = peak.outcomes.ok / peak.seconds
      const calmRate = Math.max(1, Math.round(rate * calmShare))
      const before = await drive('calm', calmSeconds, users, calmRate)
      const wanted = Math.round(rate * times)
      const memory = await this.#memory()
      const during = await drive('overload', seconds, Math.ceil(wanted * usersPerRate), wanted)
      const after = await drive('calm again', calmSeconds, users, calmRate)
      this.#say(`memory: ${memory.join(', ')} MiB before, ${(await this.#memory()).join(', ')} MiB after`)
      return this.#judge(rate, before, { ...during, seconds }, after)
    } finally {
      shop.close()
    }
  }

  #judge(rate: number, before: Totals, during: Totals, after: Totals): string[] {
    const kept = rateOf(during, during.seconds) / rate
    const normal = median(before.series.map(({ p99Ms }) => p99Ms))
    const back = after.series.findIndex(({ p99Ms }) => p99Ms <= 3 * normal)
    this.#say(`kept ${(100 * kept).toFixed(0)} % of ${rate.toFixed(0)}/s; ${reasons(during)}`)
    this.#say(`normal p99 ${normal.toFixed(0)} ms, again after ${back < 0 ? 'more than these' : back} s`)
    return [
      ...(kept < wantedShare ? [`the rate fell to ${(100 * kept).toFixed(0)} % of the peak`] : []),
      ...(during.outcomes.unknown > 0 ? [`${during.outcomes.unknown} outcomes are unknown`] : []),
      ...(during.outcomes.unavailable === 0 ? ['nothing was refused'] : []),
      ...(back < 0 || back >= backWithinSeconds ? ['latency did not return to normal in time'] : []),
    ]
  }

  /** One for all stretches: what is loaded is moved into the database for a while, and would be counted as load. */
  async #shop(): Promise<Shop> {
    const nodes = await this.#cluster.nodes()
    this.#say(apart(nodes.flatMap(({ pid }) => pid ?? [])))
    const shop = new Shop({
      nodes: nodes.map(({ id, url }) => ({ id, url })),
      users: mostUsers,
      keys: 1_000,
      orders,
      create: false,
      history: undefined,
      admin: undefined,
    })
    await shop.prepare()
    return shop
  }

  #driver(shop: Shop) {
    return async (
      name: string,
      seconds: number,
      users: number,
      rate: number | undefined,
    ): Promise<Totals> => {
      if (users > mostUsers)
        throw new Failure(`${users} users are needed for ${rate}/s: ask for fewer --times`)
      const totals = await drive(
        shop,
        { users, seconds, rate },
        stretch => this.#say(line(name, stretch)),
        new AbortController().signal,
      )
      if (totals.ended === 'nothing left')
        throw new Failure(`${name}: all ${orders} orders are paid: ask for fewer --seconds`)
      if (totals.missed > 0) this.#say(`${name}: ${totals.missed} were due and never begun`)
      return totals
    }
  }

  async #memory(): Promise<number[]> {
    return (await this.#cluster.nodes()).map(({ pid }) => vitals(pid ?? 0).residentMiB)
  }
}

/** Of whole seconds only: the last answers come when nobody asks any more. */
function rateOf({ series }: Totals, seconds: number): number {
  return series.slice(0, seconds).reduce((sum, { outcomes }) => sum + outcomes.ok, 0) / seconds
}

function reasons({ reasons: counts }: Totals): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ')
}

function line(name: string, { second, outcomes, p50Ms, p99Ms }: Stretch): string {
  const { ok, refused, unavailable, unknown } = outcomes
  return `${name} ${second} s: ${ok} paid, ${refused} refused, ${unavailable} unavailable, ${unknown} unknown; p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
