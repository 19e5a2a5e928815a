/** Where benches put their data, and which ports they take. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const tmpfsMagic = 0x01021994

/** A new folder on a real disk: in memory an fsync costs nothing, and the figures would say nothing. */
export function newFolder(name: string): string {
  const inMemory = statfsSync(tmpdir()).type === tmpfsMagic
  const parent = inMemory ? join(process.cwd(), '.synod') : tmpdir()
  mkdirSync(parent, { recursive: true })
  return mkdtempSync(join(parent, `synod-bench-${name}-`))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** The first of `many` consecutive free ports. */
export async function freePorts(many: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 21_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(Array.from({ length: many }, (_, at) => isFree(first + at)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`found no ${many} consecutive free ports between 21000 and 31000`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
