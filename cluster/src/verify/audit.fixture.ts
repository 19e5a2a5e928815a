/** Audits of a small group for tests: three members that agree, until a test changes one. */
import type { Exact } from '@synod/actors'
import { nodeId } from '@synod/runtime/protocol'
import type { GroupView, MemberAudit } from './snapshot.ts'

export function member(node: string, change: Partial<MemberAudit> = {}): MemberAudit {
  return {
    group: 'stock.0',
    node: nodeId(node),
    applied: 7,
    index: 12,
    timeMs: 1_000,
    digest: 777,
    digests: [
      [5, 555],
      [6, 666],
      [7, 777],
    ],
    size: 3,
    stateHash: 'aa',
    audit: atRest,
    ...change,
  }
}

export const atRest: NonNullable<MemberAudit['audit']> = {
  prepared: 0,
  locks: 0,
  unfinished: 0,
  escrow: { keys: 0, pending: 0 },
}

export function view(audits: readonly MemberAudit[], change: Partial<GroupView> = {}): GroupView {
  return { group: 'stock.0', members: ['n1', 'n2', 'n3'], audits, silent: [], ...change }
}

/** A group with one member that holds and counted this. */
export function holding(
  keyspace: string,
  held: Record<string, Exact>,
  tallies: Record<string, { in: Exact; out: Exact }>,
  rows = 0,
): GroupView {
  const audit = {
    ...atRest,
    values: { [keyspace]: rows },
    held: { [keyspace]: held },
    tallies: { [keyspace]: tallies },
  }
  return view([member('n1', { audit })], { group: `${keyspace}.0`, members: ['n1'] })
}
