/**
 * A file system that can lose its power: ext4 on a loop image. `xfs_io -x -c shutdown` (GOINGDOWN, without a flush of
 * the journal) lets nothing more through to the image: what was not synced is gone with the page cache, as when the
 * power goes. Mounted again, ext4 replays its journal.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const imageBytes = 512 << 20

export class Volume {
  /** Where it is mounted. */
  readonly path: string
  readonly #image: string
  #mounted = false

  constructor(folder: string, name: string) {
    this.path = join(folder, name)
    this.#image = join(folder, `${name}.img`)
    mkdirSync(this.path, { recursive: true })
  }

  /** Empty, whatever it held. */
  format(): void {
    this.unmount()
    writeFileSync(this.#image, '')
    truncateSync(this.#image, imageBytes)
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image])
    this.mount()
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.path])
    this.#mounted = true
    this.#probe()
  }

  /** A file system that another mount namespace still holds is not mounted anew: it stays without power. */
  #probe(): void {
    const probe = join(this.path, 'probe')
    try {
      writeFileSync(probe, 'power is back')
      rmSync(probe)
    } catch (cause) {
      const held = `${this.path} is held by another mount namespace (ip netns exec makes one): run that at another time`
      throw new Error(held, { cause })
    }
  }

  /** Processes that use it must be gone. */
  unmount(): void {
    if (!this.#mounted) return
    this.#mounted = false
    execFileSync('umount', [this.path])
  }

  /** From here on every write and sync to it fails. */
  async losePower(): Promise<void> {
    await run('xfs_io', ['-x', '-c', 'shutdown', this.path])
  }

  destroy(): void {
    this.unmount()
    rmSync(this.#image, { force: true })
  }
}

/** What is missing on this machine to do this; undefined when all is there. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it mounts file systems, and only root may'
  const tools = [
    ['xfs_io', 'xfsprogs'],
    ['mkfs.ext4', 'e2fsprogs'],
    ['mount', 'mount'],
  ] as const
  for (const [tool, from] of tools) {
    try {
      execFileSync('which', [tool])
    } catch {
      return `${tool} is not installed: apt-get install ${from}`
    }
  }
  return undefined
}
