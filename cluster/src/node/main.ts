/** What the launcher spawns: `node main.ts <node.yaml>`. By hand it is `cluster node --config <node.yaml>`. */
import { enableCompileCache } from 'node:module'

// Before anything is loaded: the second start of this code is quicker.
enableCompileCache()
const { runNode } = await import('./process.ts')
await runNode(process.argv[2] ?? 'node.yaml', process.cwd())
