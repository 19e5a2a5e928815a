/** `cluster inspect`: one actor's picture of itself, its timers and rows. */
import { exitCode, Failure } from '../../node/failure.ts'
import { askOne } from '../ask-nodes.ts'
import { look } from '../look.ts'

export const inspect = look<object, unknown>({
  name: 'inspect',
  summary: "one actor's state, timers and rows",
  examples: ['inspect n2/acceptor/stock.0', 'inspect n1/session/main'],
  define: command => command.argument('<actor>', 'node/type/name, as `actors` lists them'),
  see(found, _options, [actor = '']) {
    const [node, type, ...name] = actor.split('/')
    if (node === undefined || type === undefined || name.length === 0) {
      throw new Failure(`${actor} is not node/type/name, for instance n2/acceptor/stock.0`, exitCode.usage)
    }
    const path = `/inspect/${encodeURIComponent(type)}/${encodeURIComponent(name.join('/'))}`
    return askOne<unknown>(found, node, path)
  },
  show: seen => JSON.stringify(seen, null, 2),
})
