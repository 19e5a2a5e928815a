/** Faults of disks: slow, failing once, full for a while. */
import type { NodeId } from '../../address.ts'
import type { Fault, Field } from './field.ts'
import { restartLater } from './node-faults.ts'

export const diskFaults = {
  slowDisk: field => {
    const node = field.node()
    field.sim.slowDisk(node, field.random.between(5, 100))
    field.later(field.lasting(), () => field.sim.slowDisk(node, 0))
  },

  failDisk: field => {
    const node = field.take()
    if (node === undefined) return
    field.sim.failCommit(node)
    restartLater(field, node)
  },

  /**
   * Every life ends with its first commit until there is space; the node is started again and again, as a launcher
   * does.
   */
  fullDisk: field => {
    const node = field.take()
    if (node === undefined) return
    field.sim.fillDisk(node)
    let full = true
    field.later(field.lasting(), () => {
      full = false
      field.sim.freeDisk(node)
    })
    restartUntilUp(field, node, () => full)
  },
} satisfies Record<string, Fault>

function restartUntilUp(field: Field, node: NodeId, full: () => boolean): void {
  field.later(field.random.between(50, 500), () => {
    field.sim.restart(node)
    if (full()) restartUntilUp(field, node, full)
    else field.giveBackWhenUp(node)
  })
}
