/** What may be asked of the launcher to break, checked: `POST /api/faults`. */
import { z } from 'zod'
import { messageTypeSchema } from '../gateway/message-type.ts'

const node = z.string().min(1).max(63)
const milliseconds = z.number().min(0).max(600_000)

const message = {
  /** Sending and receiving node; any when left out. */
  from: node.optional(),
  to: node.optional(),
  /** The `type` of messages; all when left out. */
  messageType: messageTypeSchema.optional(),
  probability: z.number().min(0).max(1).default(1),
  durationMs: z.number().positive().optional(),
  seed: z.int().default(1),
}

export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('kill'), node }),
  z.strictObject({ kind: z.literal('pause'), node }),
  z.strictObject({ kind: z.literal('resume'), node }),
  z.strictObject({ kind: z.literal('restart'), node }),
  /** Nodes of different sides do not hear each other; a node in no side hears all. */
  z.strictObject({
    kind: z.literal('partition'),
    sides: z.array(z.array(node).min(1)).min(2),
    /** Only from the first side to the others. */
    oneWay: z.boolean().default(false),
    durationMs: z.number().positive().optional(),
  }),
  z.strictObject({ kind: z.literal('heal') }),
  z.strictObject({ kind: z.literal('drop'), ...message }),
  z.strictObject({
    kind: z.literal('delay'),
    ...message,
    delayMs: milliseconds,
    jitterMs: milliseconds.default(0),
  }),
  z.strictObject({ kind: z.literal('duplicate'), ...message, delayMs: milliseconds.default(10) }),
  z.strictObject({ kind: z.literal('reorder'), ...message, delayMs: milliseconds.default(50) }),
])
export type FaultOrder = z.output<typeof faultSchema>
export type FaultOrderInput = z.input<typeof faultSchema>
export type MessageFault = Extract<FaultOrder, { kind: 'drop' | 'delay' | 'duplicate' | 'reorder' }>
export type Partition = Extract<FaultOrder, { kind: 'partition' }>

/** One line for lists. */
export function describeFault(order: FaultOrder): string {
  switch (order.kind) {
    case 'kill':
    case 'pause':
    case 'resume':
    case 'restart':
      return `${order.kind} ${order.node}`
    case 'heal':
      return 'heal'
    case 'partition':
      return `partition ${order.sides.map(side => side.join(',')).join(order.oneWay ? '>' : '|')}${until(order)}`
    default: {
      const what = order.messageType === undefined ? 'messages' : order.messageType
      const often = order.probability < 1 ? ` p=${order.probability}` : ''
      const span = 'delayMs' in order ? ` ${order.delayMs} ms` : ''
      const jitter = 'jitterMs' in order && order.jitterMs > 0 ? ` ± ${order.jitterMs} ms` : ''
      return `${order.kind} ${what} ${order.from ?? '*'}→${order.to ?? '*'}${span}${jitter}${often}${until(order)}`
    }
  }
}

function until({ durationMs }: { readonly durationMs?: number | undefined }): string {
  return durationMs === undefined ? '' : ` for ${durationMs} ms`
}
