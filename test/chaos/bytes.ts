/**
 * Bytes that no node should get, at a real cluster: damaged frames at the mesh port and at the client socket,
 * strangers, slow ones, a thousand silent ones.
 *
 *     pnpm test:bytes --frames 100000 --seed 1
 *
 * Ends with 0 when the nodes stood: the same processes, serving, memory level, every link closed with a documented
 * code.
 */
import { readArguments } from '../arguments.ts'
import { besiege } from './bytes/besiege.ts'

const { numbers } = readArguments(['frames', 'seed', 'idle'], {
  usage: 'pnpm test:bytes [--frames N] [--seed N] [--idle N]',
})
const { frames = 100_000, seed = 1, idle = 1_000 } = numbers
const began = performance.now()
const failures = await besiege({ frames, seed, idle, rounds: 8 }, line => console.log(line))
for (const failure of failures) console.log(`FAILED  ${failure}`)
console.log(
  `${failures.length === 0 ? 'stood' : 'did not stand'}, seed ${seed}, ${((performance.now() - began) / 1_000).toFixed(0)} s`,
)
process.exitCode = failures.length === 0 ? 0 : 1
