/**
 * The peer of the put bench: three etcd nodes on loopback, loaded by a Go program on etcd's own client, since a gRPC
 * client in JavaScript costs more than etcd itself. The program is built by Debian's Go packages, in GOPATH mode.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, stopChild } from '../children.ts'
import { freePorts, newFolder, removeFolder } from '../places.ts'
import type { PutLoad, PutResult } from '../put-load.ts'

const source = fileURLToPath(new URL('etcd-put/main.go', import.meta.url))
const goPath = '/usr/share/gocode'
export const etcdFile = '/usr/bin/etcd'
const parts = [
  { file: etcdFile, package: 'etcd-server' },
  { file: '/usr/bin/go', package: 'golang-go' },
  { file: join(goPath, 'src/go.etcd.io/etcd/clientv3'), package: 'golang-etcd-server-dev' },
]

/** Debian packages that are not installed. */
export function missingForEtcd(): readonly string[] {
  return parts.filter(part => !existsSync(part.file)).map(part => part.package)
}

/** Enough to run it; to load it as fast as it can be takes the rest. */
export function isEtcdHere(): boolean {
  return existsSync(etcdFile)
}

export async function etcdVersion(): Promise<string> {
  const printed = await run(etcdFile, ['--version'], { timeoutMs: 10_000 })
  return /etcd Version: (\S+)/.exec(printed)?.[1] ?? 'unknown version'
}

/** Builds the load generator; answers its path. */
export async function buildEtcdLoad(folder: string): Promise<string> {
  const program = join(folder, 'etcd-put')
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH: goPath,
    GOFLAGS: '',
    GOCACHE: join(folder, 'go-cache'),
  }
  await run('/usr/bin/go', ['build', '-o', program, source], { timeoutMs: 600_000, env })
  return program
}

export interface EtcdCluster {
  readonly endpoints: readonly string[]
  readonly pids: readonly number[]
  readonly members: readonly Member[]
  pidOf(name: string): number | undefined
  /** Of a member whose process has ended. */
  restart(name: string): void
  stop(): Promise<void>
}

export async function startEtcd(): Promise<EtcdCluster> {
  const folder = newFolder('etcd')
  const first = await freePorts(6)
  const members = [0, 1, 2].map(at => ({
    name: `m${at}`,
    client: `http://127.0.0.1:${first + 2 * at}`,
    peer: `http://127.0.0.1:${first + 2 * at + 1}`,
  }))
  const initial = members.map(member => `${member.name}=${member.peer}`).join(',')
  const children = new Map<string, ChildProcess>()
  const start = (member: Member) => children.set(member.name, startMember(folder, member, initial))
  for (const member of members) start(member)
  const stop = async () => {
    await Promise.all([...children.values()].map(child => stopChild(child)))
    removeFolder(folder)
  }
  try {
    for (const member of members) await healthy(member.client)
    return {
      endpoints: members.map(member => member.client),
      pids: [...children.values()].flatMap(child => child.pid ?? []),
      members,
      pidOf: name => children.get(name)?.pid,
      restart(name) {
        const member = members.find(one => one.name === name)
        if (member !== undefined) start(member)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export interface Member {
  readonly name: string
  readonly client: string
  readonly peer: string
}

function startMember(folder: string, { name, client, peer }: Member, initial: string): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), 'a')
  const addresses = ['--listen-client-urls', client, '--advertise-client-urls', client]
  const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer]
  const join_ = ['--initial-cluster', initial, '--initial-cluster-state', 'new', '--log-level', 'error']
  const child = spawn(
    etcdFile,
    ['--name', name, '--data-dir', join(folder, name), ...addresses, ...peers, ...join_],
    {
      stdio: ['ignore', log, log],
    },
  )
  closeSync(log)
  return child
}

/** Healthy means that there is a leader and a write went through. */
async function healthy(url: string): Promise<void> {
  const until = performance.now() + 20_000
  while (performance.now() < until) {
    try {
      const answer = (await (await fetch(`${url}/health`)).json()) as { health?: string }
      if (answer.health === 'true') return
    } catch {
      // Not listening yet: asked again until the deadline.
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`etcd at ${url} was not healthy within 20 s`)
}

export async function loadEtcd(
  program: string,
  cluster: EtcdCluster,
  load: Omit<PutLoad, 'urls'>,
): Promise<PutResult> {
  const args = [
    ...['-endpoints', cluster.endpoints.map(url => url.replace('http://', '')).join(',')],
    ...[
      '-callers',
      String(load.callers),
      '-keys',
      String(load.keys),
      '-value-bytes',
      String(load.valueBytes),
    ],
    ...['-warm-up', `${load.warmUpSeconds}s`, '-duration', `${load.seconds}s`],
  ]
  const timeoutMs = (load.warmUpSeconds + load.seconds + 30) * 1_000
  return JSON.parse(await run(program, args, { timeoutMs })) as PutResult
}
