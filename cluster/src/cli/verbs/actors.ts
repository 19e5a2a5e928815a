/** `cluster actors`: every actor of every node. */
import type { ActorSummary } from '@synod/runtime/host'
import { suggestion } from '../../config/nearest.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { answered, askAll, nodeNamed, problems, type Told } from '../ask-nodes.ts'
import { type LookOptions, look } from '../look.ts'
import { table } from '../output.ts'

interface Options extends LookOptions {
  readonly node?: string
  readonly type?: string
}

export const actors = look<Options, readonly Told<readonly ActorSummary[]>[]>({
  name: 'actors',
  summary: 'every actor: what waits, what it handled, whether it failed',
  examples: ['actors', 'actors --type learner', 'actors --node n2 --json'],
  define: command =>
    command.option('--node <node>', 'only of this node').option('--type <type>', 'only of this type'),
  async see(found, { node, type }) {
    const nodes = node === undefined ? found.nodes : [nodeNamed(found, node)]
    const told = await askAll<readonly ActorSummary[]>({ ...found, nodes }, '/actors')
    if (type === undefined) return told
    const all = answered(told).flatMap(one => one.answer)
    if (all.length > 0) refuseUnknownType(type, all)
    return told.map(one =>
      'answer' in one ? { ...one, answer: one.answer.filter(actor => actor.type === type) } : one,
    )
  },
  show(seen) {
    const rows = answered(seen).flatMap(({ id, answer }) => answer.map(actor => ({ node: id, actor })))
    const body = table(rows, [
      { title: 'actor', value: ({ node, actor }) => `${node}/${actor.id}` },
      { title: 'status', value: ({ actor }) => actor.status },
      { title: 'waiting', right: true, value: ({ actor }) => actor.mailbox },
      { title: 'handled', right: true, value: ({ actor }) => actor.handled },
      { title: 'restarts', right: true, value: ({ actor }) => actor.restarts },
      { title: 'last error', value: ({ actor }) => actor.lastError },
    ])
    return problems(seen) + body
  },
})

export function refuseUnknownType(type: string, all: readonly ActorSummary[]): void {
  const known = [...new Set(all.map(actor => actor.type))]
  if (known.includes(type)) return
  const problem = `there are no actors of type ${JSON.stringify(type)}`
  throw new Failure(`${problem}; ${suggestion(type, known)}`, exitCode.usage)
}
