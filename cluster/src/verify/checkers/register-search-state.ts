/** The search's one mutable configuration, with a trail to undo: which operations are placed, and what they left. */
import { Earliest } from './earliest.ts'
import type { Step } from './register-model.ts'

/** Typed arrays are read where the index is known to be in range. */
type Numbers = Int32Array | Float64Array
const anyState = -1
const at = (numbers: Numbers, index: number): number => numbers[index] as number

const sees = (step: Step) => step.effect === 'read' || step.effect === 'swap'
const moves = (step: Step) => step.effect === 'write' || step.effect === 'swap'

export class SearchState {
  /** How many operations were placed in all, those undone again included. */
  placements = 0
  trailLength = 0
  /** Those that returned, by call; then the optional ones, by call. */
  readonly #steps: readonly Step[]
  readonly #required: number
  #state: number

  /** Events of required steps in the order of time, as a linked list: position 0 is before all, the last after all. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** At a position: the step that is called there, or ~step for its return. */
  readonly #event: Int32Array
  readonly #callAt: Int32Array
  readonly #returnAt: Int32Array
  readonly #end: number

  /** By value: required steps left that need it, steps left that bring it, optional swaps left that need it, refusals left of it. */
  readonly #needed: Int32Array
  readonly #brought: Int32Array
  readonly #optionalNeeds: Int32Array
  readonly #refused: Int32Array
  #refusalsLeft = 0
  /** By value: optional steps that bring it, by call. */
  readonly #optional = new Map<number, number[]>()
  /** Of the optional steps, a bit for each that is placed. */
  readonly #used: Uint16Array
  #usedCount = 0

  /** Required steps that need a value, by return; all that bring it, by call. */
  readonly #observers: Earliest
  readonly #bringers: Earliest

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
    this.#end = 2 * required.length + 1
    this.#next = new Int32Array(this.#end + 1)
    this.#previous = new Int32Array(this.#end + 1)
    this.#event = new Int32Array(this.#end + 1)
    this.#callAt = new Int32Array(required.length)
    this.#returnAt = new Int32Array(required.length)
    this.#needed = new Int32Array(values)
    this.#brought = new Int32Array(values)
    this.#optionalNeeds = new Int32Array(values)
    this.#refused = new Int32Array(values)
    this.#used = new Uint16Array((optional.length + 15) >> 4)
    this.#trail = new Int32Array(this.#steps.length)
    this.#trailState = new Int32Array(this.#steps.length)
    this.#observers = new Earliest(
      this.#steps.length,
      values,
      i => (i < required.length && sees(this.#step(i)) ? this.#step(i).from : -1),
      i => this.#step(i).return,
    )
    this.#bringers = new Earliest(
      this.#steps.length,
      values,
      i => (moves(this.#step(i)) ? this.#step(i).to : -1),
      i => this.#step(i).call,
    )
    this.#link(required)
    for (let i = 0; i < this.#steps.length; i++) {
      this.#count(i, 1)
      if (i >= required.length) this.#offer(i)
    }
  }

  /** Places what fits and changes nothing (rule 1). True when all is placed. */
  settle(): boolean {
    this.#movers = []
    this.#waiting = []
    this.#refusalWaits = false
    let before = 0
    for (;;) {
      const position = at(this.#next, before)
      if (position === this.#end) {
        this.#frontier = -1
        return true
      }
      const event = at(this.#event, position)
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
      if (this.#leavesSomebodyBehind(mover)) continue
      if (this.#harmless(mover)) return [mover]
      found.push(mover)
    }
    found.sort((a, b) => this.#rank(a) - this.#rank(b) || this.#step(a).return - this.#step(b).return)
    return [...found, ...this.#optionalCandidates()]
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

  place(index: number): void {
    const step = this.#step(index)
    this.#trail[this.trailLength] = index
    this.#trailState[this.trailLength] = this.#state
    this.trailLength++
    this.placements++
    this.#count(index, -1)
    if (index < this.#required) this.#unlink(index)
    else this.#toggleUsed(index)
    if (step.effect === 'write' || step.effect === 'swap') this.#state = step.to
  }

  undoTo(length: number): void {
    while (this.trailLength > length) {
      this.trailLength--
      const index = at(this.#trail, this.trailLength)
      this.#state = at(this.#trailState, this.trailLength)
      this.#count(index, 1)
      if (index < this.#required) this.#relink(index)
      else this.#toggleUsed(index)
    }
  }

  /** Equal for two configurations from which the same can follow. */
  configuration(): string {
    const open: number[] = [this.#state]
    for (let position = at(this.#next, 0); ; position = at(this.#next, position)) {
      const event = at(this.#event, position)
      open.push(event)
      if (event < 0 || position === this.#end) break
    }
    return this.#usedCount === 0 ? open.join() : `${open.join()};${String.fromCharCode(...this.#used)}`
  }

  order(): Step[] {
    return Array.from(this.#trail.subarray(0, this.trailLength), index => this.#step(index))
  }

  #isUsed(index: number): boolean {
    const bit = index - this.#required
    return ((this.#used[bit >> 4] as number) & (1 << (bit & 15))) !== 0
  }

  #toggleUsed(index: number): void {
    const bit = index - this.#required
    this.#used[bit >> 4] = (this.#used[bit >> 4] as number) ^ (1 << (bit & 15))
    this.#usedCount += this.#isUsed(index) ? 1 : -1
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

  /** Rule 2: whoever has to see the state and returns first must find somebody who brings it back before. */
  #leavesSomebodyBehind(mover: number): boolean {
    const state = this.#state
    if (this.#step(mover).to === state) return false
    this.#observers.place(mover)
    const observer = this.#observers.first(state)
    this.#observers.undo(mover, this.#step(mover).from)
    if (observer < 0) return false
    const bringer = this.#bringers.first(state)
    return bringer < 0 || this.#step(bringer).call > this.#step(observer).return
  }

  /** Rule 5. */
  #harmless(mover: number): boolean {
    const { effect, to } = this.#step(mover)
    return effect === 'write' && this.#refusalsLeft === 0 && this.#unseen(to) && this.#unseen(this.#state)
  }

  #unseen(value: number): boolean {
    return at(this.#needed, value) === 0 && at(this.#optionalNeeds, value) === 0
  }

  /** Rule 3. A value may also be waited for by an optional swap that brings a value that is waited for. */
  #optionalCandidates(): number[] {
    if (this.#optional.size === 0 || (this.#waiting.length === 0 && !this.#refusalWaits)) return []
    const found: number[] = []
    const wanted = new Set(this.#waiting)
    if (this.#refusalWaits) this.#wantAnyOther(wanted)
    for (const value of wanted) {
      if (value === this.#state) continue
      // Rule 4: of optional steps that do the same only the first.
      const seen = new Set<number>()
      for (const index of this.#optional.get(value) ?? []) {
        const { effect, from, call } = this.#step(index)
        if (call > this.mustReturnBy) break
        const needs = effect === 'swap' ? from : anyState
        if (this.#isUsed(index) || seen.has(needs)) continue
        seen.add(needs)
        if (needs !== anyState && needs !== this.#state) wanted.add(needs)
        else if (!this.#leavesSomebodyBehind(index)) found.push(index)
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
    for (const [value, steps] of this.#optional) {
      if (value === this.#state) continue
      if (this.#unseen(value) && at(this.#refused, value) === 0) {
        const usable = steps.some(index => this.#usableWrite(index))
        if (someOther && usable) continue
        someOther ||= usable
      }
      wanted.add(value)
    }
  }

  #usableWrite(index: number): boolean {
    const { effect, call } = this.#step(index)
    return effect === 'write' && !this.#isUsed(index) && call <= this.mustReturnBy
  }

  #count(index: number, by: 1 | -1): void {
    if (by < 0) {
      this.#observers.place(index)
      this.#bringers.place(index)
    } else {
      this.#observers.undo(index, this.#step(index).from)
      this.#bringers.undo(index, this.#step(index).to)
    }
    const { effect, from, to } = this.#step(index)
    const needs = index < this.#required ? this.#needed : this.#optionalNeeds
    if (effect === 'read' || effect === 'swap') needs[from] = at(needs, from) + by
    if (effect === 'write' || effect === 'swap') this.#brought[to] = at(this.#brought, to) + by
    if (effect === 'refuse') {
      this.#refused[from] = at(this.#refused, from) + by
      this.#refusalsLeft += by
    }
  }

  #offer(index: number): void {
    const { to } = this.#step(index)
    const others = this.#optional.get(to)
    if (others) others.push(index)
    else this.#optional.set(to, [index])
  }

  /** Of a call and a return at the same instant the call comes first: they may be concurrent. */
  #link(required: readonly Step[]): void {
    const returns = required.map((_, i) => i)
    returns.sort((a, b) => this.#step(a).return - this.#step(b).return)
    let position = 1
    let call = 0
    for (const index of returns) {
      while (call < required.length && this.#step(call).call <= this.#step(index).return) {
        this.#callAt[call] = position
        this.#event[position++] = call++
      }
      this.#returnAt[index] = position
      this.#event[position++] = ~index
    }
    for (let i = 0; i <= this.#end; i++) {
      this.#next[i] = i + 1
      this.#previous[i] = i - 1
    }
  }

  #unlink(index: number): void {
    this.#remove(at(this.#callAt, index))
    this.#remove(at(this.#returnAt, index))
  }

  #relink(index: number): void {
    this.#restore(at(this.#returnAt, index))
    this.#restore(at(this.#callAt, index))
  }

  #remove(position: number): void {
    this.#next[at(this.#previous, position)] = at(this.#next, position)
    this.#previous[at(this.#next, position)] = at(this.#previous, position)
  }

  #restore(position: number): void {
    this.#next[at(this.#previous, position)] = position
    this.#previous[at(this.#next, position)] = position
  }
}
