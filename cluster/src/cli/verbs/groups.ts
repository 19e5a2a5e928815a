/** `cluster groups`: who leads each group, and how far its members are. */
import type { GroupRow } from '../../gateway/admin.ts'
import { answered, askAll, problems, type Told } from '../ask-nodes.ts'
import { look } from '../look.ts'
import { table } from '../output.ts'

interface Group {
  readonly group: string
  readonly leader: string | null
  readonly ballot: string
  readonly chosen: number
  readonly commands: number
  readonly keys: number
  readonly members: readonly string[]
}
type Seen = readonly Told<readonly GroupRow[]>[]

export const groups = look<object, Seen>({
  name: 'groups',
  summary: 'who leads each replicated group, and how far its members are',
  examples: ['groups', 'groups --json'],
  see: found => askAll(found, '/groups'),
  show: seen =>
    problems(seen) +
    table(summarize(seen), [
      { title: 'group', value: group => group.group },
      { title: 'leader', value: group => group.leader ?? 'none' },
      { title: 'ballot', value: group => group.ballot },
      { title: 'chosen', right: true, value: group => group.chosen },
      { title: 'commands', right: true, value: group => group.commands },
      { title: 'keys', right: true, value: group => group.keys },
      { title: 'members (lag)', value: group => group.members.join(' ') },
    ]),
})

/** By what the member with the longest chosen log says. */
export function summarize(seen: Seen): Group[] {
  const rows = answered(seen).flatMap(({ id, answer }) => answer.map(row => ({ id, row })))
  const byName = Map.groupBy(rows, ({ row }) => row.group)
  const sorted = [...byName].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return sorted.map(([group, members]) => {
    const known = members.flatMap(({ row }) => ('problem' in row ? [] : [row]))
    const newest = known.toSorted((a, b) => b.chosen - a.chosen)[0]
    const chosen = newest?.chosen ?? 0
    return {
      group,
      // Only who says so itself: what the others believe may be of yesterday.
      leader: known.find(row => row.role === 'leader')?.node ?? null,
      ballot: newest?.ballot ?? '',
      chosen,
      commands: newest?.commands ?? 0,
      keys: newest?.keys ?? 0,
      members: members.map(({ id, row }) =>
        'problem' in row ? `${id}(${row.problem})` : `${id}(${Math.max(0, chosen - row.applied)})`,
      ),
    }
  })
}
