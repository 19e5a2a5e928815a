/**
 * What the other members told this process of what they saw: of this node, which judges its memory, and of each other,
 * which it needs when it has lost its own. And whose answers count (SPEC.md, AM13, AM14).
 */
import type { NodeId } from '../address.ts'
import type { Sighting } from '../storage/storage.ts'
import { later } from './standing.ts'

/** One member's answer. */
export interface Testimony {
  /** Whether it had settled its own standing: if not, it may have lost its memory without knowing. */
  readonly settled: boolean
  /** All that it remembers of the others. */
  readonly sightings: ReadonlyMap<NodeId, Sighting>
}

/** By the clock of this process. */
interface Answer {
  /** Tells lives of the witness apart. */
  readonly life: string
  readonly settled: boolean
  /** When that life was first heard. */
  readonly since: number
  /** When the latest sign of life was asked for. */
  readonly until: number
  readonly seenOfUs: Sighting | undefined
}

export class Witnesses {
  readonly #self: NodeId
  readonly #answers = new Map<NodeId, Answer>()
  readonly #told = new Map<NodeId, Sighting>()

  constructor(self: NodeId) {
    this.#self = self
  }

  has(peer: NodeId): boolean {
    return this.#answers.has(peer)
  }

  /** Whether nothing that this peer could say now would count for more. */
  isSettled(peer: NodeId): boolean {
    return this.#answers.get(peer)?.settled === true
  }

  peers(): Iterable<NodeId> {
    return this.#answers.keys()
  }

  /** The answer of a life that had not answered before; afterwards it is `confirmed`. */
  heard(peer: NodeId, life: string, { settled, sightings }: Testimony, nowMs: number): void {
    const before = this.#answers.get(peer)
    this.#answers.set(peer, {
      life,
      settled: settled || before?.settled === true,
      since: nowMs,
      // The answer tells that it was there before `since`; only what is asked afterwards, that it still is.
      until: Number.NEGATIVE_INFINITY,
      seenOfUs: later(before?.seenOfUs, sightings.get(this.#self)),
    })
    for (const [of, sighting] of sightings) this.#learn(of, sighting)
  }

  /** A sign of life that was asked for at `askedMs`; false when it is another life now, which has to be asked again. */
  confirmed(peer: NodeId, life: string, askedMs: number): boolean {
    const answer = this.#answers.get(peer)
    if (answer === undefined || answer.settled) return true
    if (answer.life !== life) return false
    this.#answers.set(peer, { ...answer, until: Math.max(answer.until, askedMs) })
    return true
  }

  /** AM13: who was settled, and the most of the others that were all there at one moment. */
  counted(): NodeId[] {
    const answers = [...this.#answers]
    const unsettled = answers.filter(([, { settled }]) => !settled)
    let most: typeof answers = []
    for (const [, { since: at }] of unsettled) {
      const together = unsettled.filter(([, { since, until }]) => since <= at && at <= until)
      if (together.length > most.length) most = together
    }
    return [...answers.filter(([, { settled }]) => settled), ...most].map(([peer]) => peer)
  }

  /** Every sighting of this node that was told. */
  seenOfUs(): Sighting[] {
    return [...this.#answers.values()].flatMap(({ seenOfUs }) => seenOfUs ?? [])
  }

  /** The highest that anybody told of each other member. */
  get told(): ReadonlyMap<NodeId, Sighting> {
    return this.#told
  }

  clear(): void {
    this.#answers.clear()
    this.#told.clear()
  }

  #learn(of: NodeId, sighting: Sighting): void {
    if (of === this.#self) return
    const highest = later(this.#told.get(of), sighting)
    if (highest !== undefined) this.#told.set(of, highest)
  }
}
