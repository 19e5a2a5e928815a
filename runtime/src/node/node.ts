/**
 * The production host of one node: SQLite below, the mesh around, the kernel's turns in between. It starts its actors
 * once it is settled what the node remembers (membership/SPEC.md), and anew under another incarnation when a peer
 * shows later that it has forgotten something (AM10).
 */
import { type Address, type NodeId, nodeId, nodeOf } from '../address.ts'
import { FaultPlane } from '../faults/plane.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { Answer, Envelope, KernelPorts } from '../kernel/ports.ts'
import type { Claim } from '../mesh/frame.ts'
import type { Met } from '../mesh/handshake.ts'
import { Mesh } from '../mesh/mesh.ts'
import type { LinkStatus } from '../mesh/options.ts'
import type { Identity, Storage } from '../storage/storage.ts'
import { machineClock, monotonicMs } from './clock.ts'
import { Inbox } from './inbox.ts'
import { TurnLoop } from './loop.ts'
import { MemoryCheck } from './memory-check.ts'
import type { NodeOptions, RunningNode } from './options.ts'

const defaultSightingsMs = 1_000

/** Takes part from `begin` on, which may throw: then `stop` it. */
export class ProductionNode implements RunningNode {
  readonly node: NodeId
  readonly faults: FaultPlane | undefined
  readonly whenReady: Promise<void>
  kernel: Kernel | undefined
  readonly #options: NodeOptions
  readonly #storage: Storage
  readonly #memory: MemoryCheck
  readonly #mesh: Mesh
  readonly #inbox: Inbox
  readonly #loop: TurnLoop
  #flushes: NodeJS.Timeout | undefined
  #becameReady: () => void = () => {}
  #ended = false
  /** Answers that were still missing when that was last logged. */
  #missing = 0

  constructor(options: NodeOptions, storage: Storage) {
    this.#options = options
    this.#storage = storage
    this.node = options.node
    this.faults = options.faults === true ? new FaultPlane() : undefined
    this.#memory = new MemoryCheck(options, storage)
    this.whenReady = new Promise(resolve => {
      this.#becameReady = resolve
    })
    this.#loop = new TurnLoop(monotonicMs, error => this.#die(error))
    this.#inbox = this.#makeInbox()
    this.#mesh = this.#makeMesh()
  }

  begin(): void {
    this.#mesh.attach(this.#options.server)
    this.#mesh.start()
    this.#flushes = setInterval(
      () => this.#orDie(() => this.#memory.flush()),
      this.#options.limits?.sightingsMs ?? defaultSightingsMs,
    )
    this.#settle()
  }

  get identity(): Identity | undefined {
    return this.#memory.identity
  }

  ready(): boolean {
    return this.kernel !== undefined
  }

  turn(): number {
    return this.#storage.turn()
  }

  links(): LinkStatus[] {
    return this.#mesh.links()
  }

  tell(to: Address, message: unknown, trace?: string): void {
    this.kernel?.tell(to, message, trace)
  }

  ask(to: Address, message: unknown, timeoutMs: number, trace?: string): Promise<Answer> {
    return new Promise(resolve => this.request(to, message, timeoutMs, resolve, trace))
  }

  request(
    to: Address,
    message: unknown,
    timeoutMs: number,
    done: (answer: Answer) => void,
    trace?: string,
  ): void {
    const { kernel } = this
    const target = nodeOf(to)
    if (kernel === undefined || (target !== this.node && !this.#mesh.connected(target))) {
      done({ outcome: 'refused', reason: 'unreachable' })
    } else kernel.ask(to, message, timeoutMs, done, trace)
  }

  async stop(): Promise<void> {
    if (!this.#end()) return
    await this.#mesh.stop()
    this.#storage.close()
  }

  /** Asks what is known of this node, and goes on when enough have answered (AM1). */
  #settle(): void {
    const standing = this.#memory.settle()
    if (!standing.settled) {
      this.#waitFor(standing.missing)
      return
    }
    const { how, identity } = standing
    const { incarnation, amnesiac } = identity
    this.#options.log(how === 'lost' ? 'warn' : 'info', standingText[how], { incarnation, amnesiac })
    this.#startActors(identity)
  }

  #waitFor(missing: number): void {
    if (missing === this.#missing) return
    this.#missing = missing
    this.#options.log('info', 'waiting for other members to say what they saw', { missing })
  }

  /** A new kernel over the same rows; the one before, if any, is forgotten with all that waited in it. */
  #startActors(identity: Identity): void {
    this.#loop.stop()
    this.#inbox.clear()
    this.kernel?.abandon()
    const kernel = new Kernel(this.#kernelPorts(identity))
    this.kernel = kernel
    for (const { type, name, config, group } of this.#options.actors) {
      kernel.spawn(type, name, config, group)
    }
    for (const { peer, reachable } of this.#mesh.links()) if (reachable) kernel.peer(peer, true)
    this.#loop.run(kernel)
    this.#becameReady()
  }

  #kernelPorts({ incarnation, amnesiac }: Identity): KernelPorts {
    const { observer, activate, freeze, limits } = this.#options
    return {
      node: this.node,
      incarnation,
      amnesiac,
      storage: this.#storage,
      clock: machineClock,
      random: Math.random,
      transmit: (peer, envelopes) => this.#mesh.transmit(peer, envelopes),
      sightings: () => this.#memory.sightings.takeNews(),
      wake: this.#loop.wake,
      ...(observer && { observer }),
      ...(activate && { activate }),
      ...(freeze !== undefined && { freeze }),
      ...(limits?.kernel && { limits: limits.kernel }),
    }
  }

  #makeInbox(): Inbox {
    return new Inbox({
      node: this.node,
      faults: this.faults,
      monotonicMs,
      receive: (peer, envelopes) => this.kernel?.receive(peer, envelopes),
      taken: envelope => this.kernel?.deadLetter(envelope, 'fault'),
    })
  }

  #makeMesh(): Mesh {
    const { cluster, secret, members, agreement, log, limits } = this.#options
    return new Mesh({
      cluster,
      node: this.node,
      secret,
      peers: members
        .filter(member => member.id !== this.node)
        .map(({ id, host, port }) => ({ id: nodeId(id), host, port })),
      claim: () => this.#memory.claim(),
      testimony: () => this.#memory.testimony(),
      claimed: (peer, { incarnation, turn }) => this.#memory.sightings.claimed(peer, incarnation, turn),
      witnessed: met => this.#orDie(() => this.#witnessed(met)),
      confirmed: (peer, claim, askedMs) => this.#confirmed(peer, claim, askedMs),
      deliver: (peer, envelopes) => this.#inbox.deliver(peer, envelopes),
      lost: envelopes => this.#lost(envelopes),
      reachable: (peer, reachable) => this.kernel?.peer(peer, reachable),
      agreement,
      faults: this.faults,
      monotonicMs,
      random: Math.random,
      log,
      ...(limits?.mesh && { limits: limits.mesh }),
    })
  }

  #witnessed(met: Met): void {
    if (this.#ended || !this.#memory.witnessed(met, monotonicMs())) return
    this.#settle()
    // Of those who are not settled either, it counts who is still there now (AM13).
    if (!this.#memory.settled) this.#mesh.ping()
  }

  #confirmed(peer: NodeId, claim: Claim, askedMs: number): boolean {
    if (this.#ended || this.#memory.settled) return true
    if (!this.#memory.confirmed(peer, claim, askedMs)) return false
    this.#orDie(() => this.#settle())
    return true
  }

  #lost(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.kernel?.deadLetter(envelope, 'unreachable')
  }

  #orDie(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#die(error)
    }
  }

  /** Nothing may leave the node any more: what it says might not be on its disk. */
  #die(error: unknown): void {
    if (!this.#end()) return
    this.#mesh.abort()
    this.#options.onFatal(error)
  }

  /** False when it had ended before. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearInterval(this.#flushes)
    this.#loop.stop()
    this.#inbox.clear()
    const { kernel } = this
    this.kernel = undefined
    kernel?.abandon()
    return true
  }
}

const standingText = {
  first: 'first start of this node',
  kept: 'this node goes on where it was',
  lost: 'this node has forgotten what peers saw of it: it takes a new incarnation',
}
