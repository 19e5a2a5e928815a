/** A real nginx with the shipped configuration, before servers of the test. */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram, isExecutable } from '../programs.ts'
import { until } from './cluster.fixture.ts'

const root = join(import.meta.dirname, '..', '..')
const cache = join(root, 'node_modules', '.cache', 'synod-nginx')

/**
 * The system's nginx; on Debian without one, that of its package, unpacked for the tests alone: installed it would
 * serve port 80 from then on. Throws with the command that would help.
 */
export async function ensureNginx(): Promise<string> {
  const unpacked = join(cache, 'usr', 'sbin', 'nginx')
  const found = findProgram(['nginx'], 'NGINX') ?? (isExecutable(unpacked) ? unpacked : undefined)
  if (found !== undefined) return found
  if (process.platform === 'linux' && process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')) {
    mkdirSync(cache, { recursive: true })
    const run = (program: string, ...args: string[]) => promisify(execFile)(program, args, { cwd: cache })
    await run('apt-get', 'update')
    await run('apt-get', 'download', 'nginx')
    await run('sh', '-c', 'dpkg-deb -x nginx_*.deb .')
  }
  if (isExecutable(unpacked)) return unpacked
  throw new Error(
    'this test needs nginx: install it (Debian: apt-get install nginx-light) or set NGINX to its path',
  )
}

export class FrontDoor {
  readonly url: string
  readonly #folder: string
  readonly #child: ReturnType<typeof spawn>
  #said = ''

  /** Listens on `base`, before what listens on the three ports above it. */
  constructor(nginx: string, base: number) {
    this.url = `http://127.0.0.1:${base}`
    this.#folder = mkdtempSync(join(tmpdir(), 'synod-nginx-'))
    // Started by root, nginx works as somebody else.
    chmodSync(this.#folder, 0o755)
    cpSync(join(root, 'deploy'), join(this.#folder, 'deploy'), { recursive: true })
    mkdirSync(join(this.#folder, '.synod'))
    const file = join(this.#folder, 'deploy', 'nginx.local.conf')
    const shipped = readFileSync(file, 'utf8')
    const moved = shipped.replaceAll('127.0.0.1:8080', `127.0.0.1:${base}`)
    writeFileSync(
      file,
      moved.replace(/127\.0\.0\.1:800(\d)/g, (_, at: string) => `127.0.0.1:${base + Number(at)}`),
    )
    const args = ['-p', this.#folder, '-c', 'deploy/nginx.local.conf', '-e', 'stderr', '-g', 'daemon off;']
    this.#child = spawn(nginx, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#said += data.toString()
    })
  }

  /** Throws what nginx said when it does not come up. */
  async ready(): Promise<void> {
    let code: unknown
    this.#child.once('close', (ended: unknown) => {
      code = ended
    })
    await until('nginx listens', async () => code !== undefined || (await fetch(this.url)).status > 0, 20_000)
    if (code !== undefined) throw new Error(`nginx ended with ${String(code)}: ${this.#said}`)
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('close', resolve))
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await ended
    rmSync(this.#folder, { recursive: true })
  }
}
