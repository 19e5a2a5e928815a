/** Turns a definition into an actor type: starts it from its rows, calls its handlers, saves what they changed. */
import { type ActorType, assert, type Event, type Outbox } from '../actor.ts'
import { type Address, actorOf } from '../address.ts'
import { ActorContext } from './context.ts'
import { copy, picture } from './copy.ts'
import type { Behaviour, Handler } from './define-actor.ts'
import { DurableTimers, durableFields, saveChanges } from './durable.ts'

/** What travels to an actor of the surface. */
export interface Call {
  readonly type: string
  readonly args: unknown
}
/** What its answer looks like. */
export type Returned =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string }

interface Instance<State> {
  readonly self: Address
  readonly name: string
  readonly state: State
  /** The encoded bytes of each field, as last saved; empty for what is not durable. */
  readonly saved: Map<string, Uint8Array>
}

export function actorTypeOf<State extends object, H extends Readonly<Record<string, Handler<State>>>>(
  behaviour: Behaviour<State, H>,
): ActorType<Instance<State>, Call, unknown> {
  const { type, check, mailboxLimit, durable = false } = behaviour
  return {
    type,
    start({ self, now }, rows, out) {
      const name = actorOf(self).slice(type.length + 1)
      const state = behaviour.state(name)
      const saved = new Map<string, Uint8Array>()
      if (durable) {
        for (const [field, bytes, value] of durableFields(rows)) {
          saved.set(field, bytes)
          Reflect.set(state, field, value)
        }
        DurableTimers.start(rows, now, out)
      }
      return { self, name, state, saved }
    },
    receive(instance, event, out) {
      const context = new ActorContext(instance.self, instance.name, event.now, out, behaviour)
      if (event.kind === 'timer') fire(behaviour, instance.state, event.name, context)
      else if (event.kind !== 'peer') call(behaviour.on, instance.state, event, context, out)
      if (durable) saveChanges(instance.state, instance.saved, out)
    },
    describe: instance => picture(instance.state),
    ...(check && { check: (instance: Instance<State>) => check(instance.state) }),
    ...(mailboxLimit !== undefined && { mailboxLimit }),
  }
}

function call<State>(
  on: Readonly<Record<string, Handler<State>>>,
  state: State,
  event: Exclude<Event<Call>, { kind: 'timer' | 'peer' }>,
  context: ActorContext,
  out: Outbox,
): void {
  const { type, args } = event.message
  const handler = Object.hasOwn(on, type) ? on[type] : undefined
  const returned: Returned =
    handler === undefined
      ? { ok: false, problem: `no handler for ${type}` }
      : { ok: true, value: settled(type, handler(state, args as never, context)) }
  if (event.kind === 'request') out.reply(event.request, returned)
  else if (!returned.ok) context.note('unknown message', { type })
}

/** A handler that waits would change the state after its turn was committed. */
function settled(type: string, value: unknown): unknown {
  const waits =
    typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  assert(!waits, `handler ${type} is synchronous: it returns its answer, not a promise`)
  return copy(value)
}

function fire<State extends object, H extends Readonly<Record<string, Handler<State>>>>(
  behaviour: Behaviour<State, H>,
  state: State,
  name: string,
  context: ActorContext,
): void {
  context.fired(name)
  const handler = behaviour.timers?.[name]
  // A timer that an older version of the definition had armed.
  if (handler === undefined) context.note('unknown timer', { name })
  else handler(state, context)
}
