import type { GroupView, MemberAudit } from './snapshot.ts'

/** The replica of a group that has applied the most: the others follow it. */
export function latest({ audits }: GroupView): MemberAudit | undefined {
  return audits.reduce<MemberAudit | undefined>(
    (best, audit) => (best === undefined || audit.applied > best.applied ? audit : best),
    undefined,
  )
}
