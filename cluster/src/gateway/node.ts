/** What the gateway needs of the node that it stands on. */
import type { SessionAnswer, SessionRequest } from '@synod/actors'
import type { Answer } from '@synod/runtime/host'
import { type Address, address, type NodeId } from '@synod/runtime/protocol'

export interface GatewayNode {
  readonly node: NodeId
  ask(to: Address, message: unknown, timeoutMs: number): Promise<Answer>
  /** The same without a promise, where thousands are asked in a second: `done` is called once, perhaps at once. */
  request(to: Address, message: unknown, timeoutMs: number, done: (answer: Answer) => void): void
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
  if (!node.ready()) return joining(node)
  const answer = await node.ask(address(node.node, type, 'main'), request, request.deadlineMs + graceMs)
  return answer.outcome === 'answered'
    ? { status: 'answered', result: answer.result as Result }
    : notAnswered(node, request, answer)
}

type NotAnswered = Exclude<Asked<never>, { status: 'answered' }>

function joining({ node }: GatewayNode): NotAnswered {
  return { status: 'unavailable', detail: `node ${node} is still joining its cluster` }
}

function notAnswered(
  { node }: GatewayNode,
  { deadlineMs }: { readonly deadlineMs: number },
  answer: Exclude<Answer, { outcome: 'answered' }>,
): NotAnswered {
  if (answer.outcome === 'timeout') return { status: 'unknown', detail: `no answer within ${deadlineMs} ms` }
  return answer.reason === 'overloaded'
    ? { status: 'overloaded', detail: `node ${node} has too many requests waiting` }
    : { status: 'unavailable', detail: `node ${node} cannot take requests now (${answer.reason})` }
}

export function askSession(node: GatewayNode, request: SessionRequest): Promise<Asked<SessionAnswer>> {
  return askActor<SessionAnswer>(node, 'session', request)
}

/** The same without a promise; one of the two is called. They must not throw. */
export function requestOfSession(
  node: GatewayNode,
  request: SessionRequest,
  onAnswer: (answer: SessionAnswer) => void,
  onNone: (why: NotAnswered) => void,
): void {
  if (!node.ready()) {
    onNone(joining(node))
    return
  }
  const session = address(node.node, 'session', 'main')
  node.request(session, request, request.deadlineMs + graceMs, answer => {
    if (answer.outcome === 'answered') onAnswer(answer.result as SessionAnswer)
    else onNone(notAnswered(node, request, answer))
  })
}
