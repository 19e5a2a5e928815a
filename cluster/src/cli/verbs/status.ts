/** `cluster status`: what runs, and how well. */

import type { ClusterView } from '../../launcher/http.ts'
import { findCluster, getJson, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { print, printJson, state, table } from '../output.ts'
import type { Verb } from '../verb.ts'

export const status: Verb = {
  name: 'status',
  chapter: 'Looking',
  summary: 'what runs, and how well',
  examples: ['status', 'status --json', 'status --url http://10.0.0.1:8001 --token …'],
  define(command) {
    whereOptions(command)
      .option('--json', 'print JSON')
      .action((options: WhereOptions & { json?: true }) => act(options))
  },
}

async function act(options: WhereOptions & { json?: true }): Promise<void> {
  const found = await findCluster(options)
  const view = (await getJson(`${found.launcher}/api/cluster`, found.token)) as ClusterView
  if (options.json === true) {
    printJson(view)
    return
  }
  print(`cluster ${view.cluster}   data ${view.data}   faults ${view.faultsAllowed ? 'allowed' : 'off'}`)
  print(
    table(view.nodes, [
      { title: 'node', value: node => node.id },
      { title: 'url', value: node => node.url },
      { title: 'process', value: node => node.pid },
      { title: 'restarts', right: true, value: node => node.restarts },
      { title: 'state', value: node => state(node.state) + (node.detail === '' ? '' : ` (${node.detail})`) },
    ]),
  )
}
