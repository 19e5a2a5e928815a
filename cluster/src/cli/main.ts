/** `pnpm cluster …` */
import { enableCompileCache } from 'node:module'
import { beginWithNodeFlags } from '../node/memory-bounds.ts'

// Before the rest is loaded, which would be for nothing.
if (process.argv[2] === 'node') beginWithNodeFlags()
// Before anything is loaded: the second start of this code is quicker.
enableCompileCache()
const { endWithReader } = await import('./closed-pipe.ts')
endWithReader()
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
