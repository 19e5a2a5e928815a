/**
 * A durable counter on one node. Run it twice: it goes on counting.
 *
 *   npx -y pnpm exec node runtime/examples/counter.ts [folder]
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// An application writes '@synod/runtime'.
import { defineActor, openSystem } from '../src/index.ts'

const Counter = defineActor({
  type: 'counter',
  durable: true,
  state: () => ({ count: 0 }),
  on: {
    add(state, { by }: { by: number }) {
      state.count += by
      return state.count
    },
    get(state) {
      return state.count
    },
  },
})

const system = await openSystem({ data: process.argv[2] ?? join(tmpdir(), 'synod-counter') })
const counter = system.actor(Counter, 'visits')
console.log('before', await counter.ask('get'))
// Nobody waits for these; the last one's answer says that all of them are on disk.
for (let i = 0; i < 9; i++) counter.tell('add', { by: 1 })
console.log('after', await counter.ask('add', { by: 1 }))
await system.close()
