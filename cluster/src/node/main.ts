/** What the launcher spawns: `node main.ts <node.yaml>`. By hand it is `cluster node --config <node.yaml>`. */
import { runNode } from './process.ts'

await runNode(process.argv[2] ?? 'node.yaml', process.cwd())
