/** What a bounded search is told: who is there, what may happen to them and how often, and what must hold. */
import { type Address, actorOf, type NodeId, nodeOf } from '../../address.ts'
import type { Activation } from '../../kernel/ports.ts'
import type { SearchNode } from './turns.ts'

/** A message under way. Two that are equal have the same hash. */
export interface Flight {
  readonly from: Address
  readonly to: Address
  readonly message: unknown
  readonly hash: number
}

export interface Bounds {
  /** Restarts of a node, at any commit point or between turns; all nodes together. */
  readonly crashes: number
  /** Messages that get lost. One that is merely late never needs this: any of them may wait for ever. */
  readonly losses: number
  /** Messages that stay under way when they are delivered. */
  readonly copies: number
  /**
   * How often a timer may fire, all nodes together, by `type name` ("proposer election"). One that is not named never
   * does.
   */
  readonly timers: Readonly<Record<string, number>>
}

export interface SearchModel<Ghost> {
  readonly name: string
  readonly about: string
  /** Nodes and their actors, in the order in which they start. */
  readonly nodes: readonly { readonly node: NodeId; readonly actors: readonly Activation[] }[]
  /** Messages from outside that have come before the search begins, one after the other, with all that follows. */
  readonly prelude?: readonly Pick<Flight, 'from' | 'to' | 'message'>[]
  /** Messages from outside that may come at any time, each once. */
  readonly inputs: readonly Pick<Flight, 'from' | 'to' | 'message'>[]
  readonly bounds: Bounds
  /** How far a node's clock is when it starts; the same for all by default. Makes what they say different. */
  readonly wallMs?: (node: NodeId) => number
  /** How far a timer that fires moves its node's clocks; by `type name`, 0 by default. */
  readonly advanceMs?: Readonly<Record<string, number>>
  /**
   * A message that can change nothing any more, in this world and in every later one, or that the question does not
   * depend on: it is taken away at once. Each that is spared halves the states to come.
   */
  readonly isOver?: (flight: Flight, world: World<Ghost>) => boolean
  /** What happened, as far as the rules need to remember: part of the state, plain and never changed in place. */
  readonly ghost: Ghost
  readonly remember?: (ghost: Ghost, seen: Seen<Ghost>) => Ghost
  /** Rule → throws when it is broken. Looked at in every state. */
  readonly rules: Readonly<Record<string, (world: World<Ghost>) => void>>
  /** Rule → throws when a node must not become so in one step, a restart included. */
  readonly turnRules?: Readonly<Record<string, (before: SearchNode, after: SearchNode) => void>>
  /** What must be reached at least once, lest the search prove nothing. Looked at with every step to a new state. */
  readonly goals: Readonly<Record<string, (seen: Seen<Ghost>) => boolean>>
  /** A message in the words of its protocol. */
  readonly tell?: (message: unknown) => string
  /**
   * What must hold when the faults are over: from a state, everything under way is delivered and timers fire, in
   * rounds, until this no longer throws. Tried for every so many states.
   */
  readonly settled?: {
    readonly rule: string
    readonly every: number
    readonly rounds: number
    /** These fire in each round, by `type name`. */
    readonly timers: readonly string[]
    readonly holds: (world: World<Ghost>) => void
  }
}

/** One step as the rules see it. */
export interface Seen<Ghost> {
  readonly before: World<Ghost>
  readonly after: World<Ghost>
  readonly step: Step
  /** Sent in this step to a node that is not there: to a client, say. */
  readonly outside: readonly Flight[]
}

/** How the turn that a step causes ends. */
export type End = 'whole' | 'beforeCommit' | 'afterCommit'

export type Step =
  | {
      readonly kind: 'deliver'
      readonly node: NodeId
      readonly flight: Flight
      readonly stays: boolean
      readonly end: End
    }
  | { readonly kind: 'lose'; readonly flight: Flight }
  | {
      readonly kind: 'timer'
      readonly node: NodeId
      readonly actor: Address
      readonly name: string
      readonly end: End
    }
  | { readonly kind: 'crash'; readonly node: NodeId }

/** How much of the bounds is used up. */
export interface Used {
  readonly crashes: number
  readonly losses: number
  readonly copies: number
  readonly timers: Readonly<Record<string, number>>
}

/** One state of everything: never changed; steps make new ones that share what they did not touch. */
export class World<Ghost = unknown> {
  readonly nodes: readonly SearchNode[]
  /** Ordered by hash. */
  readonly flights: readonly Flight[]
  /** Frozen, as is the ghost. */
  readonly used: Used
  readonly ghost: Ghost

  constructor(nodes: readonly SearchNode[], flights: readonly Flight[], used: Used, ghost: Ghost) {
    this.nodes = nodes
    this.flights = flights
    this.used = used
    this.ghost = ghost
  }

  /** The live state of an actor, as in the simulator: the same predicates look at both. */
  state(actor: Address): unknown {
    return this.node(nodeOf(actor))?.states.get(actorOf(actor))
  }

  node(id: NodeId): SearchNode | undefined {
    return this.nodes.find(node => node.id === id)
  }
}
