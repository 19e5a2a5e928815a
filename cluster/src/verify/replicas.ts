/** [VF1] Replicas agree: equal logs up to every common slot, equal states where they have applied the same slot. */
import { silence } from './answering.ts'
import type { Finding } from './finding.ts'
import type { GroupView, MemberAudit } from './snapshot.ts'

const check = 'replicas'

export function checkReplicas(views: readonly GroupView[]): Finding {
  const doubts = silence(views)
  for (const view of views) {
    const different = findDifference(view)
    if (different !== undefined) return different
    doubts.push(...doubtsOf(view))
  }
  if (doubts.length > 0) return { check, verdict: 'unknown', detail: doubts.join('; ') }
  const members = views.reduce((sum, { audits }) => sum + audits.length, 0)
  return {
    check,
    verdict: 'ok',
    detail: `${views.length} groups, ${members} replicas: equal logs and states`,
  }
}

function findDifference({ group, audits }: GroupView): Finding | undefined {
  for (const [left, right] of pairs(audits)) {
    const slot = firstDifferentSlot(left, right)
    if (slot !== undefined) {
      return differ(
        group,
        left,
        right,
        `their logs differ at slot ${slot}`,
        digestAt(left, slot),
        digestAt(right, slot),
      )
    }
    if (left.applied === right.applied && left.stateHash !== right.stateHash) {
      const text = `their states differ after the same slot ${left.applied}`
      return differ(group, left, right, text, stateOf(left), stateOf(right))
    }
  }
  return undefined
}

function differ(
  group: string,
  left: MemberAudit,
  right: MemberAudit,
  text: string,
  leftShows: unknown,
  rightShows: unknown,
): Finding {
  return {
    check,
    verdict: 'violated',
    detail: `group ${group} on ${left.node} and ${right.node}: ${text}`,
    evidence: { group, [left.node]: leftShows, [right.node]: rightShows },
  }
}

function stateOf({ applied, stateHash, size, audit }: MemberAudit) {
  return { applied, stateHash, size, audit }
}

function digestAt(audit: MemberAudit, slot: number): number | undefined {
  return slot === audit.applied ? audit.digest : new Map(audit.digests).get(slot)
}

function digestsOf({ applied, digest, digests }: MemberAudit): Map<number, number> {
  return new Map([...digests, [applied, digest]])
}

/** The digest covers all slots up to its own, so the first that differs is the first known to. */
function firstDifferentSlot(left: MemberAudit, right: MemberAudit): number | undefined {
  const others = digestsOf(right)
  const different = [...digestsOf(left)].filter(([slot, digest]) => {
    const other = others.get(slot)
    return other !== undefined && other !== digest
  })
  return different.length === 0 ? undefined : Math.min(...different.map(([slot]) => slot))
}

function doubtsOf({ group, audits }: GroupView): string[] {
  const slots = audits.map(({ applied }) => applied)
  const [low, high] = [Math.min(...slots), Math.max(...slots)]
  return slots.length > 1 && low !== high ? [`replicas of ${group} are at slots ${low} to ${high}`] : []
}

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((left, at) => items.slice(at + 1).map((right): [T, T] => [left, right]))
}
