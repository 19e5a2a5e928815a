/** etcd under kills, with its default time-outs; asked over its own JSON gateway, a put at each node in turn. */
import type { KillTarget, MemberView } from '../kills.ts'
import { startEtcd } from './etcd.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const askMs = 2_000
const putMs = 10_000

export async function startEtcdTarget(): Promise<KillTarget> {
  const cluster = await startEtcd()
  const urlOf = new Map(cluster.members.map(member => [member.name, member.client]))
  return {
    name: 'etcd',
    members: cluster.members.length,
    async put(number) {
      const { client } = cluster.members[number % cluster.members.length] ?? { client: '' }
      await post(`${client}/v3/kv/put`, { key: base64('failover'), value: base64(String(number)) }, putMs)
    },
    async views() {
      const all = await Promise.all([...urlOf].map(([name, url]) => viewOf(name, url)))
      return all.flat()
    },
    pidOf: async name => cluster.pidOf(name),
    restart: async name => cluster.restart(name),
    stop: () => cluster.stop(),
  }
}

interface Status {
  readonly header: { readonly member_id: string }
  readonly leader?: string
  readonly raftIndex: string
  readonly raftAppliedIndex: string
}

async function viewOf(node: string, url: string): Promise<MemberView[]> {
  try {
    const status = (await post(`${url}/v3/maintenance/status`, {}, askMs)) as Status
    const leads = status.leader === status.header.member_id
    const { raftIndex, raftAppliedIndex } = status
    return [{ node, leads, chosen: Number(raftIndex), applied: Number(raftAppliedIndex) }]
  } catch {
    // Down, or without a leader and not answering: it is asked again.
    return []
  }
}

async function post(url: string, body: object, withinMs: number): Promise<unknown> {
  const signal = AbortSignal.timeout(withinMs)
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status}: ${text.trim()}`)
  return JSON.parse(text)
}
