/**
 * Bytes that no node should get, at a real cluster: damaged frames at the mesh port and at the client socket, strangers,
 * slow ones, a thousand silent ones.
 *
 *     node test/chaos/bytes.ts --frames 100000 --seed 1
 *
 * Ends with 0 when the nodes stood: the same processes, serving, memory level, every link closed with a documented code.
 */
import { parseArgs } from 'node:util'
import { besiege } from './bytes/besiege.ts'

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    idle: { type: 'string', default: '1000' },
  },
})
const began = performance.now()
const failures = await besiege(
  { frames: Number(values.frames), seed: Number(values.seed), idle: Number(values.idle), rounds: 8 },
  line => console.log(line),
)
for (const failure of failures) console.log(`FAILED  ${failure}`)
console.log(
  `${failures.length === 0 ? 'stood' : 'did not stand'}, seed ${values.seed}, ${((performance.now() - began) / 1_000).toFixed(0)} s`,
)
process.exitCode = failures.length === 0 ? 0 : 1
