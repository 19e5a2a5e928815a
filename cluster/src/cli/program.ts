/** The command line from its verbs: help, examples, suggestions, exit codes. */
import { createRequire } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { clusterCommand } from '../config/command.ts'
import { suggestion } from '../config/nearest.ts'
import { ConfigError } from '../config/parse.ts'
import { exitCode, Failure, systemProblem } from '../node/failure.ts'
import type { Verb } from './verb.ts'
import { verbs } from './verbs/index.ts'

const chapters: readonly Verb['chapter'][] = ['Running', 'Looking', 'Using', 'Breaking and proving']

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

const firstSteps = `The five to start with:
  ${clusterCommand} start            three nodes with the shop, here; Ctrl-C stops them
  ${clusterCommand} status           what runs, and how well
  ${clusterCommand} order demo       sell something, step by step
  ${clusterCommand} fault kill n2    end a node and watch the others go on (start --faults)
  ${clusterCommand} stop             end what start --detach began

Each verb has its own help: ${clusterCommand} <verb> --help`

export function program(): Command {
  const root = new Command('cluster')
    .description('Runs, shows, breaks and proves a Synod cluster.')
    .usage('<verb> [options]')
    .addHelpOption(new Option('-h, --help', 'this help').hideHelp())
    .helpCommand(false)
    .exitOverride()
    .version(version, '--version', 'which version this is')
    .configureHelp({ subcommandTerm: command => command.name() })
    .addHelpText('after', `\n${firstSteps}`)
  for (const chapter of chapters) {
    root.commandsGroup(`${chapter}:`)
    for (const verb of verbs.filter(one => one.chapter === chapter)) addVerb(root, verb)
  }
  root.argument('[verb]').action((name: string | undefined) => {
    if (name === undefined) root.outputHelp()
    else if (name === 'help') helpWith(root)
    else throw new Failure(`unknown verb ${JSON.stringify(name)}; ${verbHint(name)}`, exitCode.usage)
  })
  root.allowExcessArguments().allowUnknownOption()
  return root
}

/** `cluster help`, `cluster help start`. */
function helpWith(root: Command): void {
  const [, name] = root.args
  const command = root.commands.find(one => one.name() === name)
  if (name !== undefined && command === undefined)
    throw new Failure(`unknown verb ${JSON.stringify(name)}; ${verbHint(name)}`, exitCode.usage)
  ;(command ?? root).outputHelp()
}

/** Commands that stand beside `cluster`. */
const beside = ['bench', 'test']

function verbHint(name: string): string {
  if (beside.includes(name)) return `it is ${clusterCommand.replace(/cluster$/, name)}`
  return hint(
    name,
    verbs.map(verb => verb.name),
  )
}

/** Who stops in the middle of a word means that one, however near another is. */
function hint(name: string, known: readonly string[]): string {
  const begun = known.filter(one => name !== '' && one.startsWith(name))
  return begun.length === 0 ? suggestion(name, known) : `did you mean "${begun.join('" or "')}"?`
}

function addVerb(root: Command, verb: Verb): void {
  const command = root
    .command(verb.name)
    .description(verb.summary)
    .helpOption('-h, --help', 'this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `\nExamples:\n${verb.examples.map(line => `  ${clusterCommand} ${line}`).join('\n')}`,
    )
  verb.define(command)
  for (const one of [command, ...command.commands]) sayUsage(one)
  if (command.commands.length > 0) askForCommand(command)
}

/** After an argument that is missing, which other arguments there are. */
function sayUsage(command: Command): void {
  command.configureOutput({
    outputError(text, write) {
      write(text)
      if (!text.startsWith('error: missing required argument')) return
      const usage = command.createHelp().commandUsage(command)
      write(`usage: ${usage.replace(/^cluster/, clusterCommand)}\n`)
    },
  })
}

/** Of a verb that has commands of its own: alone, or with options that belong to them. */
function askForCommand(command: Command): void {
  const names = command.commands.map(one => one.name())
  command
    .usage('<command> [options]')
    .argument('[command]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action((name: string | undefined) => {
      const verb = command.name()
      const wrong =
        name === undefined || name.startsWith('-')
          ? `${verb} needs a command first`
          : `${verb} has no command ${JSON.stringify(name)}`
      const right =
        name === undefined || name.startsWith('-') ? `known: ${names.join(', ')}` : hint(name, names)
      throw new Failure(`${wrong}; ${right} (${clusterCommand} ${verb} --help)`, exitCode.usage)
    })
}

/** Runs one command; answers the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? exitCode.fine)
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed what is wrong, or the help that was asked for.
    return error.exitCode === 0 ? exitCode.fine : exitCode.usage
  }
  if (error instanceof Failure || error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`)
    return error instanceof Failure ? error.exitCode : exitCode.usage
  }
  const problem = systemProblem(error)
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`)
    return exitCode.failed
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCode.failed
}
