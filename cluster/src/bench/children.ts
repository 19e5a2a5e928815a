/** Processes that a bench starts: waited for with a deadline, and ended by their own id. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
}

export interface RunOptions {
  readonly timeoutMs: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly input?: string
}

/** Runs to the end; resolves to what was printed. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { timeoutMs, input, ...rest } = options
  const child = spawn(file, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  let complained = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complained = `${complained}${text}`.slice(-4_000)))
  // A child that does not read its input may be gone before it is written; its exit code tells.
  child.stdin.on('error', () => undefined).end(input)
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (code === 0) return printed
    throw new ChildFailed(
      `${file} ${args[0] ?? ''}: ${signal ?? `exit code ${code}`}\n${complained}${printed}`,
    )
  } finally {
    clearTimeout(deadline)
  }
}

/** One of our own scripts beside this file, with its one argument; resolves to the JSON that it prints. */
export async function runScript<Result>(
  script: string,
  argument: unknown,
  timeoutMs: number,
): Promise<Result> {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const printed = await run(process.execPath, [file, JSON.stringify(argument)], { timeoutMs })
  return JSON.parse(printed) as Result
}

export interface Asked<Result> {
  ask(argument: unknown, timeoutMs: number): Promise<Result>
  stop(): Promise<void>
}

/** Such a script that stays and is asked again and again by messages: what it has compiled serves it the next time. */
export function keepScript<Result>(script: string): Asked<Result> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const lost = new Promise<never>((_, reject) => {
    child.on('error', reject)
    child.once('exit', code =>
      reject(new ChildFailed(`${script}: ended with ${code} before it was told to stop`)),
    )
  })
  // Of interest to whoever asks; one that was told to stop ends too.
  lost.catch(() => undefined)
  return {
    async ask(argument, timeoutMs) {
      const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      const answer = once(child, 'message') as Promise<[Result]>
      child.send(argument as object)
      try {
        const [result] = await Promise.race([answer, lost])
        return result
      } finally {
        clearTimeout(deadline)
      }
    },
    stop: () => stopChild(child),
  }
}

/** What such a script was asked. */
export function scriptArgument<Argument>(): Argument {
  return JSON.parse(process.argv[2] ?? '{}') as Argument
}

export async function stopChild(child: ChildProcess, withinMs = 5_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), withinMs)
  await gone
  clearTimeout(force)
}
