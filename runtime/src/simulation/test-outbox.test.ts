import { describe, expect, it } from 'vitest'
import { type ActorType, unreachable } from '../actor.ts'
import { address, nodeId } from '../address.ts'
import { seededRandom } from './random.ts'
import { startActor } from './test-actor.ts'
import { TestOutbox } from './test-outbox.ts'

interface State {
  count: number
  ticks: number
}
type Message = { readonly type: 'add'; readonly by: number } | { readonly type: 'get' }

const counter: ActorType<State, Message, { readonly every: number }> = {
  type: 'counter',
  start(start, rows, out) {
    out.setTimer('tick', start.config.every)
    return { count: (rows.get('count') as number | undefined) ?? 0, ticks: 0 }
  },
  receive(state, event, out) {
    switch (event.kind) {
      case 'timer':
        state.ticks += 1
        return
      case 'peer':
        return out.note('peer', { node: event.node, reachable: event.reachable })
      case 'message':
        if (event.message.type === 'add') {
          state.count += event.message.by
          out.save('count', state.count)
        }
        return out.send(event.from, { count: state.count })
      case 'request':
        return out.reply(event.request, state.count)
      default:
        unreachable(event)
    }
  },
  check(state) {
    if (state.count < 0) throw new Error('below zero')
  },
  describe: state => ({ count: state.count }),
}
const asker = address(nodeId('n2'), 'asker', 'a')

describe('the kit for unit tests', () => {
  it('records effects and restarts from the saved rows only', () => {
    const actor = startActor(counter, { every: 50 })
    expect(actor.started.timers).toEqual([{ name: 'tick', delayMs: 50 }])
    const effects = actor.message(asker, { type: 'add', by: 3 })
    expect(effects.sent).toEqual([{ to: asker, message: { count: 3 } }])
    expect(effects.writes).toEqual([{ save: 'count', value: 3 }])
    expect(actor.request({ type: 'get' }).replies).toEqual([{ request: { node: 'n1', id: 1 }, result: 3 }])
    actor.timer('tick')
    expect(actor.state.ticks).toBe(1)
    expect(actor.nowMs).toBe(1_000_050)
    actor.restart()
    expect(actor.state).toEqual({ count: 3, ticks: 0 })
    expect(actor.rows.toObject()).toEqual({ count: 3 })
    expect(actor.peer(nodeId('n2'), false).notes).toHaveLength(1)
  })

  it('runs the checks of the type and refuses a timer that is not armed', () => {
    const actor = startActor(counter, { every: 50 }, { count: 2 })
    expect(() => actor.message(asker, { type: 'add', by: -3 })).toThrow('below zero')
    expect(() => actor.timer('tock')).toThrow('not armed')
  })

  it('freezes what was sent and copies what was saved', () => {
    const out = new TestOutbox()
    const list = [1]
    out.save('list', list)
    expect(() => list.push(2)).toThrow(TypeError)
    expect(out.rows.get('list')).not.toBe(list)
    out.save('b', 1)
    out.erase({ from: 'b', to: 'c' })
    expect(out.rows.keys()).toEqual(['list'])
  })
})

describe('seeded randomness', () => {
  it('repeats by seed, and its forks do not disturb each other', () => {
    const one = seededRandom(7)
    const two = seededRandom(7)
    two.fork('other').next()
    const draws = [one.next(), one.next(), one.next()]
    expect([two.next(), two.next(), two.next()]).toEqual(draws)
    expect(one.fork('x').next()).toBe(two.fork('x').next())
    expect(one.fork('x').next()).not.toBe(one.fork('y').next())
    expect(seededRandom(8).next()).not.toBe(draws[0])
  })

  it('is about uniform', () => {
    const random = seededRandom('uniform')
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let draw = 0; draw < 10_000; draw++) {
      const at = random.integer(0, 9)
      buckets[at] = (buckets[at] ?? 0) + 1
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150)
    expect(random.shuffle([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
  })
})
