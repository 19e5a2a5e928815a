/**
 * One node as the launcher sees it: its process, and whether it should run. An exit that nobody asked for is
 * followed by a restart, later each time; one that a fault asked for is not. A node that refuses to start stays down,
 * unless it was for its port: that is waited for.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeEnvironment, nodeFlags } from '../node/memory-bounds.ts'
import type { ToLauncher } from '../node/parent.ts'
import { isForPort, takenNow, tryPort } from './port.ts'
import { type ProcessId, processId } from './process-id.ts'

export type NodeState = 'starting' | 'ready' | 'paused' | 'waiting' | 'killed' | 'refused' | 'stopped'

export interface NodeSpec {
  readonly id: string
  readonly url: string
  readonly configFile: string
  readonly logFile: string
  readonly listen: { readonly host: string; readonly port: number }
  /** What to do when it has refused to start, and the reason is mended. */
  readonly remedy: string
  /** Whether an unexpected exit is followed by a restart. */
  readonly restart: boolean
}
export interface NodeStatus {
  readonly id: string
  readonly url: string
  readonly state: NodeState
  readonly pid: number | null
  /** Starts after unexpected exits. */
  readonly restarts: number
  readonly detail: string
}

const entry = fileURLToPath(new URL('../node/main.ts', import.meta.url))
const firstBackoffMs = 1000
const longestBackoffMs = 30_000
const portLookMs = 1000
/** Who stayed up this long starts again with a short wait. */
const steadyMs = 60_000
const logRollsAtBytes = 64 * 1024 * 1024

export class NodeProcess {
  readonly spec: NodeSpec
  readonly #changed: (node: NodeProcess) => void
  #child: ChildProcess | undefined
  #id: ProcessId | undefined
  #state: NodeState = 'stopped'
  /** A paused process keeps what it was: ready or starting. */
  #beforePause: NodeState = 'starting'
  #detail = ''
  #restarts = 0
  #backoffMs = firstBackoffMs
  #startedAt = 0
  #retry: NodeJS.Timeout | undefined

  constructor(spec: NodeSpec, changed: (node: NodeProcess) => void) {
    this.spec = spec
    this.#changed = changed
  }

  get state(): NodeState {
    return this.#state
  }
  /** Of the process that runs now. */
  get process(): ProcessId | undefined {
    return this.#id
  }
  get detail(): string {
    return this.#detail
  }

  status(): NodeStatus {
    const { id, url } = this.spec
    return {
      id,
      url,
      state: this.#state,
      pid: this.#id?.pid ?? null,
      restarts: this.#restarts,
      detail: this.#detail,
    }
  }

  start(): void {
    if (this.#child !== undefined) return
    clearTimeout(this.#retry)
    const log = openRolled(this.spec.logFile)
    const child = spawn(process.execPath, [...nodeFlags, entry, this.spec.configFile], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...nodeEnvironment, ...process.env },
    })
    closeSync(log)
    this.#child = child
    this.#id = child.pid === undefined ? undefined : processId(child.pid)
    this.#startedAt = performance.now()
    this.#set('starting', '')
    child.on('message', message => this.#heard(message as ToLauncher))
    child.once('error', error => this.#ended(child, error.message))
    child.once('exit', (code, signal) =>
      this.#ended(child, signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  }

  /** `kill -9`; stays down until it is started. */
  kill(): void {
    clearTimeout(this.#retry)
    const running = this.#child !== undefined
    this.#set('killed', 'by a fault')
    if (running) this.#child?.kill('SIGKILL')
  }

  pause(): boolean {
    if (this.#child === undefined || this.#state === 'paused') return false
    this.#beforePause = this.#state
    this.#child.kill('SIGSTOP')
    this.#set('paused', 'by a fault')
    return true
  }

  resume(): boolean {
    if (this.#child === undefined || this.#state !== 'paused') return false
    this.#child.kill('SIGCONT')
    this.#set(this.#beforePause, '')
    return true
  }

  /** Asks the process to stop, and ends it when it does not within the time. */
  async stop(withinMs: number): Promise<void> {
    clearTimeout(this.#retry)
    const child = this.#child
    this.#set('stopped', '')
    if (child === undefined) return
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await gone
    clearTimeout(force)
  }

  #heard(message: ToLauncher): void {
    switch (message.type) {
      case 'listening':
        return
      case 'ready':
        if (this.#state === 'paused') this.#beforePause = 'ready'
        else if (this.#state === 'starting') this.#set('ready', '')
        return
      case 'refused':
        this.#set('refused', message.message)
        return
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    this.#id = undefined
    if (this.#state === 'refused') {
      this.#afterRefusal()
      return
    }
    if (this.#state === 'killed' || this.#state === 'stopped') {
      this.#changed(this)
      return
    }
    if (!this.spec.restart) {
      this.#set('stopped', `ended by ${how}`)
      return
    }
    if (performance.now() - this.#startedAt > steadyMs) this.#backoffMs = firstBackoffMs
    this.#set('waiting', `ended by ${how}; starts again`)
    this.#retry = setTimeout(() => {
      this.#restarts += 1
      this.start()
    }, this.#backoffMs)
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs)
  }

  /** Only a port is there again without anybody's doing. */
  #afterRefusal(): void {
    const { listen, remedy } = this.spec
    if (isForPort(this.#detail, listen.port)) this.#waitForPort()
    else this.#set('refused', `${this.#detail} – ${remedy}`)
  }

  #waitForPort(): void {
    const detail = takenNow(this.spec.listen.port)
    if (this.#state !== 'waiting' || this.#detail !== detail) this.#set('waiting', detail)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#lookAtPort(), portLookMs)
  }

  async #lookAtPort(): Promise<void> {
    const { host, port } = this.spec.listen
    const isFree = await tryPort(host, port).then(
      () => true,
      () => false,
    )
    // A fault or a stop may have come in between.
    if (this.#state !== 'waiting' || this.#child !== undefined) return
    if (isFree) this.start()
    else this.#waitForPort()
  }

  #set(state: NodeState, detail: string): void {
    this.#state = state
    this.#detail = detail
    this.#changed(this)
  }
}

/** Appends; a log that has grown large becomes `<file>.1` first. */
function openRolled(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > logRollsAtBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a')
}
