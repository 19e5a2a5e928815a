/** Production nodes in one process, over loopback sockets and real files, for tests. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ActorType } from '../actor.ts'
import { type Address, type NodeId, nodeId } from '../address.ts'
import { listen, quick } from '../mesh/mesh.fixture.ts'
import type { NodeOptions, RunningNode } from './options.ts'
import { startNode } from './start-node.ts'

export type EchoMessage =
  | { readonly type: 'echo'; readonly text: string }
  /** Asks the echo of `to` to note the text. */
  | { readonly type: 'pass'; readonly to: Address; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'noted' }
  | { readonly type: 'who' }

interface Echo {
  readonly incarnation: string
  readonly amnesiac: boolean
  readonly noted: string[]
  readonly peers: Record<string, boolean>
}

/** Answers, notes durably, and knows which peers it was told of. */
export const echo: ActorType<Echo, EchoMessage, undefined> = {
  type: 'echo',
  observesPeers: true,
  start({ incarnation, amnesiac }, rows) {
    return { incarnation, amnesiac, noted: [...rows.entries()].map(([key]) => key), peers: {} }
  },
  receive(state, event, out) {
    if (event.kind === 'peer') state.peers[event.node] = event.reachable
    if (event.kind !== 'message' && event.kind !== 'request') return
    const { message } = event
    if (message.type === 'pass') out.send(message.to, { type: 'note', text: message.text })
    if (message.type === 'note') {
      state.noted.push(message.text)
      out.save(message.text, true)
    }
    if (event.kind !== 'request') return
    if (message.type === 'echo') out.reply(event.request, message.text)
    else if (message.type === 'noted') out.reply(event.request, [...state.noted])
    else if (message.type === 'who') {
      out.reply(event.request, {
        incarnation: state.incarnation,
        amnesiac: state.amnesiac,
        peers: { ...state.peers },
      })
    } else out.reply(event.request, 'done')
  },
  describe: state => ({ noted: state.noted, incarnation: state.incarnation }),
}

export const echoOf = (node: NodeId) => `${node}/echo/a` as Address

export interface TestNode {
  readonly node: NodeId
  readonly folder: string
  readonly fatal: unknown[]
  readonly logged: string[]
  running: RunningNode | undefined
}

export class TestCluster {
  readonly nodes: readonly TestNode[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'synod-node-'))
  readonly #servers = new Map<NodeId, { server: Server; port: number }>()

  constructor(size: number) {
    this.nodes = Array.from({ length: size }, (_, index) => {
      const node = nodeId(`n${index + 1}`)
      return { node, folder: join(this.#folder, node), fatal: [], logged: [], running: undefined }
    })
  }

  async listen(): Promise<void> {
    for (const { node } of this.nodes) this.#servers.set(node, await listen())
  }

  async start(which: TestNode, changes: Partial<NodeOptions> = {}): Promise<RunningNode> {
    const at = this.#servers.get(which.node)
    if (at === undefined) throw new Error('listen first')
    which.running = await startNode({
      cluster: 'test',
      node: which.node,
      folder: which.folder,
      secret: 'secret',
      members: [...this.#servers].map(([id, { port }]) => ({ id, host: '127.0.0.1', port })),
      server: at.server,
      actors: [{ type: echo, name: 'a', config: undefined }],
      log: (_, message, fields) => which.logged.push(`${message} ${JSON.stringify(fields)}`),
      onFatal: error => which.fatal.push(error),
      faults: true,
      freeze: true,
      ...changes,
      limits: { mesh: quick, sightingsMs: 20 },
    })
    return which.running
  }

  async startAll(): Promise<RunningNode[]> {
    await this.listen()
    const running = await Promise.all(this.nodes.map(node => this.start(node)))
    await Promise.all(running.map(node => node.whenReady))
    return running
  }

  copyFolder(of: TestNode): string {
    const copy = `${of.folder}.copy`
    cpSync(of.folder, copy, { recursive: true })
    return copy
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.running?.stop()))
    for (const { server } of this.#servers.values()) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
