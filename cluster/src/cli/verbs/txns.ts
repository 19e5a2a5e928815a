/** `cluster txns`: transactions under way, waiting or in doubt, as the leaders of the groups know them. */

import type { GroupRow } from '../../gateway/admin.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { answered, askAll, problems, refuseUnknownGroup } from '../ask-nodes.ts'
import type { FoundCluster } from '../find-cluster.ts'
import { getJson } from '../find-cluster.ts'
import { look } from '../look.ts'
import { colour, duration } from '../output.ts'
import { summarize } from './groups.ts'

/** What a leader answers; a member that does not lead answers `notLeader`. */
type GroupTransactions =
  | { readonly type: 'notLeader'; readonly group: string; readonly leader: string | null }
  | {
      readonly type: 'transactions'
      readonly group: string
      readonly running: readonly {
        readonly tx: string
        readonly attempt: number
        readonly phase: string
        readonly groups: readonly string[]
        readonly votes: readonly string[]
        readonly sinceMs: number
      }[]
      readonly waiting: readonly {
        readonly tx: string
        readonly items: readonly string[]
        readonly waitedMs: number
      }[]
      readonly inDoubt: readonly {
        readonly tx: string
        readonly attempt: number
        readonly coordinator: string
        readonly participants: readonly string[]
      }[]
      readonly unfinished: readonly {
        readonly tx: string
        readonly commit: boolean
        readonly groups: readonly string[]
      }[]
    }

export const txns = look<object, readonly GroupTransactions[]>({
  name: 'txns',
  summary: 'transactions under way, waiting, or in doubt',
  examples: ['txns', 'txns orders.0', 'txns --json'],
  define: command => command.argument('[group]', 'only of this group'),
  async see(found, _options, [group]) {
    const told = await askAll<readonly GroupRow[]>(found, '/groups')
    if (answered(told).length === 0) throw new Failure(problems(told).trimEnd())
    if (group === 'directory') throw new Failure('the directory takes no transactions', exitCode.usage)
    const wanted = summarize(told).filter(
      one => one.group === (group ?? one.group) && one.group !== 'directory',
    )
    if (group !== undefined && wanted.length === 0) await refuseUnknownGroup(found, group)
    return Promise.all(wanted.map(one => ofGroup(found, one.group, one.leader)))
  },
  show(seen) {
    const lines = seen.flatMap(linesOf)
    return lines.length === 0 ? 'nothing is under way' : lines.join('\n')
  },
})

async function ofGroup(
  found: FoundCluster,
  group: string,
  leader: string | null,
): Promise<GroupTransactions> {
  const node = found.nodes.find(one => one.id === leader)
  if (node === undefined) return { type: 'notLeader', group, leader }
  return (await getJson(`${node.url}/admin/txns/${group}`, found.token)) as GroupTransactions
}

function linesOf(group: GroupTransactions): string[] {
  if (group.type === 'notLeader') return [`${colour.bold(group.group)}  nobody leads now`]
  const now = Date.now()
  const lines = [
    ...group.running.map(({ tx, attempt, phase, groups, votes, sinceMs }) => {
      const voted = votes.length === 0 ? '' : `, voted: ${votes.join(' ')}`
      return `  ${tx}  ${phase}, attempt ${attempt}, for ${duration(now - sinceMs)}, over ${groups.join(' ')}${voted}`
    }),
    ...group.waiting.map(
      ({ tx, items, waitedMs }) => `  ${tx}  waits ${duration(waitedMs)} for ${items.join(' ')}`,
    ),
    ...group.inDoubt.map(
      ({ tx, attempt, coordinator }) => `  ${tx}  prepared, attempt ${attempt}; ${coordinator} decides`,
    ),
    ...group.unfinished.map(
      ({ tx, commit, groups }) =>
        `  ${tx}  ${commit ? 'committed' : 'aborted'}; not yet told: ${groups.join(' ')}`,
    ),
  ]
  return lines.length === 0 ? [] : [colour.bold(group.group), ...lines]
}
