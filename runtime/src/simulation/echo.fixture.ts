/** Three nodes with an actor each that says back what it is told, and keeps it. */
import { type ActorType, unreachable } from '../actor.ts'
import { address, nodeId } from '../address.ts'
import type { Answer } from '../kernel/ports.ts'
import type { SimulationOptions } from './options.ts'
import { Simulation } from './simulation.ts'

type Ask = { readonly type: 'echo'; readonly text: string }
const echo: ActorType<{ lives: number }, Ask, null> = {
  type: 'echo',
  start(start, rows, out) {
    const lives = ((rows.get('lives') as number | undefined) ?? 0) + 1
    out.save('lives', lives)
    out.note('started', { amnesiac: start.amnesiac, incarnation: start.incarnation })
    return { lives }
  },
  receive(_state, event, out) {
    switch (event.kind) {
      case 'request':
        out.save('last', event.message.text)
        return out.reply(event.request, event.message.text)
      case 'peer':
        return out.note('peer', { node: event.node, reachable: event.reachable })
      case 'message':
      case 'timer':
        return
      default:
        unreachable(event)
    }
  },
  describe: state => ({ lives: state.lives }),
  observesPeers: true,
}
export const echoAt = (node: string) => address(nodeId(node), 'echo', 'e')

export function echoes(seed: number, more: Partial<SimulationOptions> = {}) {
  const notes: string[] = []
  const sim = new Simulation({
    seed,
    nodes: ['n1', 'n2', 'n3'],
    ...more,
    observer: {
      note: (actor, name, attributes) => notes.push(`${actor} ${name} ${JSON.stringify(attributes)}`),
    },
  })
  for (const node of sim.nodes) sim.place(node, echo, 'e', null)
  sim.run(() => sim.nodes.every(node => sim.status(node) === 'running'))
  sim.run(sim.now + 5)
  const ask = (node: string, to: string, text: string, timeoutMs = 1000): Answer[] => {
    const answers: Answer[] = []
    sim.ask(node, echoAt(to), { type: 'echo', text }, timeoutMs, answer => answers.push(answer))
    return answers
  }
  return { sim, notes, ask }
}
