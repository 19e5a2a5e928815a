/**
 * Calls the shop's services as an unlucky client with an idempotency key does: through changing nodes, always under
 * the same id, until there is a final answer or its patience ends.
 */
import type {
  OrdersRequest,
  PaymentRequest,
  ServiceAnswer,
  ServiceRefusal,
  StockRequest,
} from '@synod/actors'
import { address, assert, type Json } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'

type WithoutDeadline<Request> = Request extends unknown
  ? Omit<Request, 'deadlineMs' | 'id' | 'fingerprint'>
  : never
export type Call =
  | { readonly service: 'orders'; readonly request: WithoutDeadline<OrdersRequest> }
  | { readonly service: 'stock'; readonly request: WithoutDeadline<StockRequest> }
  | { readonly service: 'payment'; readonly request: WithoutDeadline<PaymentRequest> }

export type Called =
  | { readonly status: 'ok'; readonly body: Json }
  | { readonly status: 'refused'; readonly code: ServiceRefusal }
  /** It did not happen and never will. */
  | { readonly status: 'never' }
  /** It may have happened, or still happen. */
  | { readonly status: 'unknown' }

export interface CallerPorts {
  readonly sim: Simulation
  readonly random: Random
  readonly name: string
  reached(goal: string): void
}

interface Calling {
  readonly call: Call
  readonly session: string
  readonly giveUpMs: number
  readonly done: (called: Called) => void
  maybe: boolean
  tries: number
}

export class ServiceCaller {
  readonly #ports: CallerPorts
  #calls = 0

  constructor(ports: CallerPorts) {
    this.#ports = ports
  }

  call(call: Call, patienceMs: number, done: (called: Called) => void): void {
    this.#calls += 1
    const session = `${this.#ports.name}.${this.#calls}`
    this.#try({ call, session, giveUpMs: this.#ports.sim.now + patienceMs, done, maybe: false, tries: 0 })
  }

  #try(calling: Calling): void {
    const { sim, random } = this.#ports
    if (sim.now >= calling.giveUpMs && calling.tries > 0) {
      const status = calling.maybe ? 'unknown' : 'never'
      this.#ports.reached(`gave up: ${status}`)
      calling.done({ status })
      return
    }
    calling.tries += 1
    const node = random.pick(sim.nodes)
    const { service, request } = calling.call
    const deadlineMs = random.pick([300, 1500, 5000])
    const asked = {
      ...request,
      deadlineMs,
      id: { session: calling.session, sequence: 1 },
      fingerprint: JSON.stringify(request),
      retainMs: 600_000,
    }
    sim.ask(node, address(node, service, 'main'), asked, deadlineMs + 2000, answer => {
      if (answer.outcome === 'answered') this.#judge(calling, answer.result as ServiceAnswer)
      else {
        if (answer.outcome === 'timeout') calling.maybe = true
        this.#again(calling)
      }
    })
  }

  #judge(calling: Calling, answer: ServiceAnswer): void {
    const { type } = calling.call.request
    switch (answer.status) {
      case 'ok':
        this.#ports.reached(`${type}: ok`)
        if (calling.tries > 1) this.#ports.reached('ok after a retry')
        calling.done({ status: 'ok', body: answer.body })
        return
      case 'refused':
        this.#ports.reached(`${type}: ${answer.code}`)
        calling.done({ status: 'refused', code: answer.code })
        return
      case 'unknown':
        calling.maybe = true
        this.#again(calling)
        return
      case 'unavailable':
      case 'overloaded':
        // Definite only over links that deliver a message once, as sockets do (sessions EX5).
        if (this.#ports.sim.network.doubled) calling.maybe = true
        this.#again(calling)
        return
      case 'expired':
        // Retention ends by the group's clock: a leader whose wall clock jumps an hour ends that of ten minutes at
        // once.
        assert(this.#ports.sim.happened.of('clock jump') > 0, 'an answer expires when its time is over')
        calling.done({ status: 'unknown' })
        return
      default:
        assert(false, `a client with its own ids was told ${JSON.stringify(answer)}`)
    }
  }

  #again(calling: Calling): void {
    this.#ports.sim.after(this.#ports.random.between(1, 100), () => this.#try(calling))
  }
}

/** A text field of an answer's body. */
export function textOf(body: Json, field: string): string {
  const value = (body as { readonly [key: string]: Json })[field]
  assert(typeof value === 'string', `an answer has ${field}: ${JSON.stringify(body)}`)
  return value
}

export function numberOf(body: Json, field: string): number {
  const value = (body as { readonly [key: string]: Json })[field]
  assert(typeof value === 'number', `an answer has ${field}: ${JSON.stringify(body)}`)
  return value
}
