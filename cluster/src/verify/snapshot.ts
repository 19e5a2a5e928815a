/**
 * One look at every member of every group. The looks at different members are not at one moment: `Snapshot.moved`
 * says whether any group took a command meanwhile. Where none did, all looks together are one consistent cut.
 */
import type { Audit, GroupAudit, GroupStatus, ShardMap } from '@synod/actors'
import { Failure } from '../node/failure.ts'

export interface NodeAt {
  readonly id: string
  readonly url: string
}
/** The cluster as `verify` reaches it. `get` resolves to the JSON of a good answer and rejects otherwise. */
export interface Cluster {
  readonly nodes: readonly NodeAt[]
  get(url: string): Promise<unknown>
}

/** What a shard's group says of itself; the directory's audit is not of this shape. */
export type MemberAudit = Omit<GroupAudit, 'audit'> & { readonly audit: Partial<Audit> | null }

export interface GroupView {
  readonly group: string
  readonly members: readonly string[]
  readonly audits: readonly MemberAudit[]
  /** Why a member is missing in `audits`. */
  readonly silent: readonly { readonly node: string; readonly why: string }[]
}
export interface Snapshot {
  readonly groups: readonly GroupView[]
  /** Why this is not one consistent cut; empty when it is. */
  readonly moved: readonly string[]
}

/** Group → the highest number of commands that a member has applied. */
export type Positions = ReadonlyMap<string, number>

/** From the directory, through any node that answers; throws `Failure` when none does. */
export async function shardMap(cluster: Cluster): Promise<ShardMap> {
  const problems: string[] = []
  for (const { id, url } of cluster.nodes) {
    const answer = await attempt(() => cluster.get(`${url}/admin/map`))
    if ('value' in answer) return answer.value as ShardMap
    problems.push(`${id}: ${answer.why}`)
  }
  throw new Failure(`no node answers: ${problems.join('; ')}`)
}

export async function positions(cluster: Cluster): Promise<Positions> {
  const found = new Map<string, number>()
  const answers = await Promise.all(
    cluster.nodes.map(({ url }) => attempt(() => cluster.get(`${url}/admin/groups`))),
  )
  for (const answer of answers) {
    // A member that does not answer is seen as missing when its groups are audited.
    if (!('value' in answer)) continue
    for (const { group, commands } of answer.value as readonly Partial<GroupStatus>[]) {
      if (group !== undefined) found.set(group, Math.max(found.get(group) ?? 0, commands ?? 0))
    }
  }
  return found
}

/** Group after group, so that no node counts all it holds in one go. */
export async function auditGroups(cluster: Cluster, map: ShardMap): Promise<GroupView[]> {
  const views: GroupView[] = []
  for (const { group, members } of Object.values(map.groups)) {
    const answers = await Promise.all(members.map(node => auditMember(cluster, node, group)))
    views.push({
      group,
      members,
      audits: answers.flatMap(answer => ('value' in answer ? [answer.value as MemberAudit] : [])),
      silent: answers.flatMap((answer, at) =>
        'why' in answer ? [{ node: members[at] ?? '', why: answer.why }] : [],
      ),
    })
  }
  return views
}

async function auditMember(cluster: Cluster, node: string, group: string): Promise<Attempt> {
  const at = cluster.nodes.find(({ id }) => id === node)
  if (at === undefined) return { why: `node ${node} is not among the known nodes` }
  return attempt(() => cluster.get(`${at.url}/admin/audit/${encodeURIComponent(group)}`))
}

export function movedBetween(before: Positions, views: readonly GroupView[], after: Positions): string[] {
  return views.flatMap(({ group, audits }) => {
    const seen = [before.get(group), ...audits.map(({ index }) => index), after.get(group)]
    const known = seen.filter(index => index !== undefined)
    const [low, high] = [Math.min(...known), Math.max(...known)]
    return low === high ? [] : [`${group} is at command ${low} here and ${high} there`]
  })
}

export type Attempt = { readonly value: unknown } | { readonly why: string }

async function attempt(ask: () => Promise<unknown>): Promise<Attempt> {
  try {
    return { value: await ask() }
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}
