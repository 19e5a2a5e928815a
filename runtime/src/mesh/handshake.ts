/**
 * Who is at the other end (SPEC.md, MS3–MS6): hello, challenge, proof, welcome, ready. Both sides show that they know
 * the cluster's secret by an HMAC-SHA256 over everything said before, both nonces included; then each tells what it has
 * seen of the other and of all others (the amnesia rule's answer). A pure state machine: no socket, no clock.
 *
 * The dialler proves itself first: whoever can connect must not collect proofs to guess the secret from.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { NodeId } from '../address.ts'
import { isIncarnation, noIncarnation } from '../membership/standing.ts'
import type { Testimony } from '../membership/witnesses.ts'
import { fieldsOf, type SightingFields, sightingOf } from '../storage/sighting-fields.ts'
import type { Sighting } from '../storage/storage.ts'
import { type Agreement, demandAgreement } from './agreement.ts'
import { Refusal } from './close-codes.ts'
import type { Claim } from './frame.ts'
import { isCount } from './frame-error.ts'

/** Raised when a node that speaks the new version could not talk with one that speaks the old. */
export const wireVersion = 5

export interface Party {
  readonly cluster: string
  readonly node: NodeId
  readonly secret: string
  /** What this node says of itself, read at the moment of the hello. */
  claim(): Claim
  /** What this node has seen; asked once the peer has proved who it is. */
  testimony(): Testimony
  /** 16 random bytes in hex. */
  nonce(): string
  readonly agreement?: Agreement | undefined
}

interface Hello extends Claim {
  readonly version: number
  readonly cluster: string
  readonly node: string
  readonly nonce: string
}

/** What the handshake found out: the authenticated peer, what it claims, and what it has seen. */
export interface Met {
  readonly peer: NodeId
  readonly claim: Claim
  readonly testimony: Testimony
}

export type Step = { readonly say?: string; readonly met?: Met }

type Phase = 'hello' | 'challenge' | 'proof' | 'welcome' | 'ready' | 'done'

export class Handshake {
  /** The peer, from when it has shown that it knows the secret. */
  proved: NodeId | undefined
  #phase: Phase
  #ours: Hello
  #theirs: Hello | undefined
  readonly #party: Party
  readonly #dials: boolean
  readonly #expected: (node: string) => NodeId | undefined

  /** `expected` maps a claimed name to the peer it may be on this link, or undefined. */
  constructor(party: Party, dials: boolean, expected: (node: string) => NodeId | undefined) {
    this.#party = party
    this.#dials = dials
    this.#expected = expected
    this.#phase = dials ? 'challenge' : 'hello'
    this.#ours = {
      version: wireVersion,
      cluster: party.cluster,
      node: party.node,
      ...party.claim(),
      nonce: party.nonce(),
    }
  }

  /** The dialler's first words. */
  hello(): string {
    return JSON.stringify({ type: 'hello', ...this.#ours })
  }

  /** Throws a `Refusal` when the link must end. */
  receive(text: string): Step {
    const message = parse(text)
    if (message.type !== this.#phase) {
      throw new Refusal('notAFrame', `expected ${this.#phase} of the mesh handshake`)
    }
    switch (this.#phase) {
      case 'hello':
        return this.#onHello(message)
      case 'challenge':
        return this.#onChallenge(message)
      case 'proof':
        return this.#onProof(message)
      case 'welcome':
        return this.#onWelcome(message)
      default:
        return this.#onReady(message)
    }
  }

  #onHello(message: Fields): Step {
    this.#theirs = this.#checked(message)
    this.#phase = 'proof'
    return { say: JSON.stringify({ type: 'challenge', ...this.#ours }) }
  }

  #onChallenge(message: Fields): Step {
    this.#theirs = this.#checked(message)
    this.#phase = 'welcome'
    return { say: JSON.stringify({ type: 'proof', proof: this.#proof(true) }) }
  }

  #onProof(message: Fields): Step {
    this.#demandProof(message)
    this.#phase = 'ready'
    this.proved = this.#peer()
    return { say: JSON.stringify({ type: 'welcome', proof: this.#proof(false), ...this.#told() }) }
  }

  #onWelcome(message: Fields): Step {
    this.#demandProof(message)
    this.proved = this.#peer()
    demandAgreement(this.#party.agreement, this.#peer(), message.terms)
    this.#phase = 'done'
    return {
      say: JSON.stringify({ type: 'ready', ...this.#told() }),
      met: this.#met(message),
    }
  }

  #onReady(message: Fields): Step {
    demandAgreement(this.#party.agreement, this.#peer(), message.terms)
    this.#phase = 'done'
    return { met: this.#met(message) }
  }

  #checked(message: Fields): Hello {
    const { version, cluster, node, nonce, incarnation, turn } = message
    if (version !== wireVersion) {
      throw new Refusal(
        'badVersion',
        `speaks wire version ${wireVersion} here: run the same release on both nodes`,
      )
    }
    if (cluster !== this.#party.cluster) {
      throw new Refusal(
        'wrongCluster',
        'another cluster: give both nodes the same cluster id, or other addresses',
      )
    }
    const peer = typeof node === 'string' ? this.#expected(node) : undefined
    if (peer === undefined) {
      throw new Refusal(
        'unknownNode',
        'not the node expected here: make the member lists of both nodes equal',
      )
    }
    if (typeof nonce !== 'string' || nonce.length < 32 || nonce.length > 128 || !isClaim(incarnation, turn)) {
      throw new Refusal('notAFrame', 'not a hello of the mesh')
    }
    return {
      version: wireVersion,
      cluster: this.#party.cluster,
      node: peer,
      incarnation,
      turn: turn as number,
      nonce,
    }
  }

  #demandProof(message: Fields): void {
    const { proof } = message
    const expected = Buffer.from(this.#proof(!this.#dials), 'hex')
    const given = Buffer.from(typeof proof === 'string' ? proof : '', 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new Refusal('badSecret', 'wrong cluster secret: give both nodes the same one')
    }
  }

  /** Over who proves and all that both sides said, so that no proof is good for anything else. */
  #proof(byDialler: boolean): string {
    const [dialler, accepter] = this.#dials ? [this.#ours, this.#theirs] : [this.#theirs, this.#ours]
    const said = [byDialler ? 'dialler' : 'accepter', words(dialler), words(accepter)]
    return createHmac('sha256', this.#party.secret).update(JSON.stringify(said)).digest('hex')
  }

  /** What is said to nobody but a member. */
  #told(): { settled: boolean; seen: readonly unknown[]; terms?: string } {
    const { settled, sightings } = this.#party.testimony()
    const seen = [...sightings].map(([node, sighting]) => [node, ...fieldsOf(sighting)])
    const { agreement } = this.#party
    return { settled, seen, ...(agreement === undefined ? {} : { terms: agreement.terms }) }
  }

  #met(message: Fields): Met {
    const { incarnation = '', turn = 0 } = this.#theirs ?? {}
    return { peer: this.#peer(), claim: { incarnation, turn }, testimony: testimonyOf(message) }
  }

  #peer(): NodeId {
    return (this.#theirs?.node ?? '') as NodeId
  }
}

type Fields = Readonly<Record<string, unknown>>

function parse(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Fields
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Refusal('notAFrame', 'not a message of the mesh handshake')
}

function words(hello: Hello | undefined): unknown[] {
  if (hello === undefined) return []
  return [hello.version, hello.cluster, hello.node, hello.incarnation, hello.turn, hello.nonce]
}

function isClaim(incarnation: unknown, turn: unknown): incarnation is string {
  if (typeof incarnation !== 'string' || !isCount(turn)) return false
  return incarnation === noIncarnation || isIncarnation(incarnation)
}

function testimonyOf({ settled, seen }: Fields): Testimony {
  if (typeof settled !== 'boolean' || !Array.isArray(seen)) {
    throw new Refusal('notAFrame', 'not an answer what was seen')
  }
  return { settled, sightings: new Map(seen.map(sightingIn)) }
}

function sightingIn(value: unknown): readonly [NodeId, Sighting] {
  if (Array.isArray(value)) {
    const [node, incarnation, turn, hearsay] = value as unknown[]
    const isSighting = typeof incarnation === 'string' && isIncarnation(incarnation) && isCount(turn)
    if (typeof node === 'string' && isSighting && (hearsay === undefined || hearsay === true)) {
      const fields: SightingFields = hearsay ? [incarnation, turn, true] : [incarnation, turn]
      return [node as NodeId, sightingOf(fields)]
    }
  }
  throw new Refusal('notAFrame', 'not a sighting')
}
