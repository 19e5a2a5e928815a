/** The faults are over: what is under way arrives, timers fire, and soon everything must be in order. */
import type { Flight, SearchModel, World } from './model.ts'
import { armedTimers, type Move, type Moves } from './moves.ts'

type Settled<Ghost> = NonNullable<SearchModel<Ghost>['settled']>

/** More deliveries than this in one round are taken for messages that beget each other. */
const deliveries = 1_000

/** Undefined when it holds in the end; else why it does not. `took` sees every step. */
export function settle<Ghost>(
  moves: Moves<Ghost>,
  { rounds, timers, holds }: Settled<Ghost>,
  from: World<Ghost>,
  took: (move: Move<Ghost>) => void,
): unknown {
  let world = from
  const take = (move: Move<Ghost>): void => {
    took(move)
    world = move.after
  }
  let error: unknown
  for (let round = 0; round <= rounds; round++) {
    deliverAll(moves, () => world, take)
    error = thrownBy(() => holds(world))
    if (error === undefined) return undefined
    for (const { id } of world.nodes) {
      const node = world.node(id)
      if (node === undefined) continue
      for (const timer of armedTimers(node)) {
        const now = world.node(id)
        const isArmed = now?.timers.get(timer.actor)?.includes(timer.name)
        if (now !== undefined && isArmed && timers.includes(timer.key)) take(moves.fire(world, now, timer))
      }
    }
  }
  return error
}

function deliverAll<Ghost>(
  moves: Moves<Ghost>,
  world: () => World<Ghost>,
  take: (move: Move<Ghost>) => void,
) {
  for (let count = 0; count < deliveries; count++) {
    const flight: Flight | undefined = world().flights[0]
    if (flight === undefined) return
    take(moves.deliver(world(), flight))
  }
  throw new Error('messages go round and round')
}

function thrownBy(check: () => void): unknown {
  try {
    check()
    return undefined
  } catch (error) {
    return error ?? new Error('it does not hold')
  }
}
