/** Processes that run seeds side by side. */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome, Task } from './one-seed.ts'

const worker = join(import.meta.dirname, 'worker.ts')

/**
 * Reading and compiling the sources takes a process longer than most seeds do: the next one finds what this one made.
 */
const compiled = { NODE_COMPILE_CACHE: join(tmpdir(), 'synod-simulation-compiled') }

function start(): ChildProcess {
  return fork(worker, { env: { ...compiled, ...process.env } })
}

/** It has nothing else to live for; one that is killed would not keep what it compiled. */
function end(child: ChildProcess): void {
  if (child.connected) child.disconnect()
}

interface Job {
  readonly task: Task
  done(outcome: Outcome): void
}

export interface Processes {
  run(task: Task): Promise<Outcome>
  /** In a process that has done nothing else. */
  runFresh(task: Task): Promise<Outcome>
}

export class Pool implements Processes {
  readonly #most: number
  readonly #free: ChildProcess[] = []
  readonly #waiting: Job[] = []
  #running = 0

  constructor(jobs: number) {
    this.#most = jobs
  }

  run(task: Task): Promise<Outcome> {
    return new Promise(done => {
      this.#waiting.push({ task, done })
      this.#next()
    })
  }

  async runFresh(task: Task): Promise<Outcome> {
    const child = start()
    const outcome = await outcomeOf(child, task)
    end(child)
    return outcome
  }

  close(): void {
    for (const child of this.#free) end(child)
    this.#free.length = 0
  }

  #next(): void {
    if (this.#running >= this.#most) return
    const job = this.#waiting.shift()
    if (job === undefined) return
    const child = this.#free.pop() ?? start()
    this.#running += 1
    void outcomeOf(child, job.task).then(outcome => {
      this.#running -= 1
      if (child.connected) this.#free.push(child)
      this.#next()
      job.done(outcome)
    })
  }
}

/** A process that ends over a seed is that seed's failure. */
function outcomeOf(child: ChildProcess, task: Task): Promise<Outcome> {
  return new Promise(resolve => {
    const settle = (outcome: Outcome) => {
      child.off('message', answered)
      child.off('exit', ended)
      resolve(outcome)
    }
    const answered = (outcome: unknown) => settle(outcome as Outcome)
    const ended = (code: number | null, signal: string | null) => {
      const message = `the process ended: ${signal ?? `exit code ${code}`}`
      settle({ ...nothing, seed: task.seed, error: { message, stack: message } })
    }
    child.once('message', answered)
    child.once('exit', ended)
    child.send(task)
  })
}

const nothing = { setup: {}, kinds: [], hash: '', nowMs: 0, events: 0, handled: 0, turns: 0, goals: [] }
