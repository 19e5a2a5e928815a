/**
 * Bounded exhaustive search: every state that can be reached in so many steps, breadth first, each looked at once. A
 * broken rule is therefore shown by a shortest way to it.
 */
import type { SearchModel, Seen, World } from './model.ts'
import { type Move, Moves } from './moves.ts'
import { hashOfFrozen, joined } from './plain.ts'
import { settle } from './settling.ts'

export interface SearchLimits {
  /** Most steps from the start. */
  readonly depth: number
  /** Ends the search when so many states were found. */
  readonly states: number
  /** After each depth. */
  readonly progress?: (depth: number, states: number) => void
}

export interface SearchReport<Ghost> {
  readonly states: number
  /** Steps taken, those that led to known states included. */
  readonly steps: number
  /** Turns that kernels ran; all other steps were known from another state. */
  readonly turns: number
  /** Everything that is reached in so many steps was looked at. */
  readonly depth: number
  /** There is nothing beyond: all that the bounds allow was looked at. */
  readonly exhausted: boolean
  /** States from which the faults ended and everything settled. */
  readonly settled: number
  /** Goal → in how many steps it was reached first. */
  readonly reached: ReadonlyMap<string, number>
  readonly missed: readonly string[]
  readonly broken: Broken<Ghost> | undefined
}

/** A rule that does not hold, and the shortest way there. */
export interface Broken<Ghost> {
  readonly rule: string
  readonly error: Error
  readonly way: readonly Move<Ghost>[]
}

class RuleBroken extends Error {
  readonly rule: string
  /** The steps of a settling. */
  readonly more: readonly unknown[]
  constructor(rule: string, more: readonly unknown[], cause: unknown) {
    super(rule, { cause })
    this.rule = rule
    this.more = more
  }
}

interface Open<Ghost> {
  readonly world: World<Ghost>
  readonly state: number
}

export function search<Ghost>(model: SearchModel<Ghost>, limits: SearchLimits): SearchReport<Ghost> {
  return new Search(model, limits).run()
}

class Search<Ghost> {
  readonly #model: SearchModel<Ghost>
  readonly #limits: SearchLimits
  readonly #moves: Moves<Ghost>
  readonly #first: World<Ghost>
  readonly #known = new Set<number>()
  /** State → the one it was found from, and by which of its steps. */
  readonly #parents: number[] = []
  readonly #ordinals: number[] = []
  readonly #reached = new Map<string, number>()
  #goals: [string, (seen: Seen<Ghost>) => boolean][]
  /** The state whose steps are being taken, and the last of them. */
  #at: { readonly state: number; move: Move<Ghost> | undefined } = { state: 0, move: undefined }
  /** A rule that broke while everything settled: steps may lead there on a shorter way. */
  #longer: Broken<Ghost> | undefined
  #steps = 0
  #settled = 0

  constructor(model: SearchModel<Ghost>, limits: SearchLimits) {
    this.#model = model
    this.#limits = limits
    this.#moves = new Moves(model)
    this.#first = this.#moves.first()
    this.#goals = Object.entries(model.goals)
  }

  run(): SearchReport<Ghost> {
    const state = this.#add(this.#first, -1, 0) ?? 0
    let open: Open<Ghost>[] = [{ world: this.#first, state }]
    let depth = 0
    try {
      checkWorld(this.#model, this.#first, [])
      while (open.length > 0 && depth < this.#deepest) {
        const next = this.#level(open, depth + 1)
        if (this.#isFull) break
        open = next
        if (open.length === 0) break
        depth += 1
        this.#limits.progress?.(depth, this.#parents.length)
      }
    } catch (error) {
      if (!(error instanceof RuleBroken)) throw error
      return this.#report(depth, false, this.#shown(error))
    }
    return this.#report(depth, open.length === 0, this.#longer)
  }

  /** Beyond a broken rule that is known there is no shorter way to one. */
  get #deepest(): number {
    return Math.min(this.#limits.depth, (this.#longer?.way.length ?? Number.POSITIVE_INFINITY) - 1)
  }

  get #isFull(): boolean {
    return this.#parents.length >= this.#limits.states
  }

  /** Every step from every state of one depth; the states that are new. */
  #level(open: readonly Open<Ghost>[], depth: number): Open<Ghost>[] {
    const next: Open<Ghost>[] = []
    for (const { world, state } of open) {
      if (this.#isFull) break
      this.#at = { state, move: undefined }
      let ordinal = 0
      for (const move of this.#moves.from(world)) {
        this.#at.move = move
        this.#steps += 1
        checkTurn(move, [])
        const found = this.#add(move.after, state, ordinal++)
        if (found === undefined) continue
        checkWorld(this.#model, move.after, [])
        this.#reach(move, depth)
        this.#settle(move.after, found)
        next.push({ world: move.after, state: found })
      }
    }
    return next
  }

  #reach(move: Move<Ghost>, depth: number): void {
    const open = this.#goals.filter(([, isReached]) => !isReached(move))
    if (open.length === this.#goals.length) return
    for (const goal of this.#goals) if (!open.includes(goal)) this.#reached.set(goal[0], depth)
    this.#goals = open
  }

  /** The number of a state that was not known. */
  #add(world: World<Ghost>, parent: number, ordinal: number): number | undefined {
    const before = this.#known.size
    if (this.#known.add(hashOfWorld(world)).size === before) return undefined
    this.#ordinals.push(ordinal)
    return this.#parents.push(parent) - 1
  }

  /** The faults end in this state. What breaks on the way can be reached by steps as well, perhaps by fewer. */
  #settle(world: World<Ghost>, state: number): void {
    const { settled } = this.#model
    if (settled === undefined || state % settled.every !== 0) return
    const way: Move<Ghost>[] = []
    try {
      const error = settle(this.#moves, settled, world, move => {
        way.push(move)
        checkTurn(move, way)
        checkWorld(this.#model, move.after, way)
      })
      if (error !== undefined) throw new RuleBroken(settled.rule, way, error)
      this.#settled += 1
    } catch (error) {
      if (!(error instanceof RuleBroken) || error.rule === settled.rule) throw error
      const broken = this.#shown(error)
      if (broken.way.length <= this.#deepest || this.#longer === undefined) this.#longer = broken
    }
  }

  /** The shortest way to the step that is being looked at, and what came after it while everything settled. */
  #shown({ rule, more, cause }: RuleBroken): Broken<Ghost> {
    const ordinals: number[] = []
    for (let at = this.#at.state; at > 0; at = this.#parents[at] ?? 0) ordinals.push(this.#ordinals[at] ?? 0)
    const way: Move<Ghost>[] = []
    let world = this.#first
    for (const ordinal of ordinals.reverse()) {
      const move = nth(this.#moves.from(world), ordinal)
      way.push(move)
      world = move.after
    }
    if (this.#at.move !== undefined) way.push(this.#at.move)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    return { rule, error, way: [...way, ...(more as readonly Move<Ghost>[])] }
  }

  #report(depth: number, exhausted: boolean, broken: Broken<Ghost> | undefined): SearchReport<Ghost> {
    return {
      states: this.#parents.length,
      steps: this.#steps,
      turns: this.#moves.turns.ran,
      depth,
      exhausted,
      settled: this.#settled,
      reached: this.#reached,
      missed: this.#goals.map(([name]) => name),
      broken,
    }
  }
}

function checkTurn<Ghost>({ outcome }: Move<Ghost>, more: readonly Move<Ghost>[]): void {
  const broken = outcome?.broken
  if (broken !== undefined) throw new RuleBroken(broken.rule, more, broken.error)
}

function checkWorld<Ghost>(
  { rules }: SearchModel<Ghost>,
  world: World<Ghost>,
  more: readonly Move<Ghost>[],
): void {
  for (const [rule, holds] of Object.entries(rules)) {
    try {
      holds(world)
    } catch (error) {
      throw new RuleBroken(rule, more, error)
    }
  }
}

function hashOfWorld<Ghost>({ nodes, flights, used, ghost }: World<Ghost>): number {
  let hash = joined(hashOfFrozen(used), typeof ghost === 'object' && ghost !== null ? hashOfFrozen(ghost) : 0)
  for (const node of nodes) hash = joined(hash, node.hash)
  for (const flight of flights) hash = joined(hash, flight.hash)
  return hash
}

function nth<Item>(items: Iterable<Item>, place: number): Item {
  let at = 0
  for (const item of items) if (at++ === place) return item
  throw new Error('the steps of a state have changed')
}
