/** Every step that can be taken from a world, and the world that each leads to. */
import type { ActorId } from '../../address.ts'
import { deepFreeze } from '../../kernel/freeze.ts'
import { type End, type Flight, type SearchModel, type Seen, type Step, type Used, World } from './model.ts'
import { addressOf, type SearchNode, type TurnCause, type TurnOutcome, Turns } from './turns.ts'

export interface Move<Ghost> extends Seen<Ghost> {
  readonly outcome: TurnOutcome | undefined
}

export interface ArmedTimer {
  readonly actor: ActorId
  readonly name: string
  /** As bounds name it: `type name`. */
  readonly key: string
}

const deaths: readonly End[] = ['beforeCommit', 'afterCommit']

export class Moves<Ghost> {
  readonly turns: Turns
  readonly #model: SearchModel<Ghost>

  constructor(model: SearchModel<Ghost>) {
    this.#model = model
    this.turns = new Turns(model)
  }

  /** Every node has started, and what comes before the search is over. */
  first(): World<Ghost> {
    const { nodes: placed, prelude = [], inputs, ghost } = this.#model
    const started = placed.map(({ node }) => this.turns.boot(node))
    for (const { broken } of started) if (broken !== undefined) throw broken.error
    const nodes = started.map(({ node }) => node)
    const used: Used = { crashes: 0, losses: 0, copies: 0, timers: {} }
    deepFreeze(used)
    deepFreeze(ghost)
    const sent = started.flatMap(outcome => outcome.sent)
    let world = new World(nodes, apart(nodes, sent).inside.sort(byHash), used, ghost)
    for (const message of prelude) world = this.#settled(this.#with(world, [message]))
    return this.#with(world, inputs)
  }

  #with(world: World<Ghost>, messages: SearchModel<Ghost>['inputs']): World<Ghost> {
    const flights = [...world.flights, ...messages.map(message => this.turns.flight(message))]
    return new World(world.nodes, flights.sort(byHash), world.used, world.ghost)
  }

  #settled(world: World<Ghost>): World<Ghost> {
    let after = world
    for (let flight = after.flights[0]; flight !== undefined; flight = after.flights[0]) {
      after = this.deliver(after, flight).after
    }
    return after
  }

  /** In an order that depends on the world alone. */
  *from(world: World<Ghost>): Iterable<Move<Ghost>> {
    const { crashes, losses, copies } = this.#model.bounds
    const mayCrash = world.used.crashes < crashes
    for (const flight of new Set(world.flights)) {
      yield* withDeaths(mayCrash, end => this.deliver(world, flight, end))
      if (world.used.copies < copies) yield this.deliver(world, flight, 'whole', true)
      if (world.used.losses < losses) yield this.#lose(world, flight)
    }
    for (const node of world.nodes) {
      for (const timer of armedTimers(node)) {
        if (!this.#mayFire(world, timer)) continue
        yield* withDeaths(mayCrash, end => this.fire(world, node, timer, end))
      }
      if (mayCrash) yield this.#crash(world, node)
    }
  }

  /** `stays`: another copy of it remains under way. */
  deliver(world: World<Ghost>, flight: Flight, end: End = 'whole', stays = false): Move<Ghost> {
    const node = world.nodes.find(({ id }) => isFor(id, flight))
    if (node === undefined) throw new Error(`no node for ${flight.to}`)
    const step: Step = { kind: 'deliver', node: node.id, flight, stays, end }
    const flights = stays ? world.flights : without(world.flights, flight)
    const used = stays ? { ...world.used, copies: world.used.copies + 1 } : world.used
    const outcome = this.turns.take(node, { kind: 'message', flight }, end)
    return this.#became(world, step, outcome, flights, spent(used, end))
  }

  /** Whatever the bounds say. */
  fire(
    world: World<Ghost>,
    node: SearchNode,
    { actor: id, name, key }: ArmedTimer,
    end: End = 'whole',
  ): Move<Ghost> {
    const actor = addressOf(node.id, id)
    const cause: TurnCause = { kind: 'timer', actor, name, advanceMs: this.#model.advanceMs?.[key] ?? 0 }
    // What may fire for ever is not counted: states that are equal would differ by it.
    const isCounted = this.#model.bounds.timers[key] !== Number.POSITIVE_INFINITY
    const fired = (world.used.timers[key] ?? 0) + 1
    const used = isCounted ? { ...world.used, timers: { ...world.used.timers, [key]: fired } } : world.used
    const step: Step = { kind: 'timer', node: node.id, actor, name, end }
    return this.#became(world, step, this.turns.take(node, cause, end), world.flights, spent(used, end))
  }

  #mayFire(world: World<Ghost>, { key }: ArmedTimer): boolean {
    return (world.used.timers[key] ?? 0) < (this.#model.bounds.timers[key] ?? 0)
  }

  #crash(world: World<Ghost>, node: SearchNode): Move<Ghost> {
    const used = { ...world.used, crashes: world.used.crashes + 1 }
    const step: Step = { kind: 'crash', node: node.id }
    return this.#became(world, step, this.turns.restart(node), world.flights, used)
  }

  #lose(world: World<Ghost>, flight: Flight): Move<Ghost> {
    const used = { ...world.used, losses: world.used.losses + 1 }
    return this.#move(world, { kind: 'lose', flight }, world.nodes, without(world.flights, flight), used, [])
  }

  #became(
    world: World<Ghost>,
    step: Exclude<Step, { kind: 'lose' }>,
    outcome: TurnOutcome,
    flights: readonly Flight[],
    used: Used,
  ): Move<Ghost> {
    const nodes = world.nodes.map(node => (node.id === step.node ? outcome.node : node))
    const { inside, outside } = apart(nodes, outcome.sent)
    const all = inside.length === 0 ? flights : [...flights, ...inside].sort(byHash)
    return this.#move(world, step, nodes, all, used, outside, outcome)
  }

  #move(
    before: World<Ghost>,
    step: Step,
    nodes: readonly SearchNode[],
    flights: readonly Flight[],
    used: Used,
    outside: readonly Flight[],
    outcome?: TurnOutcome,
  ): Move<Ghost> {
    deepFreeze(used)
    const after = this.#tidied(new World(nodes, flights, used, before.ghost))
    const seen = { before, after, step, outside, outcome }
    const ghost = this.#model.remember?.(before.ghost, seen) ?? before.ghost
    if (ghost === before.ghost) return seen
    deepFreeze(ghost)
    return { ...seen, after: new World(nodes, after.flights, used, ghost) }
  }

  #tidied(world: World<Ghost>): World<Ghost> {
    const { isOver } = this.#model
    if (isOver === undefined) return world
    const left = world.flights.filter(flight => !isOver(flight, world))
    if (left.length === world.flights.length) return world
    return new World(world.nodes, left, world.used, world.ghost)
  }
}

/** The step, and when its turn writes and the node may die: dying in it, before the commit and after. */
function* withDeaths<Ghost>(mayCrash: boolean, take: (end: End) => Move<Ghost>): Iterable<Move<Ghost>> {
  const whole = take('whole')
  yield whole
  if (!mayCrash || whole.outcome?.wrote !== true) return
  for (const end of deaths) yield take(end)
}

function spent(used: Used, end: End): Used {
  return end === 'whole' ? used : { ...used, crashes: used.crashes + 1 }
}

export function armedTimers({ timers }: SearchNode): ArmedTimer[] {
  return [...timers].flatMap(([actor, names]) => {
    const type = actor.slice(0, actor.indexOf('/'))
    return names.map(name => ({ actor, name, key: `${type} ${name}` }))
  })
}

function isFor(node: string, flight: Flight): boolean {
  return flight.to.startsWith(`${node}/`)
}

function apart(
  nodes: readonly SearchNode[],
  sent: readonly Flight[],
): { inside: Flight[]; outside: Flight[] } {
  const inside: Flight[] = []
  const outside: Flight[] = []
  for (const flight of sent) (nodes.some(({ id }) => isFor(id, flight)) ? inside : outside).push(flight)
  return { inside, outside }
}

function without(flights: readonly Flight[], flight: Flight): Flight[] {
  return flights.toSpliced(flights.indexOf(flight), 1)
}

function byHash(left: Flight, right: Flight): number {
  return left.hash - right.hash
}
