/** What the gateway needs of the node that it stands on. */
import type { SessionAnswer, SessionRequest } from '@synod/actors'
import type { Answer } from '@synod/runtime/host'
import { type Address, address, type NodeId } from '@synod/runtime/protocol'

export interface GatewayNode {
  readonly node: NodeId
  ask(to: Address, message: unknown, timeoutMs: number): Promise<Answer>
  /** The node knows its standing, and its actors run. */
  ready(): boolean
}

/** How an actor's answer reached us, or why it did not: `unavailable` and `overloaded` are definite. */
export type Asked<Result> =
  | { readonly status: 'answered'; readonly result: Result }
  | { readonly status: 'unavailable' | 'overloaded' | 'unknown'; readonly detail: string }

/** A little more than the actors' own deadline, so that their answer says how it ended. */
const graceMs = 1_000

export async function askActor<Result>(
  node: GatewayNode,
  type: string,
  request: { readonly deadlineMs: number },
): Promise<Asked<Result>> {
  if (!node.ready())
    return { status: 'unavailable', detail: `node ${node.node} is still joining its cluster` }
  const answer = await node.ask(address(node.node, type, 'main'), request, request.deadlineMs + graceMs)
  switch (answer.outcome) {
    case 'answered':
      return { status: 'answered', result: answer.result as Result }
    case 'refused':
      return answer.reason === 'overloaded'
        ? { status: 'overloaded', detail: `node ${node.node} has too many requests waiting` }
        : { status: 'unavailable', detail: `node ${node.node} cannot take requests now (${answer.reason})` }
    case 'timeout':
      return { status: 'unknown', detail: `no answer within ${request.deadlineMs} ms` }
  }
}

export function askSession(node: GatewayNode, request: SessionRequest): Promise<Asked<SessionAnswer>> {
  return askActor<SessionAnswer>(node, 'session', request)
}
