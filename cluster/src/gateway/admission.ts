/**
 * Who may wait (SPEC.md, GW1–GW3). What waits divided by what is answered a second is how long a newcomer will wait
 * (Little's law). So a node that is asked for more than it can do lets in what it can answer within `waitMs`, going by
 * the best of its last seconds, and refuses the rest at the door, where a refusal costs next to nothing.
 *
 * Counted is the whole way of a request, so that it does not matter what is short: this node's processor, its disk, or
 * the leader on another node.
 */
import type { Metric } from './health.ts'
import type { GatewayNode } from './node.ts'

export interface AdmissionLimits {
  /** How long a request may have to wait, in milliseconds. */
  readonly waitMs: number
  /** So many may wait four times as long: a hundred that come together are no crowd. */
  readonly few: number
  /** So many may wait when they come all at once, after calm: nobody knows yet how quickly it goes. */
  readonly crowd: number
}

export const defaultAdmission: AdmissionLimits = { waitMs: 1_000, few: 128, crowd: 4_096 }

/** A request on its way. */
interface Ticket {
  readonly enteredAt: number
  done: boolean
  /**
   * Others that came long after it were answered: it waits for something of its own, a lock or a group without
   * leader.
   */
  stuck: boolean
}

/** How much longer a few may wait than many. */
const patience = 4
/** May wait even where nothing is answered: so it is noticed when something is again. */
const fewest = 16
/**
 * Of `waitMs`, in a flood. Who is refused then would be anyway, and what waits less long is cheaper: garbage while it
 * is young.
 */
const floodShare = 1 / 4
/**
 * Seconds of which the quickest tells how long a request takes by itself: twice that long it may always wait, or fewer
 * would be answered as fewer may wait, and fewer let in. A flood that lasts longer than this gets all of `waitMs` again.
 */
const quickestOf = 120
/** Seconds that are looked back: a leader may be away for some of them. */
const lookBack = 5

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #now: () => number
  /** In the order of entering; those before `#head` are over or stuck. */
  #tickets: Ticket[] = []
  #head = 0
  #waiting = 0
  #refused = 0
  /** Answers by second, the current one last. */
  readonly #answered = new Array<number>(lookBack + 1).fill(0)
  readonly #turnedAway = new Array<number>(lookBack + 1).fill(0)
  #second: number
  /** How long all took that were answered in this second. */
  #tookMs = 0
  /** Means of the last seconds, in milliseconds; those without an answer are not there. */
  readonly #means: { readonly second: number; readonly ms: number }[] = []
  #byItselfMs = 0
  /** When the youngest of those that were answered had entered. */
  #servedUpTo = Number.NEGATIVE_INFINITY
  #crowdedAt = Number.NEGATIVE_INFINITY
  #graceUntil = Number.NEGATIVE_INFINITY

  /** `now` in milliseconds, never going back. */
  constructor(limits: AdmissionLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    this.#second = Math.floor(now() / 1_000)
  }

  get waiting(): number {
    return this.#waiting
  }
  get refused(): number {
    return this.#refused
  }

  metrics(): readonly Metric[] {
    this.#turnTo(this.#now())
    const gauge = (name: string, help: string, value: number): Metric => ({
      name,
      help,
      type: 'gauge',
      samples: [{ value }],
    })
    return [
      gauge('synod_admission_waiting', 'Requests of clients under way', this.#waiting),
      gauge('synod_admission_limit', 'How many may be, once it is crowded', this.limit()),
      {
        name: 'synod_admission_refused_total',
        help: 'Requests of clients that were refused as overloaded',
        type: 'counter',
        samples: [{ value: this.#refused }],
      },
    ]
  }

  /** Undefined: refused. Otherwise to be given back to `leave`. */
  enter(): Ticket | undefined {
    const now = this.#now()
    if (this.#isFull(now)) {
      this.#turnAway()
      return undefined
    }
    const ticket = { enteredAt: now, done: false, stuck: false }
    this.#tickets.push(ticket)
    this.#waiting++
    return ticket
  }

  /** `answered`: it was not refused and did not run out of time. */
  leave(ticket: Ticket, answered: boolean): void {
    ticket.done = true
    if (ticket.stuck) return
    this.#waiting--
    const now = this.#now()
    this.#turnTo(now)
    if (!answered) return
    this.#tookMs += now - ticket.enteredAt
    this.#answered[lookBack] = (this.#answered[lookBack] ?? 0) + 1
    this.#servedUpTo = Math.max(this.#servedUpTo, ticket.enteredAt)
  }

  /** For a door before this one: as `enter` would say, and counted as refused when it is. */
  refuses(): boolean {
    const full = this.#isFull(this.#now())
    if (full) this.#turnAway()
    return full
  }

  /** How many may wait now. */
  limit(): number {
    const inTime = (Math.max(...this.#answered) * this.#mayWaitMs()) / 1_000
    return Math.ceil(Math.max(inTime, Math.min(this.#limits.few, patience * inTime), fewest))
  }

  #mayWaitMs(): number {
    const { waitMs } = this.#limits
    return this.#isFlood() ? Math.min(waitMs, Math.max(floodShare * waitMs, 2 * this.#byItselfMs)) : waitMs
  }

  /** More are refused than answered. */
  #isFlood(): boolean {
    return sum(this.#turnedAway) > sum(this.#answered)
  }

  #turnAway(): void {
    this.#refused += 1
    this.#turnedAway[lookBack] = (this.#turnedAway[lookBack] ?? 0) + 1
  }

  #isFull(now: number): boolean {
    this.#forget()
    if (this.#waiting < Math.min(this.#limits.few, fewest)) return false
    this.#turnTo(now)
    if (this.#waiting < this.limit()) return false
    if (now - this.#crowdedAt > lookBack * 1_000) this.#graceUntil = now + this.#limits.waitMs
    this.#crowdedAt = now
    const crowd = now < this.#graceUntil ? this.#limits.crowd : 0
    return this.#waiting >= crowd
  }

  #forget(): void {
    const overtaken = this.#servedUpTo - 2 * this.#mayWaitMs()
    for (; this.#head < this.#tickets.length; this.#head++) {
      const ticket = this.#tickets[this.#head]
      if (ticket === undefined || (!ticket.done && ticket.enteredAt >= overtaken)) break
      if (ticket.done) continue
      ticket.stuck = true
      this.#waiting--
    }
    if (this.#head < 1_024 || this.#head * 2 < this.#tickets.length) return
    this.#tickets = this.#tickets.slice(this.#head)
    this.#head = 0
  }

  #turnTo(now: number): void {
    const second = Math.floor(now / 1_000)
    if (second === this.#second) return
    this.#noteMean(second)
    for (let passed = Math.min(second - this.#second, lookBack + 1); passed > 0; passed--) {
      for (const seconds of [this.#answered, this.#turnedAway]) {
        seconds.shift()
        seconds.push(0)
      }
    }
    this.#second = second
  }

  #noteMean(now: number): void {
    const answered = this.#answered[lookBack] ?? 0
    if (answered > 0) this.#means.push({ second: this.#second, ms: this.#tookMs / answered })
    this.#tookMs = 0
    while (this.#means[0] !== undefined && this.#means[0].second < now - quickestOf) this.#means.shift()
    this.#byItselfMs = this.#means.reduce((least, { ms }) => Math.min(least, ms), Number.POSITIVE_INFINITY)
    if (this.#means.length === 0) this.#byItselfMs = 0
  }
}

function sum(numbers: readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** The same node for those who come through the door. */
export function admitting(node: GatewayNode, admission: Admission): GatewayNode {
  return {
    node: node.node,
    ready: () => node.ready(),
    ask(to, message, timeoutMs) {
      return new Promise(resolve => this.request(to, message, timeoutMs, resolve))
    },
    request(to, message, timeoutMs, done) {
      const ticket = admission.enter()
      if (ticket === undefined) done({ outcome: 'refused', reason: 'overloaded' })
      else {
        node.request(to, message, timeoutMs, answer => {
          admission.leave(ticket, answer.outcome === 'answered')
          done(answer)
        })
      }
    },
  }
}
