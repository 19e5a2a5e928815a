/** The short form of every stage of `pnpm test:chaos`. */
import { test } from 'vitest'
import { stages } from '../chaos/stages.ts'

/** On a machine that has other things to do. */
const timeout = 600_000

test.for(stages)('$name: $summary', { timeout }, stage => stage.run(stage.short, () => undefined))
