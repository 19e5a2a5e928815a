/**
 * Commands exactly once (Lee, Park, Kejriwal, Matsushita, Ousterhout: Implementing Linearizability at Large Scale and
 * Low Latency, SOSP 2015, "RIFL"): the answer is kept beside what the command changed, until its session has it.
 */
import type { Store } from './state-machine.ts'

/** What goes through the log. */
export interface Invoke {
  readonly name: string
  readonly args: unknown
  readonly session: string
  /** 1, 2, … in the session. */
  readonly sequence: number
  /** Everything below is answered and will not be tried again. */
  readonly firstIncomplete: number
}

/** Reserved in the store: everything that starts with it. */
const prefix = '\u0000once/'

function doneKey(session: string, sequence: number): string {
  return `${prefix}${session}/${String(sequence).padStart(12, '0')}`
}

interface Done {
  readonly result: unknown
}

/** Runs it, or gives what it gave. One that threw has changed nothing, and may run when it is tried again. */
export function applyOnce(store: Store, command: Invoke, run: () => unknown): unknown {
  const { session, sequence, firstIncomplete } = command
  const done = store.get(doneKey(session, sequence)) as Done | undefined
  if (done !== undefined) return done.result
  const floor = Number(store.get(`${prefix}${session}`) ?? 0)
  if (sequence < floor) throw new Error(`the answer to command ${sequence} of this session is forgotten`)
  const result = run()
  forget(store, session, floor, firstIncomplete)
  store.put(doneKey(session, sequence), { result })
  return result
}

function forget(store: Store, session: string, floor: number, firstIncomplete: number): void {
  if (firstIncomplete <= floor) return
  store.put(`${prefix}${session}`, firstIncomplete)
  const old = [...store.scan(doneKey(session, 0), doneKey(session, firstIncomplete))]
  for (const [key] of old) store.delete(key)
}
