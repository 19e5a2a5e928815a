/** The short form of `node test/chaos/bytes.ts`: bytes that no node should get. */
import { expect, test } from 'vitest'
import { besiege } from '../chaos/bytes/besiege.ts'

const frames = 2_000

test('[MS6, MS9, GW4] damaged frames, strangers and silence: nodes stand, links close with their codes', async () => {
  const said: string[] = []
  const seed = Math.floor(Math.random() * 1_000_000)
  const failures = await besiege({ frames, seed, idle: 200, rounds: 2 }, line => said.push(line))
  expect(failures, `seed ${seed}\n${said.join('\n')}`).toEqual([])
})
