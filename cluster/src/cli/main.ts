/** `pnpm cluster …` */
import { enableCompileCache } from 'node:module'

// Before anything is loaded: the second start of this code is quicker.
enableCompileCache()
const { endWithReader } = await import('./closed-pipe.ts')
endWithReader()
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
