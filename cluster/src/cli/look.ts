/** What the verbs that only look have in common: where, `--json`, and what nodes did not say. */
import type { Command } from 'commander'
import { type FoundCluster, findCluster, type WhereOptions, whereOptions } from './find-cluster.ts'
import { print, printJson } from './output.ts'
import type { Verb } from './verb.ts'

export interface LookOptions extends WhereOptions {
  readonly json?: true
}

interface Look<Options extends LookOptions, Seen> extends Pick<Verb, 'name' | 'summary' | 'examples'> {
  /** Arguments and options beyond the common ones. */
  readonly define?: (command: Command) => void
  see(found: FoundCluster, options: Options, args: readonly string[]): Promise<Seen>
  show(seen: Seen, options: Options): string
}

export function look<Options extends LookOptions, Seen>(verb: Look<Options, Seen>): Verb {
  return {
    name: verb.name,
    chapter: 'Looking',
    summary: verb.summary,
    examples: verb.examples,
    define(command) {
      verb.define?.(command)
      whereOptions(command).option('--json', 'print JSON')
      command.action(async () => {
        const options = command.opts<Options>()
        const seen = await verb.see(await findCluster(options), options, command.processedArgs as string[])
        if (options.json === true) printJson(seen)
        else print(verb.show(seen, options))
      })
    },
  }
}
