/** What HTTP alone costs on this machine. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runScript, stopChild } from '../children.ts'
import type { Measured } from '../figure.ts'
import type { ConstantLoad } from './constant-load.ts'

const server = fileURLToPath(new URL('constant-server.ts', import.meta.url))

export async function measureConstant(users: number, seconds: number): Promise<Measured> {
  const child = spawn(process.execPath, [server], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer]
    const url = `http://127.0.0.1:${Number(printed.toString())}`
    const load: ConstantLoad = { url, users, seconds }
    return await runScript<Measured>('peers/constant-load.ts', load, (seconds + 30) * 1_000)
  } finally {
    await stopChild(child)
  }
}
