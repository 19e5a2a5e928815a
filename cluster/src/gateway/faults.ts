/** `/admin/faults`: the rules of a node's fault plane. Absent unless the node was started for faults. */
import type { FaultPlane, FaultRule } from '@synod/runtime/host'
import { type NodeId, nodeId } from '@synod/runtime/protocol'
import { Hono } from 'hono'
import { z } from 'zod'
import { jsonBody } from './body.ts'
import { messageTypeSchema } from './message-type.ts'
import { parse } from './parse.ts'
import { BadInput, problem } from './problem.ts'

const node = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is no name of a node')
const ruleSchema = z.strictObject({
  id: z.string().min(1).max(128),
  from: node.optional(),
  to: node.optional(),
  messageType: messageTypeSchema.optional(),
  action: z.enum(['drop', 'delay', 'duplicate', 'reorder', 'cut']),
  probability: z.number().min(0).max(1).default(1),
  delayMs: z.number().min(0).max(600_000).default(0),
  jitterMs: z.number().min(0).max(600_000).default(0),
  seed: z.int().default(1),
  /** From now; for good when left out. */
  durationMs: z.number().positive().optional(),
})
export type FaultRequest = z.input<typeof ruleSchema>

export function faultRoutes(
  { faults }: { readonly faults: FaultPlane | undefined },
  monotonicMs: () => number,
): Hono {
  const app = new Hono()
  if (faults === undefined) {
    app.all('*', c =>
      problem(c, 404, 'no-such-route', 'this node was started without --faults: nothing here can break it'),
    )
    return app
  }
  app.get('/', c => c.json(faults.rules()))
  app.post('/', async c => {
    const rule = parse(ruleSchema, await jsonBody(c))
    try {
      faults.add(ruleOf(rule, monotonicMs()))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new BadInput(error.message)
    }
    return c.json(faults.rules())
  })
  app.delete('/', c => {
    faults.clear()
    return c.json([])
  })
  app.delete('/:id', c =>
    faults.remove(c.req.param('id'))
      ? c.json(faults.rules())
      : problem(c, 404, 'not-found', `there is no fault ${c.req.param('id')}`),
  )
  return app
}

function ruleOf(request: z.output<typeof ruleSchema>, nowMs: number): FaultRule {
  const { from, to, messageType, durationMs, ...rest } = request
  return {
    ...rest,
    ...named('from', from),
    ...named('to', to),
    ...(messageType === undefined ? {} : { messageType }),
    ...(durationMs === undefined ? {} : { untilMs: nowMs + durationMs }),
  }
}

function named<Name extends 'from' | 'to'>(name: Name, id: string | undefined): { [N in Name]?: NodeId } {
  return (id === undefined ? {} : { [name]: nodeId(id) }) as { [N in Name]?: NodeId }
}
