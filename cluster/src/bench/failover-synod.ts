/** Our cluster under kills: processes are killed by id, and the launcher starts them again at once. */
import { locate, type ShardMap } from '@synod/actors'
import { answered, askAll, askAny } from '../cli/ask-nodes.ts'
import { answerOf, findCluster, getJson, request } from '../cli/find-cluster.ts'
import { connect } from '../client/index.ts'
import type { GroupRow } from '../gateway/admin.ts'
import type { ClusterView } from '../launcher/http.ts'
import type { KillTarget, MemberView } from './kills.ts'
import { startSynod } from './synod-cluster.ts'

const keyspace = 'kv'
const key = 'failover'

export async function startSynodTarget(): Promise<KillTarget> {
  const cluster = await startSynod({ faults: true })
  const found = await findCluster({ data: cluster.data })
  const { launcher, token } = found
  const map = await askAny<ShardMap>(found, '/map')
  const group = locate(map, keyspace, key)?.group
  if (launcher === undefined || group === undefined) throw new Error(`nobody holds ${keyspace}/${key}`)
  const client = connect(cluster.nodes.map(node => node.url))
  const processOf = async (node: string) => {
    const { nodes } = (await getJson(`${launcher}/api/cluster`, token)) as ClusterView
    return nodes.find(one => one.id === node)?.pid ?? undefined
  }
  return {
    name: 'Synod',
    members: map.groups[group]?.members.length ?? 0,
    async put(number) {
      await client.put(keyspace, key, number)
    },
    async views() {
      const told = answered(await askAll<readonly GroupRow[]>(found, '/groups'))
      return told.flatMap(({ answer }) => answer.flatMap(row => viewOf(row, group)))
    },
    pidOf: processOf,
    // By itself the launcher waits a second, then two, then four: what is measured here is not who starts it again.
    async restart(node) {
      if ((await processOf(node)) !== undefined) return
      const url = `${launcher}/api/faults`
      await answerOf(await request(url, { method: 'POST', body: { kind: 'restart', node }, token }), url)
    },
    async stop() {
      client.close()
      await cluster.stop()
    },
  }
}

function viewOf(row: GroupRow, group: string): MemberView[] {
  if ('problem' in row || row.group !== group) return []
  const { node, role, chosen, applied } = row
  return [{ node, leads: role === 'leader', chosen, applied }]
}
