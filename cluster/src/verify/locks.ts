/**
 * [VF3] Nothing is left behind: at rest no transaction is prepared, nothing is locked or reserved, and no decision
 * waits for a participant. What is in doubt is resolved within seconds; what stays while nothing moves is orphaned.
 */
import { tooFew } from './answering.ts'
import type { Finding } from './finding.ts'
import { latest } from './latest.ts'
import type { GroupView } from './snapshot.ts'

const check = 'locks'
/** In doubt is asked after about a second; several times that, with nothing moving, and nobody asks any more. */
export const orphanedAfterMs = 6_000

export function checkLocks(views: readonly GroupView[], stillForMs: number): Finding {
  const left = views.flatMap(view => {
    const audit = latest(view)?.audit
    const { prepared = 0, locks = 0, unfinished = 0, escrow } = audit ?? {}
    const pending = escrow?.pending ?? 0
    return prepared + locks + unfinished + pending > 0
      ? [{ group: view.group, prepared, locks, reservations: pending, unfinished }]
      : []
  })
  const few = tooFew(views)
  if (left.length === 0 && few !== undefined) return { check, verdict: 'unknown', detail: few }
  if (left.length === 0)
    return { check, verdict: 'ok', detail: 'nothing prepared, locked, reserved or unfinished' }
  const detail = left
    .map(
      ({ group, prepared, locks, reservations, unfinished }) =>
        `${group}: ${prepared} prepared, ${locks} locked, ${reservations} reserved, ${unfinished} unfinished`,
    )
    .join('; ')
  if (stillForMs >= orphanedAfterMs) {
    const seconds = (stillForMs / 1_000).toFixed(0)
    return {
      check,
      verdict: 'violated',
      detail: `${detail}, and nothing moved for ${seconds} s`,
      evidence: left,
    }
  }
  return { check, verdict: 'unknown', detail: `under way: ${detail}`, evidence: left }
}
