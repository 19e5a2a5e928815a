/** What is asked of a submitted transaction, in parts. */
import type { Retention } from '../commands.ts'
import type { Attempt, Numbered, Share } from '../messages.ts'
import type { Entrant } from './entering.ts'
import type { Running } from './state.ts'

export function isSingle({ submit }: Running): boolean {
  return submit.shares.length === 1
}

export function ownOperations({ submit }: Running): readonly Numbered[] {
  return submit.shares[0]?.operations ?? []
}

export function entrantOf(running: Running): Entrant {
  const { tx, age } = running
  return { tx, age, operations: ownOperations(running), holds: !isSingle(running) }
}

/** What every command about it carries. */
export function common({ tx, attempt, submit }: Running): Attempt & Retention & { readonly epoch: number } {
  const { epoch, firstIncomplete, fingerprint, retainMs } = submit
  const about = { tx, attempt, epoch, firstIncomplete }
  if (fingerprint === undefined && retainMs === undefined) return about
  return {
    ...about,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(retainMs === undefined ? {} : { retainMs }),
  }
}

export function participantShares({ submit }: Running): readonly Share[] {
  return submit.shares.slice(1)
}
