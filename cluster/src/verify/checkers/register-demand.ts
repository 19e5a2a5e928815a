/** By value, which of the steps that are not placed have to see it, cannot bear it, or bring it. */
import { Earliest } from './earliest.ts'
import type { Step } from './register-model.ts'

const sees = (step: Step) => step.effect === 'read' || step.effect === 'swap'
const moves = (step: Step) => step.effect === 'write' || step.effect === 'swap'

export class Demand {
  readonly #steps: readonly Step[]
  /** The steps below this are required, the others optional. */
  readonly #required: number
  /** Required steps left that need the value, optional swaps left that need it, refusals left of it. */
  readonly #needed: Int32Array
  readonly #optionalNeeds: Int32Array
  readonly #refused: Int32Array
  #refusalsLeft = 0
  /** Required steps that need a value, by return; all that bring it, by call. */
  readonly #observers: Earliest
  readonly #bringers: Earliest

  constructor(steps: readonly Step[], required: number, values: number) {
    this.#steps = steps
    this.#required = required
    this.#needed = new Int32Array(values)
    this.#optionalNeeds = new Int32Array(values)
    this.#refused = new Int32Array(values)
    this.#observers = new Earliest(
      steps.length,
      values,
      i => (i < required && sees(this.#step(i)) ? this.#step(i).from : -1),
      i => this.#step(i).return,
    )
    this.#bringers = new Earliest(
      steps.length,
      values,
      i => (moves(this.#step(i)) ? this.#step(i).to : -1),
      i => this.#step(i).call,
    )
    for (let i = 0; i < steps.length; i++) this.#count(i, 1)
  }

  place(index: number): void {
    this.#observers.place(index)
    this.#bringers.place(index)
    this.#count(index, -1)
  }

  undo(index: number): void {
    const { from, to } = this.#step(index)
    this.#observers.undo(index, from)
    this.#bringers.undo(index, to)
    this.#count(index, 1)
  }

  /** Nobody who is left has to see the value. */
  isUnseen(value: number): boolean {
    return this.#needed[value] === 0 && this.#optionalNeeds[value] === 0
  }

  isRefused(value: number): boolean {
    return this.#refused[value] !== 0
  }

  get anyRefusal(): boolean {
    return this.#refusalsLeft !== 0
  }

  /** Rule 2: whoever has to see the state and returns first must find somebody who brings it back before. */
  leavesSomebodyBehind(mover: number, state: number): boolean {
    const { from, to } = this.#step(mover)
    if (to === state) return false
    this.#observers.place(mover)
    const observer = this.#observers.first(state)
    this.#observers.undo(mover, from)
    if (observer < 0) return false
    const bringer = this.#bringers.first(state)
    return bringer < 0 || this.#step(bringer).call > this.#step(observer).return
  }

  #count(index: number, by: 1 | -1): void {
    const { effect, from } = this.#step(index)
    if (effect === 'read' || effect === 'swap') {
      const needs = index < this.#required ? this.#needed : this.#optionalNeeds
      needs[from] = (needs[from] as number) + by
    } else if (effect === 'refuse') {
      this.#refused[from] = (this.#refused[from] as number) + by
      this.#refusalsLeft += by
    }
  }

  #step(index: number): Step {
    return this.#steps[index] as Step
  }
}
