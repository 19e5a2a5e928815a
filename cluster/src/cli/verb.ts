/** A verb of the command line: one file in `verbs/`, listed in `verbs/index.ts`. */
import type { Command } from 'commander'

export interface Verb {
  readonly name: string
  /** Where the verb stands in the help. */
  readonly chapter: 'Running' | 'Looking' | 'Using' | 'Breaking and proving'
  readonly summary: string
  /** Lines for the end of the verb's help. */
  readonly examples: readonly string[]
  /** Adds arguments, options and the action; name, summary and examples are there already. */
  define(command: Command): void
}
