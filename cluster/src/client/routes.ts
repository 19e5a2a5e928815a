/**
 * Which node to ask. Any node answers anything, but only the leader of a key's group can do so without passing it on:
 * so a client keeps a connection to every node, the shard map and who leads, and asks there. All of it is a hint: what
 * is old or missing costs a hop, never an answer.
 */
import { locate, type RoutesAnswer, type ShardMap } from '@synod/actors'
import { Connection } from './connection.ts'

/** How long what is known of leaders is used. */
const freshMs = 1_000
const askMs = 2_000
/** How long what a node believes is held against another. */
const saidMs = 3 * freshMs

/** What a node said last of all groups. */
interface Said {
  readonly at: number
  readonly leaders: Readonly<Record<string, string>>
}

export class Routes {
  readonly #connections: readonly Connection[]
  readonly #home: Connection
  #map: ShardMap | undefined
  readonly #leaders = new Map<string, string>()
  readonly #said = new Map<string, Said>()
  #askAt = 0

  constructor(urls: readonly string[], startAt: number, token?: string) {
    this.#connections = urls.map((_, at) => new Connection(urls, at, token))
    this.#home = this.#connections[startAt % urls.length] as Connection
  }

  /** For what has no one place. */
  get anywhere(): Connection {
    return this.#home
  }

  /** The connection to the node that leads the key's group, as far as known. */
  to(keyspace: string, key: string): Connection {
    if (this.#connections.length === 1) return this.#home
    this.#askWhenDue()
    const group = this.#map === undefined ? undefined : locate(this.#map, keyspace, key)?.group
    return group === undefined ? this.#home : this.#toGroup(group)
  }

  #toGroup(group: string): Connection {
    const leader = this.#leaders.get(group)
    if (leader === undefined) return this.#home
    return this.#connections.find(connection => connection.node === leader) ?? this.#home
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #askWhenDue(): void {
    const now = performance.now()
    if (now < this.#askAt) return
    this.#askAt = now + freshMs
    for (const connection of this.#connections) {
      if (connection !== this.#home) connection.returnWhenIdle()
      this.#ask(connection)
    }
  }

  #ask(connection: Connection): void {
    connection.call({ type: 'routes', deadlineMs: askMs }, askMs, answer => {
      const routes = answer as RoutesAnswer | { readonly type: 'failed' | 'noAnswer' }
      if (routes.type === 'routes') this.#learn(connection, routes)
    })
  }

  #learn(connection: Connection, routes: RoutesAnswer): void {
    connection.arrivedAt(routes.node)
    if (this.#map === undefined || routes.map.epoch >= this.#map.epoch) this.#map = routes.map
    this.#said.set(routes.node, { at: performance.now(), leaders: routes.leaders })
    for (const [group, leader] of Object.entries(routes.leaders)) {
      const asked = this.#toGroup(group).node
      // Whom we ask has learnt who answers; another node may still believe what was true before.
      if (asked === routes.node) this.#leaders.set(group, leader)
      else if (asked !== undefined && this.#isPassedBy(asked, group)) this.#leaders.set(group, leader)
    }
  }

  /** All others that answer, and they are most, ask elsewhere: they cannot hear it, and it may not know. */
  #isPassedBy(node: string, group: string): boolean {
    const since = performance.now() - saidMs
    const others = [...this.#said].filter(([name, { at }]) => name !== node && at > since)
    return (
      others.length > this.#connections.length / 2 &&
      others.every(([, { leaders }]) => leaders[group] !== node)
    )
  }
}
