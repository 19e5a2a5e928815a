/**
 * The search's one mutable configuration, with a trail to undo: which operations are placed, and what could be next.
 */
import { Demand } from './register-demand.ts'
import type { Step } from './register-model.ts'
import { OptionalSteps } from './register-optional.ts'
import { Timeline } from './register-timeline.ts'

const anyState = -1

export class SearchState {
  /** How many operations were placed in all, those undone again included. */
  placements = 0
  trailLength = 0
  /** Those that returned, by call; then the optional ones, by call. */
  readonly #steps: readonly Step[]
  readonly #required: number
  #state: number
  readonly #timeline: Timeline
  readonly #optional: OptionalSteps
  readonly #demand: Demand
  readonly #trail: Int32Array
  readonly #trailState: Int32Array

  /** What `settle` saw: steps that change the state and could be next, values that open steps wait for. */
  #movers: number[] = []
  #waiting: number[] = []
  #refusalWaits = false
  #frontier = -1

  constructor(steps: readonly Step[], initial: number, values: number) {
    const byCall = (a: Step, b: Step) => a.call - b.call
    const required = steps.filter(step => step.return !== Infinity).sort(byCall)
    const optional = steps.filter(step => step.return === Infinity).sort(byCall)
    this.#steps = [...required, ...optional]
    this.#required = required.length
    this.#state = initial
    this.#timeline = new Timeline(required)
    this.#optional = new OptionalSteps(optional, required.length)
    this.#demand = new Demand(this.#steps, required.length, values)
    this.#trail = new Int32Array(this.#steps.length)
    this.#trailState = new Int32Array(this.#steps.length)
  }

  /** Places what fits and changes nothing (rule 1). True when all is placed. */
  settle(): boolean {
    this.#movers = []
    this.#waiting = []
    this.#refusalWaits = false
    let before = Timeline.start
    for (;;) {
      const position = this.#timeline.after(before)
      if (position === this.#timeline.end) {
        this.#frontier = -1
        return true
      }
      const event = this.#timeline.event(position)
      if (event < 0) {
        this.#frontier = ~event
        return false
      }
      // What was placed is unlinked, and `before` now leads to the next one.
      if (!this.#look(event)) before = position
    }
  }

  /** When the first of the open steps returns: all that returned earlier is placed. Valid after `settle`. */
  get mustReturnBy(): number {
    return this.#step(this.#frontier).return
  }

  /** The steps that could be next, the most promising first. Valid after `settle`. */
  candidates(): number[] {
    const found: number[] = []
    for (const mover of this.#withoutEquals(this.#movers)) {
      if (this.#demand.leavesSomebodyBehind(mover, this.#state)) continue
      if (this.#harmless(mover)) return [mover]
      found.push(mover)
    }
    found.sort((a, b) => this.#rank(a) - this.#rank(b) || this.#step(a).return - this.#step(b).return)
    return [...found, ...this.#optionalCandidates()]
  }

  place(index: number): void {
    const step = this.#step(index)
    this.#trail[this.trailLength] = index
    this.#trailState[this.trailLength] = this.#state
    this.trailLength++
    this.placements++
    this.#demand.place(index)
    if (index < this.#required) this.#timeline.place(index)
    else this.#optional.toggle(index)
    if (step.effect === 'write' || step.effect === 'swap') this.#state = step.to
  }

  undoTo(length: number): void {
    while (this.trailLength > length) {
      this.trailLength--
      const index = this.#trail[this.trailLength] as number
      this.#state = this.#trailState[this.trailLength] as number
      this.#demand.undo(index)
      if (index < this.#required) this.#timeline.undo(index)
      else this.#optional.toggle(index)
    }
  }

  /** Equal for two configurations from which the same can follow. */
  configuration(): string {
    const open: number[] = [this.#state]
    let position: number = Timeline.start
    do {
      position = this.#timeline.after(position)
      open.push(this.#timeline.event(position))
    } while (position !== this.#timeline.end && this.#timeline.event(position) >= 0)
    const { used } = this.#optional
    return used === '' ? open.join() : `${open.join()};${used}`
  }

  order(): Step[] {
    return Array.from(this.#trail.subarray(0, this.trailLength), index => this.#step(index))
  }

  #step(index: number): Step {
    return this.#steps[index] as Step
  }

  /** True when the step was placed. */
  #look(index: number): boolean {
    const { effect, from } = this.#step(index)
    switch (effect) {
      case 'read':
        if (from !== this.#state) {
          this.#waiting.push(from)
          return false
        }
        this.place(index)
        return true
      case 'refuse':
        if (from === this.#state) {
          this.#refusalWaits = true
          return false
        }
        this.place(index)
        return true
      case 'swap':
        if (from === this.#state) this.#movers.push(index)
        else this.#waiting.push(from)
        return false
      case 'write':
        this.#movers.push(index)
        return false
    }
  }

  /** Rule 4. */
  #withoutEquals(movers: readonly number[]): number[] {
    if (movers.length < 2) return [...movers]
    const firstToReturn = new Map<number, number>()
    for (const mover of movers) {
      const { effect, to } = this.#step(mover)
      const kind = effect === 'write' ? to : ~to
      const other = firstToReturn.get(kind)
      if (other === undefined || this.#step(mover).return < this.#step(other).return)
        firstToReturn.set(kind, mover)
    }
    return [...firstToReturn.values()]
  }

  /** Rule 5. */
  #harmless(mover: number): boolean {
    const { effect, to } = this.#step(mover)
    const demand = this.#demand
    return effect === 'write' && !demand.anyRefusal && demand.isUnseen(to) && demand.isUnseen(this.#state)
  }

  /**
   * Which candidate to try first. What must return next decides; a swap that fits is taken while it fits; a write is
   * kept for when it is needed, since it fits always.
   */
  #rank(index: number): number {
    const { effect, from } = this.#step(this.#frontier)
    const step = this.#step(index)
    if (effect === 'refuse' ? step.to !== from : effect !== 'write' && step.to === from) return 0
    if (step.effect === 'swap') return 1
    return index === this.#frontier ? 2 : 3
  }

  /** Rule 3. A value may also be waited for by an optional swap that brings a value that is waited for. */
  #optionalCandidates(): number[] {
    if (this.#optional.isEmpty || (this.#waiting.length === 0 && !this.#refusalWaits)) return []
    const found: number[] = []
    const wanted = new Set(this.#waiting)
    if (this.#refusalWaits) this.#wantAnyOther(wanted)
    for (const value of wanted) {
      if (value === this.#state) continue
      // Rule 4: of optional steps that do the same only the first.
      const seen = new Set<number>()
      for (const index of this.#optional.bringing(value)) {
        const { effect, from, call } = this.#step(index)
        if (call > this.mustReturnBy) break
        const needs = effect === 'swap' ? from : anyState
        if (this.#optional.isUsed(index) || seen.has(needs)) continue
        seen.add(needs)
        if (needs !== anyState && needs !== this.#state) wanted.add(needs)
        else if (!this.#demand.leavesSomebodyBehind(index, this.#state)) found.push(index)
      }
    }
    return found
  }

  /**
   * A refused swap waits for any state but the present one. Values that nobody has to see and no other refusal
   * excludes are as good as each other: one of them will do.
   */
  #wantAnyOther(wanted: Set<number>): void {
    let someOther = false
    for (const [value, steps] of this.#optional.byValue()) {
      if (value === this.#state) continue
      if (this.#demand.isUnseen(value) && !this.#demand.isRefused(value)) {
        const usable = steps.some(index => this.#usableWrite(index))
        if (someOther && usable) continue
        someOther ||= usable
      }
      wanted.add(value)
    }
  }

  #usableWrite(index: number): boolean {
    const { effect, call } = this.#step(index)
    return effect === 'write' && !this.#optional.isUsed(index) && call <= this.mustReturnBy
  }
}
