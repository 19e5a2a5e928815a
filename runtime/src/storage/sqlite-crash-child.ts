/** Run by sqlite-crash.test.ts: commits turns until it is killed, and prints each one that was acknowledged. */
import { writeSync } from 'node:fs'
import { actorId } from '../address.ts'
import { openSqlite } from './sqlite.ts'

const [folder = '', limit = ''] = process.argv.slice(2)
const store = openSqlite(folder)
const actor = actorId('acceptor', 'x')
for (let turn = store.turn() + 1; turn <= Number(limit); turn++) {
  const writes = Array.from({ length: (turn % 7) + 1 }, (_, i) => ({
    actor,
    key: `${turn}/${i}`,
    value: turn,
  }))
  store.commit(turn, writes)
  // Synchronous: what the parent has read was committed, and what was committed it can read, but for the last line.
  writeSync(1, `${turn}\n`)
}
store.close()
