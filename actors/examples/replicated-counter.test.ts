import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const example = join(import.meta.dirname, 'replicated-counter.ts')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synod-replicated-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the counter survives the loss of a node and a restart of all', async () => {
  const first = await run(process.execPath, [example, folder])
  expect(first.stdout).toBe('before 0\nwithout n1 10\nafter 10\n')
  const second = await run(process.execPath, [example, folder])
  expect(second.stdout).toBe('before 10\nwithout n1 20\nafter 20\n')
}, 60_000)
