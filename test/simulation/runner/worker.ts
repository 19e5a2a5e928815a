/** A process that runs the seeds that it is sent, one after the other. */
import { runSeed, type Task } from './one-seed.ts'

process.on('message', (task: Task) => process.send?.(runSeed(task)))
