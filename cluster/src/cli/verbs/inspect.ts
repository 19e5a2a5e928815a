/** `cluster inspect`: one actor's picture of itself, its timers and rows. */
import type { ActorSummary } from '@synod/runtime/host'
import { suggestion } from '../../config/nearest.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { askOne, refuseUnknownGroup } from '../ask-nodes.ts'
import type { FoundCluster } from '../find-cluster.ts'
import { look } from '../look.ts'
import { refuseUnknownType } from './actors.ts'

export const inspect = look<object, unknown>({
  name: 'inspect',
  summary: "one actor's state, timers and rows",
  examples: ['inspect n2/acceptor/stock.0', 'inspect n1/session/main'],
  define: command => command.argument('<actor>', 'node/type/name, as `actors` lists them'),
  async see(found, _options, [actor = '']) {
    const [node, type, ...name] = actor.split('/')
    if (node === undefined || type === undefined || name.length === 0) {
      throw new Failure(`${actor} is not node/type/name, for instance n2/acceptor/stock.0`, exitCode.usage)
    }
    const path = `/inspect/${encodeURIComponent(type)}/${encodeURIComponent(name.join('/'))}`
    try {
      return await askOne<unknown>(found, node, path)
    } catch (error) {
      if (error instanceof Failure) await refuseUnknown(found, { node, type, name: name.join('/') })
      throw error
    }
  },
  show: seen => JSON.stringify(seen, null, 2),
})

interface Named {
  readonly node: string
  readonly type: string
  readonly name: string
}

/** Says which part of the name is wrong, as far as it can be told. */
async function refuseUnknown(found: FoundCluster, { node, type, name }: Named): Promise<void> {
  const all = await askOne<readonly ActorSummary[]>(found, node, '/actors')
  refuseUnknownType(type, all)
  // What a node has only one of is called main; the others are called by their group.
  const isOfGroup = all.every(actor => actor.type !== type || !actor.id.endsWith('/main'))
  if (isOfGroup) await refuseUnknownGroup(found, name)
  const names = all.flatMap(actor => (actor.type === type ? [actor.id.slice(type.length + 1)] : []))
  if (names.includes(name)) return
  const problem = `${node} has no ${type} called ${JSON.stringify(name)}`
  throw new Failure(`${problem}; ${suggestion(name, names)}`, exitCode.usage)
}
