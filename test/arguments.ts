/** What the long tests take: whole numbers by name, and at times names of what to run. */
import { parseArgs } from 'node:util'

export interface Usage {
  /** Printed for `--help`, and below what is wrong. */
  readonly usage: string
  /** Names that may be given without an option; none when left out. */
  readonly names?: readonly string[]
}

export interface Arguments<Name extends string> {
  /** What was given; options left out are not there. */
  readonly numbers: Readonly<Partial<Record<Name, number>>>
  readonly names: readonly string[]
}

/** Reads the command line. Ends the process with 0 after `--help`, with 2 and what to change after a mistake. */
export function readArguments<Name extends string>(
  options: readonly Name[],
  { usage, names }: Usage,
): Arguments<Name> {
  const wrong = (message: string): never => {
    console.error(`${message}\n\n${usage}`)
    process.exit(2)
  }
  const { values, positionals } = parsed(options, wrong)
  if (values.help === true) {
    console.log(usage)
    process.exit(0)
  }
  const unknown = positionals.filter(name => names?.includes(name) !== true)
  if (unknown.length > 0) wrong(`there is no ${unknown.join(', ')}`)
  const numbers: Partial<Record<Name, number>> = {}
  for (const name of options) {
    const text = values[name]
    if (text === undefined) continue
    const number = Number(text)
    if (!Number.isSafeInteger(number) || number < 1) wrong(`--${name} must be a whole number above 0`)
    numbers[name] = number
  }
  return { numbers, names: positionals }
}

function parsed(options: readonly string[], wrong: (message: string) => never) {
  const numbers = Object.fromEntries(options.map(name => [name, { type: 'string' } as const]))
  try {
    return parseArgs({
      options: { ...numbers, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    }) as { values: Record<string, string | boolean | undefined>; positionals: string[] }
  } catch (error) {
    return wrong((error as Error).message)
  }
}
