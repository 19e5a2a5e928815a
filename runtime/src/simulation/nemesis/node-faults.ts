/** Faults of nodes: death between two turns or at a point of one, pauses, slowness, clocks that are wrong. */
import type { NodeId } from '../../address.ts'
import { crashPoints } from '../life-end.ts'
import type { Fault, Field } from './field.ts'

const hourMs = 3_600_000

export const nodeFaults = {
  crash: field => {
    const node = field.take()
    if (node === undefined) return
    field.sim.crash(node)
    restartLater(field, node)
  },

  crashAtCommit: field => {
    const node = field.take()
    if (node === undefined) return
    field.sim.crash(node, { at: field.random.pick(crashPoints) })
    restartLater(field, node)
  },

  pause: field => {
    const node = field.take()
    if (node === undefined) return
    const ms = field.lasting()
    field.sim.pause(node, ms)
    field.later(ms, () => field.giveBack(node))
  },

  /** As badly kept clocks are. */
  skew: field => field.sim.setClock(field.node(), field.random.between(-10_000, 10_000)),

  /** As a clock is that somebody set, or that an hour of summer was taken from. */
  jump: field => field.sim.setClock(field.node(), field.random.pick([-hourMs, hourMs])),

  slowNode: field => {
    const node = field.node()
    field.sim.slowNode(node, field.random.between(1, 30))
    field.later(field.lasting(), () => field.sim.slowNode(node, 0))
  },
} satisfies Record<string, Fault>

/** A fault that waits for the next commit may never have struck: then the node is simply given back. */
export function restartLater(field: Field, node: NodeId): void {
  field.later(field.lasting(), () => {
    if (field.sim.status(node) !== 'down') field.sim.crash(node)
    field.sim.restart(node)
    field.giveBackWhenUp(node)
  })
}
