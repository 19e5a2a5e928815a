/** Faults of links: cut in one direction or both, around one node, around the leader, or stuck and then all at once. */
import type { NodeId } from '../../address.ts'
import type { Fault, Field } from './field.ts'

type Direction = readonly [from: NodeId, to: NodeId]

export const linkFaults = {
  cut: field => cutAll(field, [someDirection(field)]),

  /** One node alone, or two sides of any size. */
  partition: field => {
    const first = field.node()
    const others = field.others(first)
    const size = field.random.chance(0.5) ? 0 : field.random.integer(0, others.length - 1)
    cutAll(field, between([first, ...others.slice(0, size)], others.slice(size)))
    field.sim.happened.add('partition')
  },

  /** Two sides that hear each other only through one node, which hears all. */
  bridge: field => {
    const [bridge, ...others] = field.others()
    if (bridge === undefined || others.length < 2) return
    const size = field.random.integer(1, others.length - 1)
    cutAll(field, between(others.slice(0, size), others.slice(size)))
    field.sim.happened.add('bridge')
  },

  /** Nobody hears the leader, or it hears nobody, or both. */
  isolateLeader: field => {
    const leader = field.leader()
    if (leader === undefined) return
    const directions = between([leader], field.others(leader))
    const how = field.random.pick(['both', 'mute', 'deaf'] as const)
    cutAll(
      field,
      directions.filter(([from]) => how === 'both' || (from === leader) === (how === 'mute')),
    )
    field.sim.happened.add('leader isolated')
  },

  /** Messages pile up on a link, and come all at once when it moves again. */
  clog: field => {
    const [from, to] = someDirection(field)
    const { sim } = field
    const directions: readonly Direction[] = field.random.chance(0.5)
      ? [[from, to]]
      : [
          [from, to],
          [to, from],
        ]
    for (const [one, other] of directions) sim.clog(one, other)
    field.later(field.lasting(), () => {
      for (const [one, other] of directions) sim.unclog(one, other)
    })
  },
} satisfies Record<string, Fault>

function someDirection(field: Field): Direction {
  const one = field.node()
  const other = field.random.pick(field.others(one))
  return field.random.chance(0.5) ? [one, other] : [other, one]
}

/** Both ways. */
function between(left: readonly NodeId[], right: readonly NodeId[]): Direction[] {
  return left.flatMap(one =>
    right.flatMap((other): Direction[] => [
      [one, other],
      [other, one],
    ]),
  )
}

function cutAll(field: Field, directions: readonly Direction[]): void {
  for (const [from, to] of directions) field.sim.cut(from, to)
  field.later(field.lasting(), () => {
    for (const [from, to] of directions) field.sim.mend(from, to)
  })
}
