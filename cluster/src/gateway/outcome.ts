/** How a transaction's outcome reads in HTTP. */
import type { Outcome } from '@synod/actors'
import type { Context } from 'hono'
import type { Asked } from './node.ts'
import { type ProblemExtra, problem } from './problem.ts'

/** Seconds a client should wait before it tries again. */
const retryAfter = { 'Retry-After': '1' }

/** The groups forget an answer when its asker has it, or by its age: they cannot say which it was. */
const tooOld =
  'its answer is no longer kept: it may have committed; it will not run again (an Idempotency-Key keeps an answer for 24 hours)'

type Failure = Exclude<Outcome['status'], 'committed' | 'refused'>

/** A definite or indefinite failure that is not a refusal for a reason of the request's own. */
export function failure(c: Context, status: Failure, detail: string, transaction?: string): Response {
  const extra: ProblemExtra = transaction === undefined ? {} : { members: { transaction } }
  switch (status) {
    case 'unavailable':
    case 'overloaded':
      return problem(c, 503, status, detail, { ...extra, headers: retryAfter })
    case 'conflictingRequest':
      return problem(c, 422, 'conflicting-request', detail, extra)
    case 'expired':
      return problem(c, 410, 'expired', tooOld, extra)
    case 'unknown':
      return problem(c, 504, 'outcome-unknown', detail, extra)
  }
}

/** Of something asked that has no transaction: reads cannot leave anything indefinite behind. */
export function readFailure(c: Context, asked: Exclude<Asked<never>, { status: 'answered' }>): Response {
  return failure(c, asked.status === 'unknown' ? 'unavailable' : asked.status, asked.detail)
}
