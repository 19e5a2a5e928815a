/** A way through worlds, told so that it can be read: a line per step, and below it what came of it. */
import { decode } from '../../codec.ts'
import type { Step } from './model.ts'
import type { Move } from './moves.ts'

type Tell = (message: unknown) => string

/** `tell`: a message in the words of its protocol. */
export function story<Ghost>(way: readonly Move<Ghost>[], tell: Tell = messageText): string[] {
  return way.flatMap((move, at) => [
    `${String(at + 1).padStart(3)}  ${stepText(move.step, tell)}`,
    ...cameOf(move, tell),
  ])
}

function stepText(step: Step, tell: Tell): string {
  switch (step.kind) {
    case 'deliver': {
      const { flight, node, stays, end } = step
      const copy = stays ? ' (a copy stays under way)' : ''
      return `${node} gets ${tell(flight.message)} from ${flight.from}${copy}${death[end]}`
    }
    case 'lose':
      return `lost: ${tell(step.flight.message)} from ${step.flight.from} to ${step.flight.to}`
    case 'timer':
      return `${step.node}: timer ${step.name} of ${step.actor} fires${death[step.end]}`
    case 'crash':
      return `${step.node} dies between two turns, and starts again`
  }
}

const death = {
  whole: '',
  beforeCommit: ', and dies before the commit; starts again',
  afterCommit: ', and dies after the commit, before anything that waited for it leaves; starts again',
}

function cameOf<Ghost>({ outcome }: Move<Ghost>, tell: Tell): string[] {
  const sent = new Map<string, string[]>()
  for (const { to, message } of outcome?.sent ?? []) {
    const text = tell(message)
    sent.set(text, [...(sent.get(text) ?? []), to])
  }
  return [...sent].map(([text, to]) => `       sends ${text} to ${to.join(', ')}`)
}

/** `prepare {"ballot":{"round":1,"by":"n1.1-a"},"from":1}` */
export function messageText(message: unknown): string {
  const { type, ...rest } = message as { readonly type?: string }
  const fields = JSON.stringify(rest, readable)
  return fields === '{}' ? String(type) : `${type} ${fields}`
}

/** Bytes are shown as what they encode. */
function readable(this: Readonly<Record<string, unknown>>, key: string, plain: unknown): unknown {
  // A Buffer has been turned into JSON already.
  const value = this[key]
  if (value instanceof Map || value instanceof Set) return [...value]
  return value instanceof Uint8Array ? decode(value) : plain
}
