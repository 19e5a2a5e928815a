/**
 * Sends damaged frames over links of a kind, each with a question behind it: the answer says that the link survived the
 * frame, a close frame says with which code it did not. One of the two must come.
 */
import type { Random } from '@synod/runtime/simulation'
import { type Mutant, mutate } from './mutate.ts'
import type { Closed } from './raw-socket.ts'
import type { Tally } from './tally.ts'

/** A link that is up, to be written on. */
export interface Target {
  send(...messages: readonly Uint8Array[]): void
  readonly closed: Promise<Closed>
  destroy(): void
}
export interface Door {
  readonly documented: ReadonlyMap<number, string>
  /** Frames on their way at a time: those behind one that ends the link are sent again on the next. */
  readonly burst: number
  /** `answered` hears the numbers of the questions that were answered. */
  open(answered: (number: number) => void): Promise<Target>
  question(number: number): Uint8Array
}

const answerWithinMs = 20_000

export async function attack(
  door: Door,
  recorded: readonly Uint8Array[],
  frames: number,
  random: Random,
  tally: Tally,
): Promise<void> {
  let left: Mutant[] = []
  let drawn = 0
  while (drawn < frames || left.length > 0) {
    const round = new Round(left.length)
    const target = await within(
      door.open(number => round.onAnswer(number)),
      'a link',
    )
    for (;;) {
      while (left.length < door.burst && drawn < frames) {
        left.push(mutate(random, recorded))
        drawn++
      }
      if (left.length === 0) break
      round.begin(left.length)
      target.send(...left.flatMap(({ bytes }, at) => [bytes, door.question(at)]))
      const closed = await within(Promise.race([round.done, target.closed]), 'an answer or a close code')
      const survived = round.answered
      for (const { damage } of left.slice(0, survived + (closed === undefined ? 0 : 1))) tally.frame(damage)
      tally.survived += survived
      left = left.slice(survived + (closed === undefined ? 0 : 1))
      if (closed === undefined) continue
      tally.closed(closed, door.documented)
      break
    }
    target.destroy()
  }
}

/** The questions of one burst, answered in order: as far as that goes, the link was up. */
class Round {
  answered = 0
  done: Promise<undefined> = Promise.resolve(undefined)
  #count: number
  #finish: (value: undefined) => void = () => undefined
  readonly #seen = new Set<number>()

  constructor(count: number) {
    this.#count = count
  }

  begin(count: number): void {
    this.#count = count
    this.answered = 0
    this.#seen.clear()
    this.done = new Promise(resolve => {
      this.#finish = resolve
    })
  }

  onAnswer(number: number): void {
    this.#seen.add(number)
    while (this.#seen.has(this.answered)) this.answered++
    if (this.answered === this.#count) this.#finish(undefined)
  }
}

export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${answerWithinMs} ms: ${what}`)), answerWithinMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
