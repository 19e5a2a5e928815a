/** `cluster log`: the chosen log of a group. */
import type { GroupLog } from '@synod/actors'
import { exitCode, Failure } from '../../node/failure.ts'
import { within } from '../arguments.ts'
import { answered, askAll, askOne, nodeNamed, refuseUnknownGroup } from '../ask-nodes.ts'
import type { FoundCluster } from '../find-cluster.ts'
import { type LookOptions, look } from '../look.ts'
import { colour } from '../output.ts'

interface Options extends LookOptions {
  readonly from?: number
  readonly to?: number
  readonly limit?: number
  readonly node?: string
}

/** As nodes answer at once. */
const mostSlots = 1000

export const log = look<Options, GroupLog>({
  name: 'log',
  summary: 'the replicated log of a group: its newest slots, or a range',
  examples: ['log kv.0', 'log orders.0 --from 100 --to 120', 'log directory --node n3 --json'],
  define: command =>
    command
      .argument('<group>', 'as `groups` lists them')
      .option('--from <slot>', 'first slot', within(1, Number.MAX_SAFE_INTEGER))
      .option('--to <slot>', 'last slot', within(1, Number.MAX_SAFE_INTEGER))
      .option('--limit <n>', 'how many of the newest (default 20)', within(1, mostSlots))
      .option('--node <node>', 'ask the member on this node'),
  async see(found, { from, to, limit, node }, [group = '']) {
    if (from !== undefined && to !== undefined && from > to)
      throw new Failure(`--from ${from} is after --to ${to}`, exitCode.usage)
    if (node !== undefined) nodeNamed(found, node)
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries({ from, to, limit }))
      if (value !== undefined) query.set(name, String(value))
    const path = `/log/${encodeURIComponent(group)}?${query}`
    try {
      return await (node === undefined
        ? fromAnyMember(found, group, path)
        : askOne<GroupLog>(found, node, path))
    } catch (error) {
      if (error instanceof Failure) await refuseUnknownGroup(found, group)
      throw error
    }
  },
  show(seen) {
    const lines = seen.slots.map(slot => {
      const head =
        colour.bold(`${slot.slot}`.padStart(8)) +
        colour.dim(`  ${slot.ballot}  ${new Date(slot.timeMs).toISOString()}`)
      const mark = slot.chosen ? '' : colour.yellow('  not known to be chosen')
      const commands = slot.commands.map(command => `            ${brief(command)}`)
      return [head + mark, ...(commands.length === 0 ? [colour.dim('            no-op')] : commands)].join(
        '\n',
      )
    })
    return [`chosen up to ${seen.chosen}; compacted up to ${seen.base}`, ...lines].join('\n')
  },
})

async function fromAnyMember(found: FoundCluster, group: string, path: string): Promise<GroupLog> {
  const told = await askAll<GroupLog>(found, path)
  const longest = answered(told).toSorted((a, b) => b.answer.chosen - a.answer.chosen)[0]
  if (longest !== undefined) return longest.answer
  const problem = told.map(one => ('problem' in one ? one.problem : '')).find(text => text !== '')
  throw new Failure(problem ?? `no node has a member of group ${group}`, exitCode.failed)
}

const longestLine = 160
function brief(command: unknown): string {
  const text = JSON.stringify(command)
  return text.length <= longestLine ? text : `${text.slice(0, longestLine)}…`
}
