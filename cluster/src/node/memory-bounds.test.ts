import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nodeFlags } from './memory-bounds.ts'

const fixture = fileURLToPath(new URL('./memory-bounds.fixture.ts', import.meta.url))

/** What the fixture prints, and whether it did so in the process that was spawned for it. */
async function heapOf(flags: readonly string[], ...args: readonly string[]) {
  const child = spawn(process.execPath, [...flags, fixture, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString()
  })
  await new Promise(resolve => child.once('close', resolve))
  const { pid, limitBytes } = JSON.parse(out) as { readonly pid: number; readonly limitBytes: number }
  return { samePid: pid === child.pid, limitBytes }
}

test('a node that nobody gave the flags has them all the same, in the same process', async () => {
  const launched = await heapOf(nodeFlags)
  expect(await heapOf([])).not.toEqual(launched)
  expect(await heapOf([], 'as a node')).toEqual(launched)
})

test('what the user chose stays', async () => {
  const chosen = ['--max_semi_space_size=8']
  expect(await heapOf(chosen, 'as a node')).toEqual(await heapOf(chosen))
  expect(await heapOf(chosen)).not.toEqual(await heapOf(nodeFlags))
})
