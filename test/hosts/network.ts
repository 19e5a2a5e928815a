/**
 * Hosts on one machine: a network namespace for each, with its own address, behind a bridge in the namespace of this
 * process, which has an address there, too. As root.
 */
import { execFileSync } from 'node:child_process'

/** Of a range that is kept for such uses (RFC 2544). */
const network = '198.18.77'
const here = `${network}.254`

export class Network {
  readonly #hosts: readonly string[]
  /** Interfaces have names of at most 15 characters. */
  readonly #run = process.pid.toString(36).slice(-5)

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts
  }

  open(): void {
    ip('link', 'add', this.#bridge, 'type', 'bridge')
    ip('addr', 'add', `${here}/24`, 'dev', this.#bridge)
    ip('link', 'set', this.#bridge, 'up')
    for (const host of this.#hosts) {
      const name = this.#namespace(host)
      ip('netns', 'add', name)
      ip('link', 'add', this.#cable(host), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('link', 'set', this.#cable(host), 'master', this.#bridge, 'up')
      ip('-n', name, 'addr', 'add', `${this.address(host)}/24`, 'dev', 'eth0')
      for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up')
    }
  }

  address(host: string): string {
    return `${network}.${this.#hosts.indexOf(host) + 1}`
  }

  /** What runs a program on a host. */
  on(host: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(host)]
  }

  cut(host: string): void {
    ip('link', 'set', this.#cable(host), 'down')
  }

  heal(host: string): void {
    ip('link', 'set', this.#cable(host), 'up')
  }

  /** A cable goes with the namespace that it leads to. Nothing of it is left, however much of it was made. */
  close(): void {
    const there = execFileSync('ip', ['netns', 'list']).toString()
    for (const host of this.#hosts) {
      if (there.includes(this.#namespace(host))) ip('netns', 'del', this.#namespace(host))
    }
    if (execFileSync('ip', ['-o', 'link']).toString().includes(`${this.#bridge}:`))
      ip('link', 'del', this.#bridge)
  }

  get #bridge(): string {
    return `sy-${this.#run}`
  }
  #cable(host: string): string {
    return `sy-${this.#run}-${host}`
  }
  #namespace(host: string): string {
    return `synod-${this.#run}-${host}`
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** What is missing on this machine to do this; undefined when all is there. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it makes network namespaces, and only root may'
  try {
    execFileSync('ip', ['netns', 'list'])
    return undefined
  } catch {
    return 'there is no ip command: apt-get install iproute2'
  }
}
