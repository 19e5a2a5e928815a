/** The short form of every stage of `pnpm test:chaos`. */
import { test } from 'vitest'
import { stages } from '../chaos/stages.ts'

test.for(stages)('$name: $summary', stage => stage.run(stage.short, () => undefined))
