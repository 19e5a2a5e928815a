/** All verbs, in the order of the help. */
import type { Verb } from '../verb.ts'
import { node } from './node.ts'
import { promises } from './promises.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'

export const verbs: readonly Verb[] = [start, stop, node, status, promises]
