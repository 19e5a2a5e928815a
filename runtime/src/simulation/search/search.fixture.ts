/** Toy actors on two nodes, for tests of the search itself. */
import type { ActorType, AnyActorType, Event, Outbox } from '../../actor.ts'
import { address, nodeId } from '../../address.ts'
import type { Flight, SearchModel, World } from './model.ts'

export const n1 = nodeId('n1')
export const n2 = nodeId('n2')
export const outside = address(nodeId('outside'), 'client', 'x')

export interface Said {
  readonly type: string
}

/** State: what was heard, as far as it was saved before. `hear` may save under its own keys. */
export function hearing(
  type: string,
  hear: (event: Event<Said>, out: Outbox, heard: string[]) => void = () => {},
): AnyActorType {
  const actor: ActorType<string[], Said, unknown> = {
    type,
    start: (_start, rows) => [...rows.entries()].map(([key]) => key),
    receive(heard, event, out) {
      if (event.kind === 'message') heard.push(event.message.type)
      if (event.kind === 'timer') heard.push(`@${event.name}`)
      hear(event, out, heard)
    },
    describe: heard => heard,
  }
  return actor
}

export function placed(type: AnyActorType) {
  return { type, name: 'x', config: undefined }
}

export function said(type: string, to: string, node = n2): Pick<Flight, 'from' | 'to' | 'message'> {
  return { from: outside, to: address(node, to, 'x'), message: { type } }
}

type Given = Partial<SearchModel<null>> & Pick<SearchModel<null>, 'nodes'>

export function modelOf({
  bounds,
  ...given
}: Given & { bounds?: SearchModel<null>['bounds'] }): SearchModel<null> {
  return {
    name: 'toy',
    about: '',
    inputs: [],
    bounds: { crashes: 0, losses: 0, copies: 0, timers: {}, ...bounds },
    ghost: null,
    rules: {},
    goals: {},
    ...given,
  }
}

export function heardBy(world: World<null>, type: string, node = n2): readonly string[] {
  return world.state(address(node, type, 'x')) as string[]
}

/** Looks at every state, and gives what `see` says of each, each once. */
export function seen(into: Set<string>, see: (world: World<null>) => string): SearchModel<null>['rules'] {
  return { 'looks at it': world => void into.add(see(world)) }
}
