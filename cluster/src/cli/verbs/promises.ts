/** `cluster promises`: what each choice of each layer promises, from the code that checks configurations. */
import { promises as promiseTable } from '../../config/choices.ts'
import { print, printJson, table } from '../output.ts'
import type { Verb } from '../verb.ts'

export const promises: Verb = {
  name: 'promises',
  chapter: 'Looking',
  summary: 'what each protocol promises, and which exist',
  examples: ['promises', 'promises --json'],
  define(command) {
    command.option('--json', 'print JSON').action(({ json }: { json?: true }) => {
      const rows = promiseTable()
      if (json === true) printJson(rows)
      else
        print(
          table(rows, [
            { title: 'layer', value: row => row.layer },
            { title: 'choice', value: row => (row.default ? `${row.choice} *` : row.choice) },
            { title: 'status', value: row => row.status },
            { title: 'promise', value: row => row.promise },
          ]),
        )
    })
  },
}
