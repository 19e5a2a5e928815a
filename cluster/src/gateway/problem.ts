/** Problem details (RFC 9457): every error of the HTTP edge, with what happened and what to do. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** The stable part of a problem's `type`: clients may switch on it. */
export type ProblemType =
  | 'bad-request'
  | 'too-large'
  | 'too-slow'
  | 'unsupported-encoding'
  | 'unauthorized'
  | 'no-such-route'
  | 'method-not-allowed'
  | 'not-found'
  | 'refused'
  | 'conflicting-request'
  | 'expired'
  | 'unavailable'
  | 'overloaded'
  | 'outcome-unknown'
  | 'forbidden'
  | 'internal-error'

const titles: Record<ProblemType, string> = {
  'bad-request': 'The request is not well formed',
  'too-large': 'The request is too large',
  'too-slow': 'The request did not arrive in time',
  'unsupported-encoding': 'A body in this encoding is not read',
  unauthorized: 'A token is needed',
  'no-such-route': 'There is no such route',
  'method-not-allowed': 'This route has other methods',
  'not-found': 'There is no such thing',
  refused: 'The request was refused; nothing changed',
  'conflicting-request': 'This id or Idempotency-Key was used for another request',
  expired: 'Too old to tell: it may have committed; it will not run again',
  unavailable: 'This request did nothing; try again',
  overloaded: 'Too much is waiting; this request did nothing; try again later',
  'outcome-unknown': 'It may or may not have happened; ask with the transaction id',
  forbidden: 'Not allowed here',
  'internal-error': 'A defect of this server',
}

export interface ProblemExtra {
  readonly headers?: Readonly<Record<string, string>>
  /** Members beside the standard ones: `transaction`, `operation`, `reason`. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** The document itself, for those who answer before a route is found. */
export function problemText(
  status: number,
  type: ProblemType,
  detail: string,
  members: ProblemExtra['members'] = {},
): string {
  return JSON.stringify({
    type: `urn:synod:problem:${type}`,
    title: titles[type],
    status,
    detail,
    ...members,
  })
}

export function problem(
  c: Context,
  status: ContentfulStatusCode,
  type: ProblemType,
  detail: string,
  extra: ProblemExtra = {},
): Response {
  return c.body(problemText(status, type, detail, extra.members), status, {
    'Content-Type': 'application/problem+json',
    ...extra.headers,
  })
}

/** Bad input found deep inside a handler; becomes a problem at the edge of the app. */
export class BadInput extends Error {
  override readonly name = 'BadInput'
  readonly status: ContentfulStatusCode
  readonly type: ProblemType
  constructor(detail: string, status: ContentfulStatusCode = 400, type: ProblemType = 'bad-request') {
    super(detail)
    this.status = status
    this.type = type
  }
}
