/** A gateway over a node that answers what a test says. */
import type { ServiceAnswer, SessionAnswer } from '@synod/actors'
import type { Answer } from '@synod/runtime/host'
import { type Address, nodeId } from '@synod/runtime/protocol'
import { expect } from 'vitest'
import { createGateway } from './app.ts'
import type { GatewayNode } from './node.ts'

export type Reply = SessionAnswer | ServiceAnswer

/** A node whose actors answer so. */
export function nodeWhere(ask: (to: Address, message: unknown) => Promise<Answer>): GatewayNode {
  return {
    node: nodeId('n1'),
    ready: () => true,
    ask,
    request: (to, message, _timeoutMs, done) => void ask(to, message).then(done),
  }
}

/** A gateway over a node that answers what the test says, and the requests that reached it. */
export function gateway(
  reply?: (request: never) => Reply,
  answer?: Answer,
  recovering: readonly string[] = [],
) {
  const asked: { to: Address; request: Record<string, unknown> }[] = []
  const app = createGateway({
    node: nodeWhere((to, request) => {
      asked.push({ to, request: request as Record<string, unknown> })
      return Promise.resolve(answer ?? { outcome: 'answered', result: reply?.(request as never) })
    }),
    deadlineMs: 10_000,
    metrics: () => [{ name: 'synod_turns_total', help: 'Turns.', type: 'counter', samples: [{ value: 3 }] }],
    recovering: () => recovering,
    onDefect: error => {
      throw error
    },
  })
  return { app, asked }
}

export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}
