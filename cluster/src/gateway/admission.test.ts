import type { Answer } from '@synod/runtime/host'
import { address, nodeId } from '@synod/runtime/protocol'
import { describe, expect, test } from 'vitest'
import { Admission, admitting } from './admission.ts'
import { nodeWhere } from './gateway.fixture.ts'

const waitMs = 1_000
const few = 100
const crowd = 5_000

/** A server that answers so many a second, in order, and asks the admission for each that comes. */
class Server {
  now = 0
  readonly admission = new Admission({ waitMs, few, crowd }, () => this.now)
  readonly queue: { readonly ticket: NonNullable<ReturnType<Admission['enter']>>; readonly at: number }[] = []
  refused = 0
  /** How long each answered one has waited, by the millisecond of its answer. */
  waits: number[] = []
  #credit = 0

  arrive(count: number): void {
    for (let at = 0; at < count; at++) {
      const ticket = this.admission.enter()
      if (ticket === undefined) this.refused++
      else this.queue.push({ ticket, at: this.now })
    }
  }

  /** A millisecond passes. */
  tick(arrivals: number, answersPerMs: number): void {
    this.now++
    this.arrive(arrivals)
    this.#credit = Math.min(this.#credit + answersPerMs, this.queue.length)
    for (; this.#credit >= 1; this.#credit--) {
      const next = this.queue.shift()
      if (next === undefined) break
      this.waits.push(this.now - next.at)
      this.admission.leave(next.ticket, true)
    }
  }

  run(ms: number, arrivalsPerMs: number, answersPerMs: number): { answered: number; longest: number } {
    this.waits = []
    let due = 0
    for (let at = 0; at < ms; at++) {
      due += arrivalsPerMs
      this.tick(Math.floor(due), answersPerMs)
      due -= Math.floor(due)
    }
    return {
      answered: this.waits.length,
      longest: this.waits.reduce((most, wait) => Math.max(most, wait), 0),
    }
  }
}

/** A server that does so many at once, each of which takes that long: a disk, a lock, another group. */
class Slots {
  readonly #tookMs: number
  readonly #slots: number
  #now = 0
  readonly #admission = new Admission({ waitMs, few, crowd }, () => this.#now)
  readonly #waiting: NonNullable<ReturnType<Admission['enter']>>[] = []
  readonly #busy: { readonly ticket: NonNullable<ReturnType<Admission['enter']>>; readonly due: number }[] =
    []

  constructor(tookMs: number, slots: number) {
    this.#tookMs = tookMs
    this.#slots = slots
  }

  run(ms: number, arrivalsPerMs: number): { answered: number; refused: number } {
    const count = { answered: 0, refused: 0 }
    let due = 0
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now++
      for (due += arrivalsPerMs; due >= 1; due--) {
        const ticket = this.#admission.enter()
        if (ticket === undefined) count.refused++
        else this.#waiting.push(ticket)
      }
      count.answered += this.#serve()
    }
    return count
  }

  #serve(): number {
    let answered = 0
    for (let [next] = this.#busy; next !== undefined && next.due <= this.#now; [next] = this.#busy) {
      this.#admission.leave(next.ticket, true)
      this.#busy.shift()
      answered++
    }
    while (this.#busy.length < this.#slots) {
      const ticket = this.#waiting.shift()
      if (ticket === undefined) break
      this.#busy.push({ ticket, due: this.#now + this.#tookMs })
    }
    return answered
  }
}

describe('what a node can answer in time comes in', () => {
  test('[GW1] below what it can do nobody is refused, at any rate', () => {
    for (const rate of [0.01, 0.5, 3, 20]) {
      const server = new Server()
      server.run(20_000, rate * 0.95, rate)
      expect(server.refused).toBe(0)
    }
  })

  test('[GW1] a crowd after calm comes in: nobody knows yet how quickly it goes', () => {
    const server = new Server()
    server.run(10_000, 0.05, 10)
    server.tick(5_000, 10)
    expect(server.refused).toBe(0)
  })

  test('[GW1] a crowd that only comes back when it was answered is never refused', () => {
    const server = new Server()
    server.tick(2_000, 5)
    for (let at = 0; at < 30_000; at++) {
      const before = server.waits.length
      server.tick(0, 5)
      server.arrive(server.waits.length - before)
    }
    expect(server.refused).toBe(0)
  })

  test('[GW1] a hundred that come together are no crowd, as long as they need not wait four times as long', () => {
    for (const answersPerMs of [0.04, 0.1, 1]) {
      const server = new Server()
      server.run(10_000, 0.9 * answersPerMs, answersPerMs)
      server.run(few, 1, answersPerMs)
      for (let at = 0; at < 20_000; at++) {
        const before = server.waits.length
        server.tick(0, answersPerMs)
        server.arrive(server.waits.length - before)
      }
      expect(server.refused).toBe(0)
    }
  })

  test('[GW1] where nothing is answered a few wait, and others once something is', () => {
    const server = new Server()
    server.run(60_000, 1, 0)
    const waiting = server.queue.length
    expect(waiting).toBeLessThanOrEqual(crowd)
    server.run(10_000, 1, 1.2)
    const before = server.refused
    server.run(10_000, 1, 1.2)
    expect(server.refused).toBe(before)
  })
})

describe('beyond what it can do', () => {
  test.each([
    [1.5, waitMs],
    [5, waitMs / 4],
    [20, waitMs / 4],
  ])(
    '[GW1] at %d times that it answers as much as ever, and whoever comes in waits no longer than %i ms',
    (times, atMost) => {
      const server = new Server()
      server.run(10_000, 1.5, 2)
      server.run(10_000, 2 * times, 2)
      const { answered, longest } = server.run(60_000, 2 * times, 2)
      expect(answered).toBeGreaterThan(0.99 * 60_000 * 2)
      expect(longest).toBeLessThan(1.2 * atMost)
      expect(longest).toBeGreaterThan(0.8 * atMost)
      expect(server.refused).toBeGreaterThan(60_000 * 2 * (times - 1.1))
    },
  )

  test.each([200, 300, 400, 700])(
    '[GW1] what takes %i ms by itself, 2,000 a second, is answered as much as ever before long',
    tookMs => {
      const server = new Slots(tookMs, 2 * tookMs)
      server.run(20_000, 1.5)
      server.run(20_000, 6)
      const flooded = server.run(20_000, 6)
      expect(flooded.answered).toBeGreaterThan(0.8 * 2 * 20_000)
      server.run(10_000, 1.5)
      expect(server.run(20_000, 1.5)).toMatchObject({ refused: 0 })
    },
  )

  test('[GW1] soon after it everybody is answered at once again', () => {
    const server = new Server()
    server.run(60_000, 10, 2)
    server.run(5_000, 1.5, 2)
    const before = server.refused
    expect(server.run(10_000, 1.5, 2).longest).toBeLessThan(10)
    expect(server.refused).toBe(before)
  })

  test('[GW1] it learns when it becomes slower', () => {
    const server = new Server()
    server.run(10_000, 10, 5)
    server.run(20_000, 10, 0.5)
    expect(server.run(20_000, 10, 0.5).longest).toBeLessThan(1.2 * waitMs)
  })

  test('[GW1] a leader that is away for three seconds costs no more than what would have waited', () => {
    const server = new Server()
    server.run(10_000, 1.9, 2)
    server.run(3_000, 1.9, 0)
    expect(server.queue.length).toBeLessThanOrEqual(2 * 2_000)
    server.run(5_000, 1.9, 2)
    const before = server.refused
    server.run(10_000, 1.9, 2)
    expect(server.refused).toBe(before)
  })
})

test('[GW2] what is stuck for a reason of its own keeps nobody out', () => {
  const server = new Server()
  const stuck = Array.from({ length: 150 }, () => server.admission.enter())
  server.run(3_000, 1, 2)
  expect(server.admission.waiting).toBeLessThan(few)
  const before = server.refused
  server.run(20_000, 1, 2)
  expect(server.refused).toBe(before)
  for (const ticket of stuck) if (ticket !== undefined) server.admission.leave(ticket, false)
  expect(server.admission.waiting).toBe(server.queue.length)
})

test('[GW3] what is refused at the door has not been asked, and is said to be overloaded', async () => {
  let now = 0
  let asked = 0
  const answers: ((answer: Answer) => void)[] = []
  const admission = new Admission({ waitMs, few: 2, crowd: 17 }, () => now)
  const node = admitting(
    nodeWhere(() => {
      asked++
      return new Promise(resolve => answers.push(resolve))
    }),
    admission,
  )
  const ask = () => node.ask(address(nodeId('n1'), 'session', 'main'), {}, 10)
  const first = Array.from({ length: 17 }, ask)
  now = 1_500
  expect(await ask()).toEqual({ outcome: 'refused', reason: 'overloaded' })
  expect([asked, admission.waiting, admission.refused]).toEqual([17, 17, 1])
  for (const answer of answers) answer({ outcome: 'answered', result: 'done' })
  expect(await Promise.all(first)).toHaveLength(17)
  expect(admission.waiting).toBe(0)
})
