import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { freeBasePort, isFree } from './ports.fixture.ts'
import { isAlive, processId, signal } from './process-id.ts'

/** Its memory takes the kernel a while to free, and a thread of the process waits for it. */
const holder = (port: number) => `
  const { createServer } = require('node:net')
  globalThis.kept = Buffer.alloc(200e6, 1)
  createServer().listen(${port}, '127.0.0.1', () => process.send('listening'))`

test('a killed process is gone only when its ports are free', async () => {
  const port = await freeBasePort()
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, ['-e', holder(port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    const id = processId(child.pid ?? 0)
    expect(isAlive(id)).toBe(true)
    signal(id, 'SIGKILL')
    // Without a turn of the event loop in between, it stays a zombie that nobody has waited for.
    const deadline = performance.now() + 10_000
    while (isAlive(id)) expect(performance.now()).toBeLessThan(deadline)
    expect(await isFree(port)).toBe(true)
  }
})

test('a pid that another process has now is not taken for it', () => {
  const own = processId(process.pid)
  expect(isAlive(own)).toBe(true)
  expect(isAlive({ ...own, began: '1' })).toBe(false)
})

test('a node that does not run is not taken for the processes of who asks', () => {
  expect(isAlive({ pid: 0, began: '' })).toBe(false)
})
