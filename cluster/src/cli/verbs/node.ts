/** `cluster node`: one node of a cluster whose members may be on several machines. */
import { runNode } from '../../node/process.ts'
import { userFolder } from '../paths.ts'
import type { Verb } from '../verb.ts'

export const node: Verb = {
  name: 'node',
  chapter: 'Running',
  summary: 'run one node of a cluster on several machines',
  examples: ['node --config node.yaml'],
  define(command) {
    command
      .requiredOption('--config <file>', 'configuration of the node (YAML)')
      .action(async ({ config }: { config: string }) => {
        await runNode(config, userFolder())
        // Resolves never: a signal ends the process.
        await new Promise(() => undefined)
      })
  },
}
