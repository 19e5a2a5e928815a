/** Asks `/admin` of nodes: of all, of one by name, or of any that answers. */
import type { ShardMap } from '@synod/actors'
import type { ClusterView } from '../launcher/http.ts'
import { exitCode, Failure } from '../node/failure.ts'
import { type FoundCluster, getJson, type NodeAt } from './find-cluster.ts'

export type Told<Answer> = NodeAt & ({ readonly answer: Answer } | { readonly problem: string })

/**
 * A node that is well answers at once, a busy one within a second or two; who asks all of them waits no longer for
 * another.
 */
export const answerWithinMs = 4_000

/** Nodes that a fault has stopped, by the launcher: they are paused or killed, and asked for nothing. */
export async function stoppedNodes({ launcher, token }: FoundCluster): Promise<ReadonlyMap<string, string>> {
  if (launcher === undefined) return new Map()
  try {
    const view = (await getJson(`${launcher}/api/cluster`, token, answerWithinMs)) as ClusterView
    const stopped = view.nodes.filter(({ state }) => state === 'paused' || state === 'killed')
    return new Map(stopped.map(({ id, state }) => [id, state]))
  } catch (error) {
    // Nodes outlive a launcher for a while.
    if (error instanceof Failure) return new Map()
    throw error
  }
}

/** All nodes at once; who does not answer is in the list with the reason. */
export async function askAll<Answer>(found: FoundCluster, path: string): Promise<Told<Answer>[]> {
  const stopped = await stoppedNodes(found)
  return Promise.all(
    found.nodes.map(async ({ id, url }) => {
      const state = stopped.get(id)
      if (state !== undefined) return { id, url, problem: state }
      try {
        const answer = (await getJson(`${url}/admin${path}`, found.token, answerWithinMs)) as Answer
        return { id, url, answer }
      } catch (error) {
        if (error instanceof Failure) return { id, url, problem: error.message }
        throw error
      }
    }),
  )
}

/** Throws `Failure` when there is no such node, or it does not answer. */
export async function askOne<Answer>(found: FoundCluster, id: string, path: string): Promise<Answer> {
  const { url } = nodeNamed(found, id)
  const state = (await stoppedNodes(found)).get(id)
  if (state !== undefined) throw new Failure(`${id} is ${state} and answers nothing`)
  return (await getJson(`${url}/admin${path}`, found.token)) as Answer
}

/** The first that answers; throws `Failure` with the last one's reason when none does. */
export async function askAny<Answer>(found: FoundCluster, path: string): Promise<Answer> {
  let last = new Failure('no node runs')
  const stopped = await stoppedNodes(found)
  for (const { url } of found.nodes.filter(({ id }) => !stopped.has(id))) {
    try {
      return (await getJson(`${url}/admin${path}`, found.token, answerWithinMs)) as Answer
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      last = error
    }
  }
  throw last
}

export function nodeNamed(found: FoundCluster, id: string): NodeAt {
  const node = found.nodes.find(one => one.id === id)
  if (node !== undefined) return node
  const known = found.nodes.map(one => one.id).join(', ')
  throw new Failure(`there is no node ${id}; there are ${known}`, exitCode.usage)
}

/** Throws `Failure` when there is no such group, with those that there are. */
export async function refuseUnknownGroup(found: FoundCluster, group: string): Promise<void> {
  const map = await askAny<ShardMap>(found, '/map')
  if (group in map.groups) return
  const keyspace = group.replace(/\.\d+$/, '')
  const on = new Set(map.keyspaces[keyspace]?.shards.map(shard => shard.group))
  const hint = on.size === 0 ? '' : `; the shards of ${keyspace} lie on ${[...on].join(', ')}`
  const known = Object.keys(map.groups).sort().join(', ')
  throw new Failure(`there is no group ${group}; there are ${known}${hint}`, exitCode.usage)
}

export function answered<Answer>(told: readonly Told<Answer>[]): (NodeAt & { readonly answer: Answer })[] {
  return told.filter(one => 'answer' in one)
}

/** One line for each node that did not answer. */
export function problems(told: readonly Told<unknown>[]): string {
  return told.flatMap(one => ('problem' in one ? [`${one.id}: ${one.problem}\n`] : [])).join('')
}
