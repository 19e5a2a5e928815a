/** By value, the first of the steps that are not placed, in a given order. Cheap to ask, to place and to undo. */
export class Earliest {
  /** All members, value after value, each value's in order. */
  readonly #members: Int32Array
  /** Where a step stands in `#members`; -1 when it is no member. */
  readonly #standsAt: Int32Array
  readonly #end: Int32Array
  /** Everything of the value before this is placed. */
  readonly #from: Int32Array
  readonly #placed: Uint8Array

  /** `value` of a step, or -1; `order` is what the steps of one value are sorted by. */
  constructor(
    steps: number,
    values: number,
    value: (step: number) => number,
    order: (step: number) => number,
  ) {
    const members: number[] = []
    for (let step = 0; step < steps; step++) if (value(step) >= 0) members.push(step)
    members.sort((a, b) => value(a) - value(b) || order(a) - order(b))
    this.#members = Int32Array.from(members)
    this.#standsAt = new Int32Array(steps).fill(-1)
    this.#from = new Int32Array(values)
    this.#end = new Int32Array(values)
    this.#placed = new Uint8Array(members.length)
    for (const [at, step] of members.entries()) {
      this.#standsAt[step] = at
      if (at === 0 || value(members[at - 1] as number) !== value(step)) this.#from[value(step)] = at
      this.#end[value(step)] = at + 1
    }
  }

  /** -1 when all are placed. */
  first(value: number): number {
    let at = this.#from[value] as number
    const end = this.#end[value] as number
    while (at < end && this.#placed[at] === 1) at++
    this.#from[value] = at
    return at < end ? (this.#members[at] as number) : -1
  }

  place(step: number): void {
    const at = this.#standsAt[step] as number
    if (at >= 0) this.#placed[at] = 1
  }

  undo(step: number, value: number): void {
    const at = this.#standsAt[step] as number
    if (at < 0) return
    this.#placed[at] = 0
    if (at < (this.#from[value] as number)) this.#from[value] = at
  }
}
