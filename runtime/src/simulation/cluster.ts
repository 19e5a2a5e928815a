/** The nodes and links of a simulation, and everything that can befall them. Each fault is one call. */
import { type ActorId, type Address, actorOf, type NodeId, nodeId, nodeOf } from '../address.ts'
import type { FaultPlane } from '../faults/plane.ts'
import type { MemoryStorage } from '../storage/memory.ts'
import { fairWeather, type Network, type Weather } from './network.ts'
import type { CrashOptions } from './options.ts'
import { fnv1a } from './random.ts'
import type { Reachability } from './reachability.ts'
import type { SimNode } from './sim-node.ts'
import { Tally } from './tally.ts'
import type { Trace } from './trace.ts'

export abstract class Cluster {
  /** Which faults, of those that were drawn, really struck. */
  readonly happened = new Tally()
  abstract readonly nodes: readonly NodeId[]
  abstract readonly network: Network
  abstract readonly trace: Trace
  abstract readonly now: number
  protected abstract readonly hosts: ReadonlyMap<NodeId, SimNode>
  protected abstract readonly reachability: Reachability

  /** Fault rules on single messages, as in a running cluster. */
  get faults(): FaultPlane {
    return this.network.faults
  }

  crash(node: string, options: CrashOptions = {}): void {
    const host = this.host(node)
    const { at = 'now', wipe, rollback } = options
    if (at !== 'now') {
      host.plannedEnd = at
      return
    }
    if (host.status !== 'down') this.happened.add('crash')
    host.crash('crashed')
    if (wipe) this.#replaceDisk(host, host.storage.wipe())
    if (rollback) this.#replaceDisk(host, rollback)
    this.note('fault', node, { crash: { wipe: wipe === true, rollback: rollback !== undefined } })
  }

  restart(node: string): void {
    const host = this.host(node)
    if (host.status === 'down') host.start()
  }

  status(node: string): SimNode['status'] {
    return this.host(node).status
  }

  /** A number that changes whenever the node dies or starts. */
  life(node: string): number {
    return this.host(node).boot
  }

  pause(node: string, ms: number): void {
    this.note('fault', node, { pauseMs: ms })
    this.happened.add('pause')
    this.host(node).pause(ms)
  }
  resume(node: string): void {
    this.host(node).resume()
  }

  /** How far the wall clock is off; the monotonic one never is. */
  setClock(node: string, skewMs: number): void {
    this.note('fault', node, { skewMs })
    this.happened.add(Math.abs(skewMs) > 60_000 ? 'clock jump' : 'clock skew')
    this.host(node).wallSkewMs = skewMs
  }

  /** What the node's wall clock shows, right or wrong. */
  wallMs(node: string): number {
    return this.host(node).now().wallMs
  }

  /** Every turn takes this much longer; 0 ends it. */
  slowNode(node: string, ms: number): void {
    this.note('fault', node, { slowNodeMs: ms })
    if (ms > 0) this.happened.add('slow node')
    this.host(node).slowTurnMs = ms
  }

  /** Every commit takes this much longer; 0 ends it. */
  slowDisk(node: string, ms: number): void {
    this.note('fault', node, { slowDiskMs: ms })
    if (ms > 0) this.happened.add('slow disk')
    this.host(node).slowDiskMs = ms
  }

  /** The next commit fails, which ends the node. */
  failCommit(node: string): void {
    this.note('fault', node, { failCommit: true })
    this.host(node).plannedEnd = 'failedCommit'
  }

  /** No commit succeeds, in this life or a later one, until there is space. */
  fillDisk(node: string): void {
    this.note('fault', node, { fillDisk: true })
    this.host(node).diskFull = true
  }
  freeDisk(node: string): void {
    this.note('heal', node, { freeDisk: true })
    this.host(node).diskFull = false
  }

  /** Damages a row on the disk; false when there is no such row. Found when it is read, at the next start at latest. */
  flipBit(node: string, actor: ActorId, key: string): boolean {
    this.note('fault', node, { flipBit: { actor, key } })
    const flipped = this.host(node).storage.flipBit(actor, key)
    if (flipped) this.happened.add('bit flipped')
    return flipped
  }

  /** Whether the node was refused its start by a damaged row, as it will be again until its disk is replaced. */
  damaged(node: string): boolean {
    return this.host(node).damage !== undefined
  }

  /** One direction only. */
  cut(from: string, to: string): void {
    this.note('fault', from, { cut: to })
    this.happened.add('cut')
    this.network.cut(nodeId(from), nodeId(to))
    this.reachability.changed()
  }

  mend(from: string, to: string): void {
    this.note('heal', from, { mend: to })
    this.network.mend(nodeId(from), nodeId(to))
    this.reachability.changed()
  }

  /** Nothing between the two sides, either way. */
  partition(left: readonly string[], right: readonly string[]): void {
    for (const one of left) {
      for (const other of right) {
        this.cut(one, other)
        this.cut(other, one)
      }
    }
  }

  /** In one direction messages pile up, until they come all at once. */
  clog(from: string, to: string): void {
    this.note('fault', from, { clog: to })
    this.happened.add('clog')
    this.network.clog(nodeId(from), nodeId(to))
    this.reachability.changed()
  }

  unclog(from: string, to: string): void {
    this.note('heal', from, { unclog: to })
    this.network.unclog(nodeId(from), nodeId(to))
    this.reachability.changed()
  }

  /** The live state of an actor; undefined while its node is down. For invariants: never change it. */
  state(of: Address): unknown {
    return this.host(nodeOf(of)).state(actorOf(of))
  }

  storage(node: string): MemoryStorage {
    return this.host(node).storage
  }

  /** Fair weather, all links whole, all disks good, all nodes up. Clocks stay as wrong as they are. */
  protected mendAll(weather: Partial<Weather> | undefined): void {
    this.note('heal', '', {})
    this.network.weather = { ...fairWeather, ...weather }
    this.network.mendAll()
    this.faults.clear()
    for (const host of this.hosts.values()) {
      host.slowDiskMs = 0
      host.slowTurnMs = 0
      host.diskFull = false
      host.plannedEnd = undefined
      // What an operator does with a file that is refused: it is moved away, and the replicas restore what it held.
      if (host.damage !== undefined) this.#replaceDisk(host, host.storage.wipe())
      if (host.status === 'down') host.start()
      else host.resume()
    }
    this.reachability.changed()
  }

  protected host(node: string): SimNode {
    const host = this.hosts.get(nodeId(node))
    if (host === undefined) throw new RangeError(`no node ${node} in this simulation`)
    return host
  }

  protected note(kind: 'fault' | 'heal', node: string, fault: Readonly<Record<string, unknown>>): void {
    this.trace.event(kind, this.now, 0, fnv1a(node), fnv1a(Object.keys(fault).join()))
    if (this.trace.written) this.trace.line({ at: this.now, kind, node, ...fault })
  }

  #replaceDisk(host: SimNode, disk: MemoryStorage): void {
    host.storage = disk
    host.damage = undefined
  }
}
